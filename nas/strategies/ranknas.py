"""RankNAS: evolution on a learned ranker, which costs next to nothing, and real evaluations of what it ranks best.

Source: arXiv:2109.07383. Its ranker is learned once from many networks; this one at each proposal, from all trials.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Networks, Trial
from nas.strategies.evolution import first_population, is_valid, of_layer, ranked
from nas.strategies.parts.features import Features, features
from nas.strategies.parts.ranker import Ranker, fit_ranker
from nas.strategies.parts.sorting import crowding_distance, non_dominated_sort
from nas.strategies.proposals import unseen
from nas.system.ranges import Range, Share, check

MUTATE_LAYER = 0.2
MUTATE_NETWORK = 0.4
PARENTS = 25
LEAST_OPEN = 1 / 3


@dataclass(frozen=True)
class RankNas:
    """Random networks first, one of each attention kind among them; then the best found by evolution on the ranker."""

    population_size: Networks = 20
    """Random trials before the ranker is learned."""
    generations: Annotated[int, Range(1, 1_000)] = 8
    """Generations of each evolution on the ranker."""
    children: Networks = 50
    """Networks that are ranked in each generation; fewer where less than ten are asked for."""
    given_up: Share = 0.1
    """Share of importance that may be lost with choices that are not redrawn; a third of all stays open."""
    explore: Share = 0.1
    """Share of proposals that are mutants in any choice, so that one that was given up shows when it matters again."""
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
        yield from first_population(space, history, self.population_size, rng)
        best = [trial.architecture for trial in ranked(history, self.minimize) if is_valid(trial)][:PARENTS]
        if best:
            for architecture in self._predicted(space, history, best, count, rng):
                if rng.random() < self.explore:
                    yield space.mutate(best[int(rng.integers(len(best)))], rng, mutation_rate)
                yield architecture
        while True:
            yield space.sample(rng)

    def _predicted(
        self, space: FeasibleSpace, history: Sequence[Trial], best: list[Any], count: int, rng: np.random.Generator
    ) -> list[Any]:
        """New networks that are best by the ranker's score against the costs, spread along the first cost."""
        table = features(space)
        ranker = _learned(table, history, rng)
        open_choices = important(table.per_choice(ranker.importances), self.given_up)

        def points(architectures: list[Any]) -> NDArray[np.float64]:
            return self._points(space, table, ranker, architectures)

        def rate(name: str) -> float:
            return mutation_rate(name) if name in open_choices else 0.0

        # few are enough to choose one or two from
        children = math.ceil(self.children * min(1.0, (count + 2) / 12))
        found = self._evolved(space, best, children, points, rate, rng)
        tried = dict.fromkeys(trial.architecture for trial in history)
        candidates = [architecture for architecture in found if architecture not in tried]
        return [candidates[place] for place in spread(points(candidates), count, rng)]

    def _evolved(
        self,
        space: FeasibleSpace,
        parents: list[Any],
        children: int,
        points: Callable[[list[Any]], NDArray[np.float64]],
        rate: Callable[[str], float],
        rng: np.random.Generator,
    ) -> list[Any]:
        """All networks of an evolution whose objectives are `points`."""
        found = dict.fromkeys(parents)
        for _ in range(self.generations):
            pool = dict.fromkeys(parents)
            for mutates in rng.random(children) < 0.5:
                first, second = (parents[place] for place in rng.integers(len(parents), size=2))
                pool[space.mutate(first, rng, rate) if mutates else space.cross(first, second, rng)] = None
            found.update(pool)
            parents = _survivors(list(pool), points(list(pool)))
        return list(found)

    def _points(
        self, space: FeasibleSpace, table: Features, ranker: Ranker, architectures: list[Any]
    ) -> NDArray[np.float64]:
        """Objectives, less is better: the score's negative, then the costs."""
        costs = [space.cost(architecture) for architecture in architectures] if self.minimize else []
        columns = [[each[name] for each in costs] for name in self.minimize]
        return np.column_stack([-ranker.scores(table(architectures)), *columns])


def mutation_rate(name: str) -> float:
    """The rate of a choice in AutoFormer's search."""
    return MUTATE_LAYER if of_layer(name) else MUTATE_NETWORK


def important(importances: dict[str, float], given_up: float) -> dict[str, None]:
    """The choices that matter most: all but the share `given_up` of importance, and never less than a third of them."""
    names = sorted(importances, key=lambda name: -importances[name])
    reached = np.cumsum([importances[name] for name in names])
    enough = int(np.searchsorted(reached, (1 - given_up) * reached[-1] - 1e-12)) + 1
    return dict.fromkeys(names[: max(enough, round(LEAST_OPEN * len(names)))])


def spread(points: NDArray[np.float64], count: int, rng: np.random.Generator) -> list[int]:
    """Places of `count` points front by front; of a front that is too long, evenly along its second objective."""
    ranks = non_dominated_sort(points)
    chosen: list[int] = []
    for rank in range(ranks.max(initial=-1) + 1):
        front = np.flatnonzero(ranks == rank)
        front = front[np.argsort(points[front, -1 if points.shape[1] == 1 else 1], kind="stable")]
        wanted = count - len(chosen)
        if wanted <= 0:
            break
        if len(front) > wanted:
            # a random start, else every proposal would take the cheapest
            front = front[((np.arange(wanted) + rng.random()) * len(front) / wanted).astype(np.int64)]
        chosen += front.tolist()
    return chosen


def _learned(table: Features, history: Sequence[Trial], rng: np.random.Generator) -> Ranker:
    evaluated = [trial for trial in history if trial.quality is not None and np.isfinite(trial.quality)]
    qualities = np.array([trial.quality for trial in evaluated], dtype=np.float64)
    return fit_ranker(table([trial.architecture for trial in evaluated]), qualities, rng)


def _survivors(pool: list[Any], points: NDArray[np.float64]) -> list[Any]:
    ranks, crowding = non_dominated_sort(points), np.zeros(len(points))
    for rank in range(ranks.max(initial=-1) + 1):
        crowding[ranks == rank] = crowding_distance(points[ranks == rank])
    return [pool[place] for place in np.lexsort((-crowding, ranks))[:PARENTS]]
