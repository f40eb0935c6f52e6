"""Ways into the limits that change one choice at a time: for spaces whose costs no table knows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nas.search_space.space import Space, uniform

MOST_CHANGES = 200

Value = Callable[[Any], float]


def descend(space: Space, start: Any, value: Value) -> Any:
    """Sweep over the choices, each time taking the option of least value, until a sweep changes nothing."""
    best, least, swept = start, value(start), None
    while swept != best:
        swept = best
        for name in space.genes(swept):
            for candidate in _changes(space, best, name):
                if value(candidate) < least:
                    best, least = candidate, value(candidate)
    return best


def repair(space: Space, architecture: Any, excess: Value, anchor: Callable[[], Any], rng: np.random.Generator) -> Any:
    """Redraw single choices, keeping what lowers the excess; then go over to the anchor choice by choice.

    Args:
        anchor: Gives a network without excess.
    """
    least = excess(architecture)
    for _ in range(MOST_CHANGES):
        names = list(space.genes(architecture))
        changed = space.mutate(architecture, rng, _only(names[rng.integers(len(names))]))
        if excess(changed) < least:
            architecture, least = changed, excess(changed)
        if least == 0:
            return architecture
    genes = space.genes(anchor())
    names = list(genes)
    for place in rng.permutation(len(names)):
        chosen = {**space.genes(architecture), names[place]: genes[names[place]]}
        architecture = space.replay(chosen, otherwise=uniform(rng))
        if excess(architecture) == 0:
            return architecture
    return anchor()


def _changes(space: Space, architecture: Any, name: str) -> list[Any]:
    """The architecture with each other option of one choice; none where it no longer asks for it."""
    genes, options = space.genes(architecture), space.options(architecture).get(name, ())
    return [
        space.replay({**genes, name: option}, otherwise=lambda _, options: options[0])
        for option in options
        if option != genes[name]
    ]


def _only(changed: str) -> Callable[[str], float]:
    """A mutation rate that redraws one choice and keeps all others."""
    return lambda name: float(name == changed)
