"""Numbers, limits and architectures as text for people."""

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nas.report.data import Measure
from nas.report.layers import Sites, cross_attention, own_attention, stacks
from nas.report.summary import Spread
from nas.search_space.limits import Window
from nas.system.numbers import NONE as NONE
from nas.system.numbers import amount as amount
from nas.system.numbers import prefix as prefix
from nas.training.settings import Arm

NAMES = {
    "flops": "FLOPs",
    "body_flops": "Body FLOPs",
    "peak_memory": "Peak memory",
    "bleu": "BLEU",
    "log_likelihood": "log-likelihood",
}
SHARES = ("fraction", "share", "top-1")
"""Units of qualities between 0 and 1, which are shown in percent."""
ARMS: dict[Arm, str] = {"scratch": "From scratch", "inherited": "Fine-tuned"}
"""Headings of the arms; fine-tuned networks were trained on from the supernet's weights."""
MINUS = "\N{MINUS SIGN}"


def title(of: str) -> str:
    """Name of a cost or a quality as a heading."""
    base, at, length = of.partition("@")
    words = sentence_case(name(base))
    return f"{words} at {length} tokens" if at else words


def name(of: str) -> str:
    """Name of a cost or a quality inside a sentence."""
    return NAMES.get(of, of.replace("_", " "))


def window(limit: Window) -> str:
    """A limit in words: `at most 30 M`, `at least 10 M and at most 30 M`."""
    ends = {"at least": limit.at_least, "at most": limit.at_most}
    return " and ".join(f"{words} {end_of_limit(end)}" for words, end in ends.items() if end is not None)


def end_of_limit(value: float) -> str:
    """A limit with a prefix and no more digits than it was given: `30 M`."""
    size, letter = prefix(value)
    return f"{value / size:g} {letter}".strip()


def limits(found: Mapping[str, Window]) -> str:
    """All limits in words: `FLOPs at most 30 M`, or `none`."""
    return "; ".join(f"{title(name)} {window(limit)}" for name, limit in found.items()) or "none"


def points(measure: Measure, difference: float) -> str:
    """Absolute difference of two values: `1.25 points`."""
    unit = "points" if quality_unit(measure) == "%" else quality_unit(measure)
    return f"{quality(measure, abs(difference))} {unit}".strip()


def gap(measure: Measure, difference: float) -> str:
    """Difference of two values with its direction: `1.25 points more top-1 accuracy`, `0.40 BLEU less`."""
    order = "more" if difference >= 0 else "less"
    said = f"{points(measure, difference)} {order}"
    return said if quality_name(measure) == quality_unit(measure) else f"{said} {quality_name(measure)}"


def quality_scale(measure: Measure) -> float:
    """Factor from a value to the number that is shown: 100 for percent, else 1."""
    return 100.0 if measure.unit in SHARES else 1.0


def quality_unit(measure: Measure) -> str:
    """Unit that is shown after a number."""
    return "%" if measure.unit in SHARES else measure.unit


def quality_name(measure: Measure) -> str:
    """Name of a quality inside a sentence: `top-1 accuracy`."""
    return f"top-1 {name(measure.name)}" if measure.unit == "top-1" else name(measure.name)


def sentence_case(text: str) -> str:
    """A text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def name_with_unit(measure: Measure) -> str:
    """Name and unit of a quality: `top-1 accuracy (%)`; `BLEU` is both."""
    own, unit = quality_name(measure), quality_unit(measure)
    return f"{own} ({unit})" if unit and unit.lower() != own.lower() else own


def unit_or_name(measure: Measure) -> str:
    """The unit of a quality, or its name where it has no unit."""
    return quality_unit(measure) or quality_name(measure)


def quality_digits(measure: Measure) -> int:
    """Number of digits after the decimal point."""
    return 3 if measure.unit.startswith("nats") else 2


def quality(measure: Measure, value: float | None) -> str:
    """A quality without its unit: `71.25`."""
    digits = quality_digits(measure)
    return NONE if value is None else f"{quality_scale(measure) * value:.{digits}f}".replace("-", MINUS)


def quality_with_unit(measure: Measure, value: float | None) -> str:
    """A quality with its unit: `71.25 %`."""
    return NONE if value is None else f"{quality(measure, value)} {quality_unit(measure)}".strip()


def spread(measure: Measure, value: Spread | None) -> str:
    """Mean, sample standard deviation and number of seeds: `71.25 ± 0.31 (3)`."""
    if value is None:
        return NONE
    deviation = value.deviation
    shown = "" if deviation is None else f" ± {quality(measure, deviation)}"
    return f"{quality(measure, value.mean)}{shown} ({len(value.qualities)})"


def spread_with_unit(measure: Measure, value: Spread | None) -> str:
    """Mean, sample standard deviation, unit and number of seeds: `71.25 ± 0.31 % (3)`."""
    return spread(measure, value).replace(" (", f" {unit_or_name(measure)} (")


def duration(seconds: float) -> str:
    """A time: `1 h 05 min`, `3 min 20 s` or `4.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def several(values: list[Any]) -> str:
    """Values of all layers: `4·4·2`, or `4` where they are equal."""
    return NONE if not values else str(values[0]) if len(set(values)) == 1 else "·".join(map(str, values))


def shape(architecture: Any) -> dict[str, str]:
    """Width, depth, heads and FFN of a Transformer (several stacks as `64/96`); every field of other networks."""
    found = list(stacks(architecture).values())
    if not found:
        return {title(field): value for field, value in _leaves(architecture)}
    return {
        "Width": "/".join(str(getattr(stack, "embed_dim", NONE)) for stack in found),
        "Depth": "/".join(str(len(stack.blocks)) for stack in found),
        "Heads": "/".join(several([_or_none(own_attention(block, "num_heads")) for block in s.blocks]) for s in found),
        "FFN": "/".join(several([getattr(block, "ffn_dim", NONE) for block in stack.blocks]) for stack in found),
        **_shape_across([block for stack in found for block in stack.blocks]),
    }


def _shape_across(blocks: list[Any]) -> dict[str, str]:
    """Shape of the cross-attention; empty where there is none."""
    fields = {"Heads across": "num_heads", "Encoder layers seen": "encoder_layers"}
    values = {heading: cross_attention(blocks, field) for heading, field in fields.items()}
    return {heading: several(found) for heading, found in values.items() if found}


def shape_line(architecture: Any) -> str:
    """Shape of a network on one line: `width 64, depth 4, heads 2·2·4·2, FFN 96`."""
    named = ((own if own.isupper() else own.lower(), value) for own, value in shape(architecture).items())
    return ", ".join(f"{own} {value}" for own, value in named)


def kinds(names: Sequence[str]) -> str:
    """Attention kinds from the first layer to the last, equal neighbours once: `softmax, lrpe(core=complex) ×3`."""
    runs = [(name, len(list(run))) for name, run in itertools.groupby(names)]
    return ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in runs) or NONE


def attention(found: Sites) -> str:
    """Attention kinds by site: `encoder softmax, linear ×2; decoder lrpe, softmax; across linear ×2`."""
    if len(found) < 2:
        return kinds([kind for names in found.values() for kind in names])
    return "; ".join(f"{site} {kinds(names)}" for site, names in found.items())


def site_title(site: str, sites: int) -> str:
    """Heading of the column with the attention kinds of a site."""
    return "Attention" if sites == 1 else sentence_case(site)


def paragraphs(text: str) -> list[str]:
    """Paragraphs of a docstring, separated by blank lines, each on one line."""
    return [" ".join(own.split()) for own in re.split(r"\n\s*\n", text.strip()) if own.strip()]


def _or_none(value: Any) -> Any:
    return NONE if value is None else value


def _leaves(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Names and values of an architecture's plain fields; the names of nested fields are joined by a space."""
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
