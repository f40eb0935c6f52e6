"""Evolution towards the whole front of quality against costs, and the settings of three papers.

Sources: NSGA-II (Deb et al. 2002: fronts, crowding, constraint domination) on the operators and rates of AutoFormer
(arXiv:2107.00651: ten parents, half of the children mutants, half crossovers) and HAT (arXiv:2005.14187); ageing
evolution (Real et al. 2018, arXiv:1802.01548).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.patterns import kinds, sample_homogeneous
from nas.strategies.base import Networks, Trial
from nas.strategies.parts.sorting import crowding_distance, non_dominated_sort
from nas.strategies.proposals import unseen
from nas.system.ranges import Share, check


@dataclass(frozen=True)
class Evolution:
    """Random networks first, one of each attention kind among them; then children of the best of all trials so far."""

    population_size: Networks = 50
    """Random trials before the first children."""
    parents: Networks = 10
    """Best of all trials so far that have children, each as often."""
    mutate_layer: Share = 0.2
    """Chance that a choice of one layer is redrawn in a mutant."""
    mutate_network: Share = 0.4
    """Chance that a choice for the whole network (width, depth) is redrawn in a mutant."""
    mutants: Share = 0.5
    """Share of children that are mutants; the others are crossovers."""
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""

    def __post_init__(self) -> None:
        check(self)
        if self.parents > self.population_size:
            most = self.population_size
            raise ValueError(f"parents = {self.parents} is more than the population size, {most}")

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        return unseen(space, history, count, self._draws(space, history, rng), rng)

    def rate(self, name: str) -> float:
        """Mutation rate of a choice."""
        return self.mutate_layer if of_layer(name) else self.mutate_network

    def _draws(self, space: FeasibleSpace, history: Sequence[Trial], rng: np.random.Generator) -> Iterator[Any]:
        yield from first_population(space, history, self.population_size, rng)
        parents = [trial.architecture for trial in ranked(history, self.minimize)[: self.parents]]
        while True:
            yield self._child(space, parents, rng) if parents else space.sample(rng)

    def _child(self, space: FeasibleSpace, parents: list[Any], rng: np.random.Generator) -> Any:
        first, second = (parents[place] for place in rng.integers(len(parents), size=2))
        if rng.random() < self.mutants:
            return space.mutate(first, rng, self.rate)
        return space.cross(first, second, rng)


@dataclass(frozen=True)
class AgeingEvolution:
    """Random networks first; then mutants of one choice, whose parent is the best of a few of the latest trials."""

    population_size: Networks = 100
    """Latest trials that may have children; a trial dies of age alone, however good it is."""
    sample_size: Networks = 25
    """Draws from the population, of which the best becomes the parent."""
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""

    def __post_init__(self) -> None:
        check(self)

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        return unseen(space, history, count, self._draws(space, history, rng), rng)

    def _draws(self, space: FeasibleSpace, history: Sequence[Trial], rng: np.random.Generator) -> Iterator[Any]:
        yield from first_population(space, history, self.population_size, rng)
        population = ranked(history[-self.population_size :], self.minimize)
        while True:
            if not population:
                yield space.sample(rng)
                continue
            # the population stands best first, so the least place drawn is the best of the sample
            parent = population[int(rng.integers(len(population), size=self.sample_size).min())].architecture
            names = list(space.genes(parent))
            yield space.mutate(parent, rng, _only(names[int(rng.integers(len(names)))]))


def autoformer(minimize: tuple[str, ...] = ("flops",)) -> Evolution:
    """AutoFormer's search: 50 random networks, 10 parents; mutants by 0.2 a layer's choice and 0.4 a network's."""
    return Evolution(50, 10, mutate_layer=0.2, mutate_network=0.4, mutants=0.5, minimize=minimize)


def hat(minimize: tuple[str, ...] = ("flops",)) -> Evolution:
    """HAT's search: 125 random networks, 25 parents; as many mutants, by 0.3 every choice, as crossovers."""
    return Evolution(125, 25, mutate_layer=0.3, mutate_network=0.3, mutants=0.5, minimize=minimize)


def ageing(minimize: tuple[str, ...] = ("flops",)) -> AgeingEvolution:
    """Regularised evolution as in the search for AmoebaNet: the best of 25 of the latest 100."""
    return AgeingEvolution(population_size=100, sample_size=25, minimize=minimize)


def first_population(
    space: FeasibleSpace, history: Sequence[Trial], size: int, rng: np.random.Generator
) -> Iterator[Any]:
    """The networks that the first `size` trials still lack: one of each attention kind, then random ones."""
    for kind in kinds(space)[len(history) :]:
        architecture = sample_homogeneous(space, kind, rng)
        if architecture is not None:
            yield architecture
    for _ in range(len(history), size):
        yield space.sample(rng)


def of_layer(name: str) -> bool:
    """Whether a choice is one of a layer: a number in its path (`encoder.blocks.3.attention`) says so."""
    return any(part.isdigit() for part in name.split("."))


def _only(changed: str) -> Callable[[str], float]:
    """A mutation rate that redraws one choice."""
    return lambda name: float(name == changed)


def ranked(trials: Sequence[Trial], minimize: tuple[str, ...]) -> list[Trial]:
    """The trials, best first: by front, then least crowded first; last those without quality or over a limit.

    Raises: ValueError if `minimize` names a cost that the trials do not have.
    """
    valid = [trial for trial in trials if is_valid(trial)]
    others = [trial for trial in trials if not is_valid(trial)]
    points = objectives(valid, minimize)
    ranks, crowding = non_dominated_sort(points), np.zeros(len(valid))
    for rank in range(ranks.max(initial=-1) + 1):
        crowding[ranks == rank] = crowding_distance(points[ranks == rank])
    order = np.lexsort((-crowding, ranks))
    return [valid[place] for place in order] + sorted(others, key=lambda trial: trial.violation)


def is_valid(trial: Trial) -> bool:
    """Whether a trial has a quality and is inside the limits."""
    return trial.violation == 0 and trial.quality is not None and math.isfinite(trial.quality)


def objectives(trials: Sequence[Trial], minimize: tuple[str, ...]) -> NDArray[np.float64]:
    """A row for each trial, less is better: the negative of quality, then the costs.

    Raises: ValueError if `minimize` names a cost that the trials do not have.
    """
    for trial in trials:
        for name in minimize:
            if name not in trial.costs:
                raise ValueError(f"minimize names {name!r}, which is not among the costs: {', '.join(trial.costs)}")
    points = [(-float(trial.quality or 0), *(trial.costs[name] for name in minimize)) for trial in trials]
    return np.array(points, dtype=np.float64).reshape(len(trials), 1 + len(minimize))
