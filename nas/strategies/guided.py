"""Our default: a model of quality guides the search to where the front of quality against cost can gain most.

Costs are known before an evaluation, so only quality is modelled (quality_model.py). A network's worth is the
hypervolume that it is expected to add (acquisition.py), which evolution among networks inside the limits climbs. A
batch is chosen one by one, each time as if the last had come out at its mean (the kriging believer, Ginsbourger et al.
2010), so that it spreads along the front.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.patterns import kinds, sample_homogeneous
from nas.strategies.base import Networks, Trial
from nas.strategies.parts.quality_model import QualityModel, learned
from nas.strategies.proposals import unseen
from nas.system.ranges import Range, check

STRATA = 16
"""Random networks from which each of the first is taken, so that they spread along the cost."""
LEARNABLE = 4
"""Evaluated networks that a model needs."""
LEAST_POOL = 100
CHANGES = 1.5
"""Choices that a mutant has redrawn, on average."""
CROSSED = 0.3
"""Share of children that have two parents."""


@dataclass(frozen=True)
class Guided:
    """A few networks spread along the cost, then those that are expected to add most to the front."""

    initial: Networks = 10
    """Networks before the model's first; the ends of the space and one of each attention kind are among them."""
    candidates: Networks = 30
    """Networks that the model looks at in each round, for each that is asked for."""
    rounds: Annotated[int, Range(1, 1_000)] = 3
    """Rounds of evolution towards the most promising candidates."""
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""

    def __post_init__(self) -> None:
        check(self)

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        return unseen(space, history, count, self._draws(space, history, count, rng), rng)

    def _draws(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> Iterator[Any]:
        known = [trial for trial in history if trial.quality is not None and np.isfinite(trial.quality)]
        if len(history) < self.initial or len(known) < LEARNABLE:
            yield from self._first(space, len(history), rng)
        else:
            model = learned(space, known, self.minimize, rng)
            seen = dict.fromkeys(trial.architecture for trial in history)
            pool = self._pool(space, model, seen, count, rng)
            for place in model.chosen(pool, count):
                yield pool[place]
        while True:
            yield space.sample(rng)

    def _first(self, space: FeasibleSpace, start: int, rng: np.random.Generator) -> Iterator[Any]:
        ends = (space.smallest(), space.largest())
        of_kinds = (sample_homogeneous(space, kind, rng) for kind in kinds(space))
        planned = [*(each for each in ends if space.contains(each)), *(each for each in of_kinds if each is not None)]
        planned = planned[: self.initial * 2 // 3]
        yield from planned[start:]
        left = max(self.initial - len(planned), 1)
        drawn = space.sample_many(rng, STRATA * left)
        if self.minimize:
            drawn.sort(key=lambda architecture: space.cost(architecture)[self.minimize[0]])
        # the middles of equal shares of the draws, in any order, so that a part of them spreads as well
        for place in rng.permutation(left):
            yield drawn[place * STRATA + STRATA // 2]

    def _pool(
        self, space: FeasibleSpace, model: QualityModel, seen: dict[Any, None], count: int, rng: np.random.Generator
    ) -> list[Any]:
        """Unseen networks, of which the most promising are kept from round to round."""
        size = max(LEAST_POOL, self.candidates * count)
        drawn, parents, pool = space.sample_many(rng, size // 2), model.parents(), dict[Any, None]()
        for _ in range(self.rounds):
            children = [child(space, parents, rng) for _ in range(size - len(drawn))]
            pool.update((each, None) for each in [*drawn, *children] if each not in seen)
            if not pool:
                break
            candidates = list(pool)
            best = np.argsort(-model.gains(candidates), kind="stable")[: max(size // 3, 2 * count)]
            parents = [candidates[place] for place in best]
            drawn, pool = [], dict.fromkeys(parents)
        return list(pool)


def child(space: FeasibleSpace, parents: list[Any], rng: np.random.Generator) -> Any:
    first, second = (parents[place] for place in rng.integers(len(parents), size=2))
    if rng.random() < CROSSED:
        return space.cross(first, second, rng)
    rate = min(1.0, CHANGES / max(len(space.genes(first)), 1))
    return space.mutate(first, rng, lambda _: rate)
