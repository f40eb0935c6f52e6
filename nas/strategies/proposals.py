"""Proposals of a strategy: architectures that differ from one another and from all that was tried."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Trial

MOST_MISSES = 50
MOST_SOURCES = 50
MOST_OUTSIDE = 50_000


def unseen(
    space: FeasibleSpace, history: Sequence[Trial], count: int, draws: Iterator[Any], rng: np.random.Generator
) -> list[Any]:
    """The first `count` of `draws` that are new; where 50 in a row are not, the space is combed for what is left.

    Args:
        draws: Architectures inside the limits, without end.

    Returns: Fewer than `count` only where the space holds no more inside the limits, or where what is left hides behind
        50,000 architectures that are outside: where limits are counted (`is_counted`), the list leaves out most others.
    """
    seen = dict.fromkeys(trial.architecture for trial in history)
    found: list[Any] = []
    misses = 0
    while len(found) < count and misses < MOST_MISSES:
        architecture = next(draws)
        misses += 1
        if architecture not in seen:
            seen[architecture] = None
            found.append(architecture)
            misses = 0
    return found + list(islice(_left(space, seen, rng), count - len(found)))


def _left(space: FeasibleSpace, seen: dict[Any, None], rng: np.random.Generator) -> Iterator[Any]:
    for architecture in _candidates(space, list(seen), rng):
        if architecture not in seen and space.contains(architecture):
            seen[architecture] = None
            yield architecture


def _candidates(space: FeasibleSpace, sources: list[Any], rng: np.random.Generator) -> Iterator[Any]:
    for place in rng.permutation(len(sources))[:MOST_SOURCES]:
        yield from space.neighbours(sources[place])
    yield from space.enumerate(most_outside=MOST_OUTSIDE)
