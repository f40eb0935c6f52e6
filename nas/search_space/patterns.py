"""Fixed hybrids: softmax in the last of every so many layers, one other kind in the rest, the same in every stack.

The patterns of hand-made hybrid networks, which a search over kinds has to beat.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nas.search_space.space import Option, Space, among_kinds

PERIODS = (4, 8)
"""One softmax layer in so many."""
KIND_DRAWS = 16
FULL = "softmax"
"""The kind that the pattern spends sparingly."""

IsLinear = Callable[[str], bool]
"""Whether the cost of the kind of that text grows linearly with the length: `nas.models.attention.grows_linearly`."""

_LAYER = re.compile(r"(?P<stack>.*?)\.(?P<layer>\d+)\.(?P<site>.*)")


class Hybrid(NamedTuple):
    """A pattern."""

    period: int
    rest: str
    """The kind of all other layers; where a choice lacks it, its first option."""

    def __str__(self) -> str:
        return f"{FULL} in 1 of {self.period}, else {self.rest}"


def hybrid(space: Space, architecture: Any, pattern: Hybrid) -> Any | None:
    """The architecture with its kinds in the pattern.

    Returns: None where a stack has fewer layers than the pattern needs, or kinds are not chosen for each layer.
    """
    options = {name: each for name, each in space.options(architecture).items() if among_kinds(each)}
    layers = {name: _LAYER.fullmatch(name) for name in options}
    depths: dict[tuple[str, str], int] = {}
    for found in layers.values():
        if found is None:
            return None
        key = found["stack"], found["site"]
        depths[key] = max(depths.get(key, 0), int(found["layer"]) + 1)
    offered = any(FULL in each and pattern.rest in each for each in options.values())
    if not offered or min(depths.values()) < pattern.period:
        return None
    return space.replay({**space.genes(architecture), **_genes(pattern, options, layers)})


def hybrid_of(space: Space, architecture: Any, is_linear: IsLinear) -> Hybrid | None:
    """The pattern that the architecture has, if it has one."""
    options = space.options(architecture)
    own = {str(space.lookup(architecture, name)) for name, each in options.items() if among_kinds(each)}
    if len(own) < 2 or FULL not in own:
        return None
    patterns = (Hybrid(period, rest) for period in PERIODS for rest in filter(is_linear, sorted(own)))
    return next((each for each in patterns if hybrid(space, architecture, each) == architecture), None)


def hybrid_periods(space: Space, is_linear: IsLinear) -> list[int]:
    """The periods for which the deepest network of a space is deep enough."""
    linear = linear_kinds(space, is_linear)
    return [p for p in PERIODS if any(hybrid(space, space.largest(), Hybrid(p, kind)) is not None for kind in linear)]


def _genes(pattern: Hybrid, options: Mapping[str, Any], layers: Mapping[str, Any]) -> dict[str, Option]:
    genes: dict[str, Option] = {}
    for name, offered in options.items():
        last = int(layers[name]["layer"]) % pattern.period == pattern.period - 1
        wanted = FULL if last else pattern.rest
        genes[name] = wanted if wanted in offered else offered[0]
    return genes


def kinds(space: Space) -> list[str]:
    """The kinds that a space offers, each once; empty if there is no choice among kinds."""
    options = [*space.options(space.smallest()).values(), *space.options(space.largest()).values()]
    return list(dict.fromkeys(str(option) for each in options if among_kinds(each) for option in each))


def linear_kinds(space: Space, is_linear: IsLinear) -> list[str]:
    """The kinds of a space whose cost grows linearly with the length."""
    return list(filter(is_linear, kinds(space)))


def homogeneous(space: Space, architecture: Any, kind: str) -> Any:
    """`architecture` with `kind` in every choice among kinds that offers it, and in others their first option.

    Raises: ValueError if no choice offers the kind.
    """
    options = {name: each for name, each in space.options(architecture).items() if among_kinds(each)}
    if not any(kind in each for each in options.values()):
        raise ValueError(f"no choice of the architecture offers {kind!r}; the space has: {', '.join(kinds(space))}")
    return space.replay({**space.genes(architecture), **{name: _like(kind, each) for name, each in options.items()}})


def single_kind(space: Space, architecture: Any) -> str | None:
    """The kind that `homogeneous` would set here and change nothing; None for a mixture or without kinds."""
    options = {name: each for name, each in space.options(architecture).items() if among_kinds(each)}
    chosen = {name: space.lookup(architecture, name) for name in options}
    # where two kinds would do, the one that more choices have
    for kind, _ in Counter(chosen.values()).most_common():
        if all(chosen[name] == _like(kind, each) for name, each in options.items()):
            return str(kind)
    return None


def sample_homogeneous(space: Space, kind: str, rng: np.random.Generator) -> Any | None:
    """A random network of one kind inside the space, else the smallest one; None where even that is outside."""
    for _ in range(KIND_DRAWS):
        architecture = homogeneous(space, space.sample(rng), kind)
        if space.contains(architecture):
            return architecture
    smallest = homogeneous(space, space.smallest(), kind)
    return smallest if space.contains(smallest) else None


def _like(kind: Option, options: Sequence[Option]) -> Option:
    return kind if kind in options else options[0]
