"""Figures of the section: attention kinds on the front, shares of options, and the importance of choices."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from nas.report import wording
from nas.report.drawing import FAINT, INK, MUTED, Plot, canvas, canvases, finished, heading, style
from nas.report.look.values import Choice, look_of
from nas.report.look.words import choice_title
from nas.report.marks import Mark
from nas.report.plotting import Axes, Rectangle
from nas.report.summary import Network, Summary
from nas.strategies.pareto import evenly
from nas.system.numbers import percent

MOST_STRIPS = 40
ROW_HEIGHT = 24
"""Height of a strip in pixels."""
SITE_GAP = 0.6
"""Gap between the strips of two sites, in layers."""
LEAST_SHOWN = 0.005
"""Smallest importance that is drawn; the table has all."""
ROW, TITLE = 34, 28
"""Heights of an option and of the name of its choice, in pixels."""


def draw_attention(summary: Summary, width: int) -> Plot | None:
    """A strip for each network of the front, cheapest first: the attention kind of every layer, site after site."""
    known = [network for network in summary.front if network.kinds]
    if not known:
        return None
    strips = [known[place] for place in sorted(evenly(len(known), MOST_STRIPS))]
    depths = {site: max(len(network.sites.get(site, ())) for network in strips) for site in summary.sites}
    starts = dict(zip(depths, accumulate((depth + SITE_GAP for depth in depths.values()), initial=0.0), strict=False))
    end = sum(depths.values()) + SITE_GAP * (len(depths) - 1)
    with style():
        figure, axes = canvas(width, ROW_HEIGHT * len(strips) + (80 if len(starts) == 1 else 104))
        for row, network in enumerate(strips):
            for site, kinds in network.sites.items():
                for layer, kind in enumerate(kinds):
                    _draw_cell(axes, starts[site] + layer, row, summary.marks[kind], letter=width / end > 18)
        axes.set(xlim=(-0.05, end + 0.05), ylim=(len(strips), -0.05))
        layers = [
            (start + layer + 0.5, str(layer + 1)) for site, start in starts.items() for layer in range(depths[site])
        ]
        axes.set_xticks(*zip(*layers, strict=True))
        axes.set_xlabel("layer, from input to output")
        _label_rows(axes, strips, summary)
        if len(starts) > 1:
            _label_sites(axes, starts)
        named = wording.name_with_unit(summary.data.searched)
        heading(figure, f"left: {wording.title(summary.data.axis)}; right: inherited {named}", width)
        return finished(figure)


def _label_rows(axes: Axes, strips: Sequence[Network], summary: Summary) -> None:
    """Write the cost to the left and the inherited quality to the right of each strip."""
    rows = [row + 0.5 for row in range(len(strips))]
    axes.set_yticks(rows, [wording.amount(network.costs[summary.data.axis]) for network in strips])
    right = axes.secondary_yaxis("right")
    right.set_yticks(rows, [wording.quality(summary.data.searched, network.inherited) for network in strips])
    right.spines[:].set_visible(False)
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _label_sites(axes: Axes, starts: Mapping[str, float]) -> None:
    for site, start in starts.items():
        axes.annotate(site, (start, 1), (0, 4), xycoords=("data", "axes fraction"), textcoords="offset points", size=12)


def draw_choices(summary: Summary, width: int) -> Plot | None:
    """A panel for each choice: the share of each option on the front, and below it the one among random networks."""
    choices = look_of(summary.data).choices
    if not choices:
        return None
    rows = [len(choice.shares) for choice in choices]
    most = max(share for choice in choices for each in choice.shares for share in (each.on_front, each.in_space))
    with style():
        height = ROW * sum(rows) + TITLE * len(rows) + 50
        figure, grid = canvases(width, height, len(rows), heights=rows)
        for axes, choice in zip(grid, choices, strict=True):
            _draw_choice(axes, choice, summary)
            axes.set_xlim(0, 1.2 * most)
            axes.set_title(choice_title(choices, choice.name), loc="left", color=INK, size=12, pad=2)
        heading(figure, "share; above: front, grey: random networks inside the limits", width)
        return finished(figure)


def _draw_choice(axes: Axes, choice: Choice, summary: Summary) -> None:
    for row, share in enumerate(choice.shares):
        mark = summary.marks.get(share.option)
        _draw_share(axes, row - 0.2, share.on_front, mark.colour if mark else INK, INK)
        _draw_share(axes, row + 0.2, share.in_space, FAINT, MUTED)
    axes.set_yticks(range(len(choice.shares)), [_name(share.option, summary) for share in choice.shares])
    _plain(axes, len(choice.shares))


def draw_importance(summary: Summary, width: int) -> Plot | None:
    """A bar for the importance of each choice, with the range over forests."""
    found = look_of(summary.data).importances
    if found is None:
        return None
    with style():
        shown = [own for own in found.choices if own.share >= LEAST_SHOWN] or found.choices[:1]
        figure, axes = canvas(width, ROW * len(shown) + 80)
        for row, own in enumerate(shown):
            axes.barh(row, own.share, 0.6, color=INK)
            axes.plot([own.low, own.high], [row, row], color=FAINT, linewidth=3, solid_capstyle="round")
            _label(axes, max(own.share, own.high), row, percent(own.share), INK)
        axes.set_yticks(range(len(shown)), [choice_title(found.choices, own.name) for own in shown])
        axes.set_xlim(0, 1.25 * max(own.high for own in shown))
        _plain(axes, len(shown))
        heading(figure, "share of what the choices explain by themselves; bars across: range of three forests", width)
        return finished(figure)


def _plain(axes: Axes, rows: int) -> None:
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _draw_share(axes: Axes, y: float, share: float, colour: str, text_colour: str) -> None:
    axes.barh(y, share, 0.38, color=colour)
    _label(axes, share, y, percent(share), text_colour)


def _label(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", size=11, color=colour)


def _name(option: str, summary: Summary) -> str:
    mark = summary.marks.get(option)
    return f"{option} ({mark.letter})" if mark else option


def _draw_cell(axes: Axes, layer: float, row: int, mark: Mark, *, letter: bool) -> None:
    axes.add_patch(Rectangle((layer + 0.03, row + 0.06), 0.94, 0.86, facecolor=mark.colour, linewidth=0))
    if letter:
        x, y = layer + 0.5, row + 0.5
        axes.text(x, y, mark.letter, ha="center", va="center", color=mark.text_colour, size=11, weight="bold")
