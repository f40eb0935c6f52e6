"""Numbers and architectures as people read them."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from nas.report.data import ReportData
from nas.report.summary import Spread, blocks
from nas.retrained import Arm
from nas.search_space.limits import Window

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
NAMES = {"flops": "FLOPs", "latency_ms": "Latency", "bleu": "BLEU"}
SHARES = ("fraction", "share", "top-1")
"""Units of qualities from 0 to 1, which are shown as percent."""
ARMS: dict[Arm, str] = {"scratch": "From scratch", "inherited": "Fine-tuned"}
"""Headings of the arms; fine-tuned means that training went on from the supernet's weights."""
NONE = "\N{EN DASH}"


def title(name: str) -> str:
    """A cost's or quality's name as a heading."""
    base, at, length = name.partition("@")
    words = NAMES.get(base, base.replace("_", " ").capitalize())
    return f"{words} at {length} tokens" if at else words


def prefix(value: float) -> tuple[float, str]:
    """The power of a thousand that suits a value, and its letter."""
    return next(((size, letter) for size, letter in PREFIXES if abs(value) >= size), (1.0, ""))


def amount(value: float | None) -> str:
    """Three digits and a prefix: `12.3 M`."""
    if value is None:
        return NONE
    size, letter = prefix(value)
    scaled = value / size
    digits = 0 if abs(scaled) >= 100 or (scaled == round(scaled) and not letter) else 1 if abs(scaled) >= 10 else 2
    return f"{scaled:.{digits}f} {letter}".strip()


def window(limit: Window) -> str:
    """`at most 30 M`, `at least 10 M and at most 30 M`."""
    ends = {"at least": limit.at_least, "at most": limit.at_most}
    return " and ".join(f"{words} {end_of_limit(end)}" for words, end in ends.items() if end is not None)


def end_of_limit(value: float) -> str:
    """As `amount`, but with no more digits than were given: `30 M`."""
    size, letter = prefix(value)
    return f"{value / size:g} {letter}".strip()


def points(data: ReportData, difference: float) -> str:
    """An absolute difference of two qualities: `1.25 points`."""
    unit = "points" if quality_unit(data) == "%" else quality_unit(data)
    return f"{quality_scale(data) * abs(difference):.2f} {unit}".strip()


def quality_scale(data: ReportData) -> float:
    """What a quality is multiplied by before it is shown."""
    return 100.0 if data.quality_unit in SHARES else 1.0


def quality_unit(data: ReportData) -> str:
    """The unit that is shown behind a number."""
    return "%" if data.quality_unit in SHARES else data.quality_unit


def quality_name(data: ReportData) -> str:
    """`top-1 accuracy`."""
    own = data.quality_name.replace("_", " ")
    return f"top-1 {own}" if data.quality_unit == "top-1" else NAMES.get(data.quality_name, own)


def sentence_case(text: str) -> str:
    """With a capital in front and the rest as it is."""
    return text[:1].upper() + text[1:]


def quality_heading(data: ReportData) -> str:
    """`Top-1 accuracy (%)`."""
    name, unit = quality_name(data), quality_unit(data)
    shown = f" ({unit})" if unit and unit.lower() != name.lower() else ""
    return f"{sentence_case(name)}{shown}"


def quality(data: ReportData, value: float | None) -> str:
    """The bare number, without its unit: `71.25`."""
    return NONE if value is None else f"{quality_scale(data) * value:.2f}"


def quality_with_unit(data: ReportData, value: float | None) -> str:
    """`71.25 %`."""
    return NONE if value is None else f"{quality(data, value)} {quality_unit(data)}".strip()


def spread(data: ReportData, value: Spread | None) -> str:
    """`71.25 ± 0.31 (3)`: mean, sample standard deviation, number of seeds."""
    if value is None:
        return NONE
    deviation = value.deviation
    shown = "" if deviation is None else f" ± {quality(data, deviation)}"
    return f"{quality(data, value.mean)}{shown} ({len(value.qualities)})"


def duration(seconds: float) -> str:
    """`1 h 05 min`, `3 min 20 s` or `4.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def several(values: list[Any]) -> str:
    """`4·4·2`, or `4` where all are equal."""
    return NONE if not values else str(values[0]) if len(set(values)) == 1 else "·".join(map(str, values))


def shape(architecture: Any) -> dict[str, str]:
    """Width, depth, heads and FFN of a Transformer; every field of another architecture."""
    layers = blocks(architecture)
    if not layers:
        return {title(name): value for name, value in _leaves(architecture)}
    widths = [stack.embed_dim for stack in _stacks(architecture)]
    return {
        "Width": several(widths),
        "Depth": str(len(layers)),
        "Heads": several([getattr(block, "num_heads", NONE) for block in layers]),
        "FFN": several([getattr(block, "ffn_dim", NONE) for block in layers]),
    }


def shape_line(architecture: Any) -> str:
    """`width 64, depth 4, heads 2·2·4·2, FFN 96`."""
    named = ((name if name.isupper() else name.lower(), value) for name, value in shape(architecture).items())
    return ", ".join(f"{name} {value}" for name, value in named)


def kinds(names: Sequence[str]) -> str:
    """Attention kinds from input to output, equal neighbours together: `softmax, lrpe(core=complex) ×3`."""
    runs = [(name, len(list(run))) for name, run in itertools.groupby(names)]
    return ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in runs) or NONE


def _stacks(architecture: Any) -> list[Any]:
    parts = [architecture, *(getattr(architecture, part.name) for part in dataclasses.fields(architecture))]
    return [part for part in parts if hasattr(part, "embed_dim")]


def _leaves(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Names and values of the plain fields of an architecture, nested ones joined by a space."""
    if dataclasses.is_dataclass(value):
        pairs = [(f"{name} {part.name}".strip(), getattr(value, part.name)) for part in dataclasses.fields(value)]
        return [leaf for inner, item in pairs for leaf in _leaves(item, inner)]
    if isinstance(value, tuple) and value and all(dataclasses.is_dataclass(item) for item in value):
        columns: dict[str, list[str]] = {}
        for item in value:
            for inner, text in _leaves(item, name):
                columns.setdefault(inner, []).append(text)
        return [(inner, several(texts)) for inner, texts in columns.items()]
    return [(name or "value", several(list(value)) if isinstance(value, tuple) else str(value))]
