"""Evolution towards the whole front of quality against costs.

Sources: NSGA-II (Deb et al. 2002: fronts, crowding, constraint domination) on the operators and rates of AutoFormer
(arXiv:2107.00651: ten parents, half of the children mutants, half crossovers).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.search_space import Space
from nas.search_space.feasible import kinds, sample_homogeneous
from nas.strategies.base import Trial
from nas.strategies.proposals import unseen
from nas.strategies.sorting import crowding_distance, non_dominated_sort


@dataclass(frozen=True)
class Evolution:
    """Random networks first, one of each attention kind among them; then children of the best of all trials so far."""

    population_size: int = 50
    """Random trials before the first children."""
    parents: int = 10
    """Best of all trials so far that have children, each as often."""
    mutate_layer: float = 0.2
    """Chance that a choice of one layer is redrawn in a mutant."""
    mutate_network: float = 0.4
    """Chance that a choice for the whole network (width, depth) is redrawn in a mutant."""
    mutants: float = 0.5
    """Share of children that are mutants; the others are crossovers."""
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""

    def __post_init__(self) -> None:
        if not 1 <= self.parents <= self.population_size:
            most = self.population_size
            raise ValueError(f"parents is {self.parents}; it needs to be from 1 to the population size, {most}")
        for name in ("mutate_layer", "mutate_network", "mutants"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it needs to be a share from 0 to 1")

    def propose(self, space: Space, history: Sequence[Trial], count: int, rng: np.random.Generator) -> list[Any]:
        return unseen(space, history, count, self._draws(space, history, rng), rng)

    def rate(self, name: str) -> float:
        """Mutation rate of a choice; a number in its path (`encoder.blocks.3.attention`) says that it is a layer's."""
        of_layer = any(part.isdigit() for part in name.split("."))
        return self.mutate_layer if of_layer else self.mutate_network

    def _draws(self, space: Space, history: Sequence[Trial], rng: np.random.Generator) -> Iterator[Any]:
        for kind in kinds(space)[len(history) :]:
            architecture = sample_homogeneous(space, kind, rng)
            if architecture is not None:
                yield architecture
        for _ in range(len(history), self.population_size):
            yield space.sample(rng)
        parents = [trial.architecture for trial in ranked(history, self.minimize)[: self.parents]]
        while True:
            yield self._child(space, parents, rng) if parents else space.sample(rng)

    def _child(self, space: Space, parents: list[Any], rng: np.random.Generator) -> Any:
        first, second = (parents[place] for place in rng.integers(len(parents), size=2))
        if rng.random() < self.mutants:
            return space.mutate(first, rng, self.rate)
        return space.cross(first, second, rng)


def ranked(trials: Sequence[Trial], minimize: tuple[str, ...]) -> list[Trial]:
    """The trials, best first: by front, then the lonelier first; behind them those without quality or over a limit.

    Raises: ValueError if `minimize` names a cost that the trials do not have.
    """
    valid = [trial for trial in trials if _is_valid(trial)]
    others = [trial for trial in trials if not _is_valid(trial)]
    points = _objectives(valid, minimize)
    ranks, crowding = non_dominated_sort(points), np.zeros(len(valid))
    for rank in range(ranks.max(initial=-1) + 1):
        crowding[ranks == rank] = crowding_distance(points[ranks == rank])
    order = np.lexsort((-crowding, ranks))
    return [valid[place] for place in order] + sorted(others, key=lambda trial: trial.violation)


def _is_valid(trial: Trial) -> bool:
    return trial.violation == 0 and trial.quality is not None and math.isfinite(trial.quality)


def _objectives(trials: Sequence[Trial], minimize: tuple[str, ...]) -> NDArray[np.float64]:
    for trial in trials:
        for name in minimize:
            if name not in trial.costs:
                raise ValueError(f"minimize names {name!r}, which is not among the costs: {', '.join(trial.costs)}")
    points = [(-float(trial.quality or 0), *(trial.costs[name] for name in minimize)) for trial in trials]
    return np.array(points, dtype=np.float64).reshape(len(trials), 1 + len(minimize))
