"""Our default: a model of quality guides the search to where the front of quality against cost can gain most.

Costs are known before an evaluation, so only quality is modelled: by a Gaussian process on the choices themselves and on
their totals. A network's worth is the hypervolume that it is expected to add (acquisition.py), which is climbed by
evolution among networks inside the limits. A batch is chosen one by one, each time as if the last had come out at its
mean (the kriging believer, Ginsbourger et al. 2010), so that it spreads along the front.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible import FeasibleSpace, kinds, sample_homogeneous
from nas.strategies.acquisition import Front, box_cells
from nas.strategies.base import Trial
from nas.strategies.features import Features, features, layered
from nas.strategies.gaussian_process import Part, Posterior, fit
from nas.strategies.proposals import unseen

Floats = NDArray[np.float64]

STRATA = 16
"""Random networks from which each of the first is taken, so that they spread along the cost."""
LEARNABLE = 4
"""Evaluated networks that a model needs."""
CHANGES = 1.5
"""Choices that a mutant has redrawn, on average."""


@dataclass(frozen=True)
class Guided:
    """A few networks spread along the cost, then those that are expected to add most to the front."""

    initial: int = 12
    """Networks before the model's first; the ends of the space and one of each attention kind are among them."""
    candidates: int = 300
    """Networks that the model looks at in each round of a proposal."""
    rounds: int = 3
    """Rounds of evolution towards the most promising candidates."""
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""

    def __post_init__(self) -> None:
        for name in ("initial", "candidates", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it needs to be at least 1")

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
            yield from self._guided(space, history, known, count, rng)
        while True:
            yield space.sample(rng)

    def _first(self, space: FeasibleSpace, start: int, rng: np.random.Generator) -> Iterator[Any]:
        ends = [each for each in (space.smallest(), space.largest()) if space.contains(each)]
        of_kinds = (sample_homogeneous(space, kind, rng) for kind in kinds(space))
        planned = [*ends, *(each for each in of_kinds if each is not None)]
        yield from planned[start:]
        left = self.initial - len(planned)
        drawn = draw(space, STRATA * max(left, 1), rng)
        if self.minimize:
            drawn.sort(key=lambda architecture: space.cost(architecture)[self.minimize[0]])
        # the middles of equal shares of the draws, in an order that soon spreads over all of them
        places = np.arange(max(left, 1)) * STRATA + STRATA // 2
        for place in rng.permutation(places):
            yield drawn[place]

    def _guided(
        self,
        space: FeasibleSpace,
        history: Sequence[Trial],
        known: Sequence[Trial],
        count: int,
        rng: np.random.Generator,
    ) -> Iterator[Any]:
        model = Model.of(space, known, self.minimize, rng)
        seen = dict.fromkeys(trial.architecture for trial in history)
        pool = self._pool(space, model, seen, count, rng)
        for place in model.chosen(pool, count):
            yield pool[place]

    def _pool(
        self, space: FeasibleSpace, model: "Model", seen: dict[Any, None], count: int, rng: np.random.Generator
    ) -> list[Any]:
        """Unseen networks, the most promising kept over the rounds."""
        drawn = draw(space, self.candidates // 2, rng)
        parents = model.front_architectures()
        pool: dict[Any, None] = {}
        kept = self.candidates // 3
        for _ in range(self.rounds):
            children = [child(space, parents, rng) for _ in range(self.candidates - len(drawn))]
            pool.update((each, None) for each in [*drawn, *children] if each not in seen)
            drawn = []
            ranked = list(pool)
            gains = model.gains(ranked)
            best = np.argsort(-gains, kind="stable")[: max(kept, 2 * count)]
            pool = dict.fromkeys(ranked[place] for place in best)
            parents = list(pool)[:kept] or parents
        return list(pool)


@dataclass
class Model:
    """Quality and front as they are known, in units of the spread of the qualities."""

    space: FeasibleSpace
    columns: Features
    minimize: tuple[str, ...]
    posterior: Posterior
    front: Front
    architectures: list[Any]

    @classmethod
    def of(
        cls, space: FeasibleSpace, known: Sequence[Trial], minimize: tuple[str, ...], rng: np.random.Generator
    ) -> "Model":
        columns = features(space.space)
        architectures = [trial.architecture for trial in known]
        qualities = standardised(np.array([trial.quality for trial in known], dtype=np.float64))
        costs = np.array([[trial.costs[name] for name in minimize] for trial in known]).reshape(
            len(known), len(minimize)
        )
        rows, parts = model_rows(space, columns, architectures)
        posterior = fit(rows, qualities, parts)
        corner = costs.max(0, initial=0)
        cells = box_cells(costs.min(0), corner, rng)
        front = Front(costs, qualities, corner, float(qualities.min()), cells)
        return cls(space, columns, minimize, posterior, front, architectures)

    def front_architectures(self) -> list[Any]:
        points = np.column_stack([-self.front.qualities, self.front.costs])
        from nas.strategies.sorting import non_dominated_sort

        ranks = non_dominated_sort(points)
        return [self.architectures[place] for place in np.argsort(ranks, kind="stable")[: max(10, (ranks == 0).sum())]]

    def costs(self, architectures: Sequence[Any]) -> Floats:
        found = [[self.space.cost(each)[name] for name in self.minimize] for each in architectures]
        return np.array(found, dtype=np.float64).reshape(len(architectures), len(self.minimize))

    def gains(self, architectures: Sequence[Any]) -> Floats:
        if not architectures:
            return np.zeros(0)
        rows, _ = model_rows(self.space, self.columns, architectures)
        mean, whitened = self.posterior.predict(rows)
        variance = np.maximum(self.posterior.variance() - (whitened**2).sum(0), 1e-9)
        return self.front.gains(self.costs(architectures), mean, np.sqrt(variance))

    def chosen(self, pool: list[Any], count: int) -> list[int]:
        """Places in the pool, each the most promising if those before it came out at their means."""
        if not pool:
            return []
        rows, _ = model_rows(self.space, self.columns, pool)
        mean, whitened = self.posterior.predict(rows)
        variance = np.maximum(self.posterior.variance() - (whitened**2).sum(0), 1e-9)
        costs, front, places = self.costs(pool), self.front, []
        for _ in range(min(count, len(pool))):
            gains = front.gains(costs, mean, np.sqrt(variance))
            gains[places] = -1
            place = int(np.argmax(gains))
            places.append(place)
            row = self.posterior.covariance(rows[place : place + 1], rows)[0] - whitened[:, place] @ whitened
            row /= np.sqrt(variance[place] + self.posterior.noise)
            whitened = np.vstack([whitened, row])
            variance = np.maximum(variance - row**2, 1e-9)
            front = Front(
                np.vstack([front.costs, costs[place]]), np.append(front.qualities, mean[place]), front.corner,
                front.least, front.cells,
            )  # fmt: skip
        return places


def draw(space: FeasibleSpace, count: int, rng: np.random.Generator) -> list[Any]:
    if hasattr(space, "sample_many"):
        return list(space.sample_many(rng, count))
    return [space.sample(rng) for _ in range(count)]


def child(space: FeasibleSpace, parents: list[Any], rng: np.random.Generator) -> Any:
    first, second = (parents[place] for place in rng.integers(len(parents), size=2))
    if rng.random() < 0.3:
        return space.cross(first, second, rng)
    rate = min(1.0, CHANGES / len(space.genes(first)))
    return space.mutate(first, rng, lambda _: rate)


def standardised(qualities: Floats) -> Floats:
    """Of middle 0 and spread 1; what lies far below is drawn in, since a failure tells nothing of the good ones."""
    middle = np.median(qualities)
    low, high = np.quantile(qualities, [0.25, 0.75])
    spread = (high - low) / 1.35 or qualities.std() or 1.0
    scaled = (qualities - middle) / spread
    return np.asarray(np.where(scaled < -3, -3 - np.log1p(np.maximum(-3 - scaled, 0)), scaled))


def model_rows(space: FeasibleSpace, columns: Features, architectures: Sequence[Any]) -> tuple[Floats, list[Part]]:
    rows = columns(architectures)
    one_hot, totals = rows[:, : columns.one_hot], rows[:, columns.one_hot :]
    names = list(columns.choices)
    blocks, groups = [], []
    start = 0
    for place, name in enumerate(names):
        options = columns.choices[name]
        own = one_hot[:, start : start + len(options)]
        start += len(options)
        if isinstance(options[0], str):
            blocks.append(own * np.sqrt(0.5))
        else:
            order = np.argsort(options)
            above = np.flip(np.cumsum(np.flip(own[:, order], 1), 1), 1)
            blocks.append(above / np.sqrt(max(len(options) - 1, 1)))
        groups += [place] * blocks[-1].shape[1]
    of_choices = np.hstack(blocks)
    costs = np.log([list(space.cost(each).values()) for each in architectures])
    sum_names = [name.split("=")[0].removeprefix("sum of ") for name in columns.names[columns.one_hot :]]
    sum_groups = list(dict.fromkeys(sum_names))
    all_rows = np.hstack([of_choices, totals, costs])
    n = of_choices.shape[1]
    first = Part(tuple(range(n)), tuple(groups), tuple([1 / len(names)] * len(names)))
    second_groups = [sum_groups.index(each) for each in sum_names] + [len(sum_groups)] * costs.shape[1]
    second = Part(tuple(range(n, all_rows.shape[1])), tuple(second_groups), tuple([0.5] * len(sum_groups) + [0.3]))
    return all_rows, [first, second]
