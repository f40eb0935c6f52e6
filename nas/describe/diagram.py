"""A network as a picture of text: its parts from input to output, and what each of them costs.

The costs are those of the pieces that FLOPs and parameters are summed from, so the totals are the evaluators' own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from rich.text import Text

from nas.evaluators.flops import Flops, count_flops
from nas.evaluators.parameters import Parameters, count_parameters
from nas.evaluators.pieces import piece_values
from nas.models.pieces import Piece
from nas.system.numbers import amount, number
from nas.tasks.base import Task

WIDTHS = (13, 20, 8, 6)
"""Characters of the columns of words: part, attention, heads, FFN; with the numbers, a line has 80."""
BAR_WIDTH = 8
LAYERS = ("block", "encoder", "decoder")
"""Names of pieces that are numbered."""
SITES = {"decoder": "decoder self", "cross": "decoder cross", "ffn": "decoder FFN", "norm": "ends"}
"""Where pieces stand, by their names, as the last lines sum them up; a name that is not here stands for itself."""
COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red", "bright_cyan", "bright_yellow")


@dataclass(frozen=True)
class Strokes:
    """The characters of lines and bars."""

    trunk: str
    branch: str
    last: str
    eighths: str
    """Bars of one to eight eighths of a character."""


TERMINAL = Strokes("│ ", "├─", "└─", "▏▎▍▌▋▊▉█")
PLAIN = Strokes("| ", "|-", "`-", "    ####")


class Row(NamedTuple):
    """A part of the network."""

    label: str
    kind: str
    heads: str
    ffn: str
    flops: int
    parameters: int


def diagram(task: Task, architecture: Any, strokes: Strokes) -> Iterator[Text]:
    """The network from input to output, a line for each part, then the sums.

    Raises: ValueError if an operator of the network has no FLOPs formula.
    """
    pieces = task.pieces(architecture)
    flops, parameters = (piece_values(measure, task, architecture) for measure in (count_flops, count_parameters))
    rows = _rows(pieces, flops, parameters)
    drawing = _Drawing(strokes, max(*flops, 1), max(sum(flops), 1), _colours([row.kind for row in rows]))
    yield Text(f"{_columns('', 'attention', 'heads', 'FFN')}{'FLOPs':>8}{'share':>{BAR_WIDTH + 8}}{'params':>9}", "dim")
    for place, row in enumerate(rows):
        is_last, is_branch = place == len(rows) - 1, not row.label.startswith(" ")
        yield from drawing.lines(row, strokes.last if is_last else strokes.branch if is_branch else strokes.trunk)
    yield from _sums(task, architecture)
    if any(piece.is_end for piece in pieces):
        sites = ["ends" if piece.is_end else SITES.get(piece.name, piece.name) for piece in pieces]
        yield from _by_site(sites, rows, drawing)


def _rows(pieces: Sequence[Piece], flops: Sequence[int], parameters: Sequence[int]) -> list[Row]:
    rows, numbers = [], dict.fromkeys(LAYERS, 0)
    for piece, own_flops, own_parameters in zip(pieces, flops, parameters, strict=True):
        label = piece.name if piece.name not in ("cross", "ffn") else f"  {piece.name}"
        if piece.name in LAYERS:
            numbers[piece.name] += 1
            label = f"{piece.name} {numbers[piece.name]}"
        rows.append(Row(label, *_choices(piece), own_flops, own_parameters))
    return rows


def _choices(piece: Piece) -> tuple[str, str, str]:
    """Attention kind, heads and FFN of a piece, where it has them."""
    chosen = piece.chosen
    if isinstance(chosen, int):
        return "", "", str(chosen)
    kind = str(getattr(chosen, "attention", getattr(chosen, "kind", "")))
    seen = getattr(chosen, "encoder_layers", None)
    heads = f"{chosen.num_heads} x {chosen.head_dim}" if hasattr(chosen, "head_dim") else ""
    return f"{kind} of last {seen}" if seen else kind, heads, str(getattr(chosen, "ffn_dim", ""))


@dataclass(frozen=True)
class _Drawing:
    """The measures that all lines of one network share."""

    strokes: Strokes
    most: int
    """FLOPs of the longest bar."""
    total: int
    """FLOPs of the network."""
    colours: dict[str, str]

    def lines(self, row: Row, stroke: str) -> Iterator[Text]:
        """A part: a line, and more where the name of its kind is long."""
        first, *rest = _wrapped(row.kind, WIDTHS[1])
        colour, kind = self.colours.get(row.kind, ""), (WIDTHS[0], WIDTHS[0] + WIDTHS[1])
        line = Text(_columns(f"{stroke} {row.label}", first, row.heads, row.ffn))
        line.stylize("dim", 0, len(stroke))
        line.stylize(colour, *kind)
        line.append(f"{amount(row.flops):>8}  ")
        line.append(f"{self._bar(row.flops):<{BAR_WIDTH}}", colour)
        line.append(f"{_percent(row.flops / self.total):>6}{amount(row.parameters):>9}")
        yield line
        trunk = "" if stroke in ("", self.strokes.last) else self.strokes.trunk
        for words in rest:
            continued = Text(_columns(trunk, words, "", "").rstrip())
            continued.stylize("dim", 0, len(trunk))
            continued.stylize(colour, *kind)
            yield continued

    def _bar(self, flops: int) -> str:
        eighths = self.strokes.eighths
        whole, part = divmod(round(8 * BAR_WIDTH * flops / self.most), 8)
        return (eighths[-1] * whole + (eighths[part - 1] if part else "")).rstrip()


def _wrapped(kind: str, width: int) -> list[str]:
    """The lines of a kind's name, broken behind commas, brackets and spaces."""
    lines = [""]
    for part in re.findall(r"[^(, ]+[(,]? ?", kind):
        if lines[-1] and len((lines[-1] + part).rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _columns(part: str, kind: str, heads: str, ffn: str) -> str:
    part_width, kind_width, heads_width, ffn_width = WIDTHS
    return f"{part:<{part_width}}{kind:<{kind_width}}{heads:>{heads_width}}{ffn:>{ffn_width}}"


def _percent(share: float) -> str:
    return "" if share == 0 else f"{100 * share:.1f}%"


def _colours(kinds: Sequence[str]) -> dict[str, str]:
    """A colour for each kind; what differs only in how much of the encoder it sees has one colour."""
    alone = {kind: kind.split(" of last ")[0] for kind in kinds if kind}
    names = list(dict.fromkeys(alone.values()))
    return {kind: COLOURS[names.index(name) % len(COLOURS)] for kind, name in alone.items()}


def _sums(task: Task, architecture: Any) -> Iterator[Text]:
    whole = Flops()(task, architecture), Parameters()(task, architecture)
    yield Text(f"{'in all':<{WIDTHS[0]}}{number(whole[0])} multiply-adds, {number(whole[1])} parameters", "bold")
    body = Flops(of="body")(task, architecture), Parameters("body")(task, architecture)
    if body != whole:
        words = f"{number(body[0])} and {number(body[1])}, without embedding and output"
        yield Text(f"{'the body':<{WIDTHS[0]}}{words}")


def _by_site(sites: Sequence[str], rows: Sequence[Row], drawing: _Drawing) -> Iterator[Text]:
    """The same bars for sums over layers."""
    sums: dict[str, list[Row]] = {}
    for site, row in zip(sites, rows, strict=True):
        sums.setdefault(site, []).append(row)
    flops = {site: sum(row.flops for row in members) for site, members in sums.items()}
    summed = replace(drawing, most=max(*flops.values(), 1))
    for site, members in sums.items():
        of_site = Row("", site, "", "", flops[site], sum(row.parameters for row in members))
        yield from summed.lines(of_site, "")
