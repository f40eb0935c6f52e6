"""Local search: evaluate what is one changed choice away from the best, move to what is better, else start anew.

Source: White et al. 2020, Local Search is State of the Art for Neural Architecture Search Benchmarks, arXiv:2005.02960;
for several objectives the best are the members of the front, as in Pareto local search (Paquete et al. 2004).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Networks, Trial
from nas.strategies.evolution import is_valid, objectives
from nas.strategies.parts.features import features
from nas.strategies.parts.sorting import non_dominated_sort
from nas.strategies.proposals import unseen
from nas.system.ranges import check

MEMBERS_AT_ONCE = 4


@dataclass(frozen=True)
class LocalSearch:
    """Random networks first; then neighbours of the best since the last start, until none of them is left."""

    starts: Networks = 10
    """Random trials at the beginning; the descent goes on from the best of them."""
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""

    def __post_init__(self) -> None:
        check(self)

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        return unseen(space, history, count, self._draws(space, history, rng), rng)

    def _draws(self, space: FeasibleSpace, history: Sequence[Trial], rng: np.random.Generator) -> Iterator[Any]:
        for _ in range(len(history), self.starts):
            yield space.sample(rng)
        near = neighbourhoods(space, history)
        places = self._best(history, last_start(near))
        # the least explored first: those with the fewest trials around them; the later of equals
        places = sorted(places, key=lambda place: (near[place].sum(), -place))
        tried = dict.fromkeys(trial.architecture for trial in history)
        for start in range(0, len(places), MEMBERS_AT_ONCE):
            members = [history[place].architecture for place in places[start : start + MEMBERS_AT_ONCE]]
            around = [_shuffled(space.neighbours(member), rng) for member in members]
            for architecture in chain.from_iterable(zip_longest(*around)):
                if architecture is not None and architecture not in tried:
                    yield architecture
        while True:
            yield space.sample(rng)

    def _best(self, history: Sequence[Trial], start: int) -> list[int]:
        """Places of the best trials from `start` on: the front, or the one of highest quality."""
        places = [place for place in range(start, len(history)) if is_valid(history[place])]
        points = objectives([history[place] for place in places], self.minimize)
        return [places[n] for n in np.flatnonzero(non_dominated_sort(points) == 0)]


def neighbourhoods(space: FeasibleSpace, history: Sequence[Trial]) -> NDArray[np.bool_]:
    """Which trials are near which: at most one of the choices that both were asked is answered differently."""
    answers = features(space).answers([trial.architecture for trial in history])
    different = np.zeros((len(answers), len(answers)), dtype=np.int16)
    for column in answers.T:
        asked = column >= 0
        different += (column[:, None] != column) & asked[:, None] & asked
    return different <= 1


def last_start(near: NDArray[np.bool_]) -> int:
    """Place of the trial with which the last descent begins.

    A start has no earlier trial near it. Starts that follow one another, such as the first trials or the rest of a
    batch, are those of one descent.
    """
    starts = ~np.asarray(np.tril(near, -1).any(1), dtype=np.bool_)
    begins = starts & ~np.concatenate([[False], starts[:-1]])
    return int(np.flatnonzero(begins)[-1]) if len(near) else 0


def _shuffled(architectures: list[Any], rng: np.random.Generator) -> list[Any]:
    return [architectures[place] for place in rng.permutation(len(architectures))]
