"""The model of quality: a Gaussian process on a network's choices and on their totals, and the front.

Two parts of a kernel see a network. One sees every choice in its layer: kinds as equal or not, numbers by how many
options lie between them. The other sees what layers sum to (features.py) and the logarithms of the costs. Qualities are
warped to be nearly normal (Yeo & Johnson 2000), since a few failures would else hide what tells good ones apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import yeojohnson

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.space import Option, among_kinds
from nas.strategies.base import Trial
from nas.strategies.parts.acquisition import NODES, Front, box_cells
from nas.strategies.parts.features import Features, features
from nas.strategies.parts.gaussian_process import Part, Posterior, fit
from nas.strategies.parts.sorting import non_dominated_sort

Floats = NDArray[np.float64]

CHOICE_WEIGHT, TOTAL_WEIGHT, COST_WEIGHT = 0.2, 0.5, 0.3
"""Means of the priors of the kernel's weights."""
FARTHEST = 4.0
"""Standard deviations below the median beyond which a quality counts as just so far."""
BEYOND = 2.0
"""Standard deviations over the best by which the next is at most expected to be better."""
MARGIN = 0.02
"""Width beyond the dearest network, as a share of the range of costs."""
LEAST_VARIANCE = 1e-9
LEAST_PARENTS = 10


@dataclass(frozen=True)
class QualityModel:
    """Quality as it is known."""

    encoding: "Encoding"
    warp: "Warp"
    posterior: Posterior
    front: Front
    architectures: list[Any]
    """Evaluated networks, in the front's order."""

    def parents(self) -> list[Any]:
        """The front, and where that is short what comes behind it."""
        ranks = non_dominated_sort(np.column_stack([-self.front.qualities, self.front.costs]))
        count = max(LEAST_PARENTS, int((ranks == 0).sum()))
        return [self.architectures[place] for place in np.argsort(ranks, kind="stable")[:count]]

    def gains(self, architectures: Sequence[Any]) -> Floats:
        """Expected improvement of the front by each on its own."""
        mean, whitened = self.posterior.predict(self.encoding.rows(architectures))
        variance = np.maximum(self.posterior.variance() - (whitened**2).sum(0), LEAST_VARIANCE)
        return self.front.gains(self.encoding.costs(architectures), self._likely(mean, variance))

    def _likely(self, mean: Floats, variance: Floats) -> Floats:
        """Qualities that each may have: a row each, a column for each of the nodes of acquisition.py."""
        return self.warp.back(mean[:, None] + np.sqrt(variance)[:, None] * NODES)

    def chosen(self, architectures: Sequence[Any], count: int) -> list[int]:
        """Places of the most promising, each as if those before it had come out at their means."""
        rows, costs, front = self.encoding.rows(architectures), self.encoding.costs(architectures), self.front
        mean, whitened = self.posterior.predict(rows)
        variance = np.maximum(self.posterior.variance() - (whitened**2).sum(0), LEAST_VARIANCE)
        places: list[int] = []
        while len(places) < min(count, len(architectures)):
            gains = front.gains(costs, self._likely(mean, variance))
            gains[places] = -1
            place = int(np.argmax(gains))
            places.append(place)
            # means stay as they are where the mean is what comes out: only the variance and the front learn of it
            shared = self.posterior.covariance(rows[[place]], rows)[0] - whitened[:, place] @ whitened
            shared /= np.sqrt(variance[place] + self.posterior.noise)
            whitened = np.vstack([whitened, shared])
            variance = np.maximum(variance - shared**2, LEAST_VARIANCE)
            front = front.with_point(costs[place], float(self.warp.back(mean[place])))
        return places


def learned(
    space: FeasibleSpace, trials: Sequence[Trial], minimize: tuple[str, ...], rng: np.random.Generator
) -> QualityModel:
    """The model of trials that have a quality.

    Raises: ValueError if `minimize` names a cost that the space does not have.
    """
    architectures = [trial.architecture for trial in trials]
    qualities = np.array([trial.quality for trial in trials], dtype=np.float64)
    warp = Warp.of(qualities)
    least = float(warp.back(warp(qualities)).min())
    encoding = Encoding(space, features(space), minimize)
    costs = encoding.costs(architectures)
    corner = np.array([worst(space, name, costs[:, place]) for place, name in enumerate(minimize)])
    front = Front(costs, qualities, corner, least, box_cells(costs.min(0), corner, rng))
    posterior = fit(encoding.rows(architectures), warp(qualities), encoding.parts())
    return QualityModel(encoding, warp, posterior, front, architectures)


@dataclass(frozen=True)
class Warp:
    """Qualities to values nearly normal, of mean 0 and variance 1, and back; the order is kept."""

    middle: float
    spread: float
    power: float
    mean: float
    deviation: float
    highest: float
    """Above all that can come out, in spreads over the middle."""

    @classmethod
    def of(cls, qualities: Floats) -> "Warp":
        middle, spread = float(np.median(qualities)), float(qualities.std())
        if not spread > 0:
            return cls(middle, 1.0, 1.0, 0.0, 1.0, BEYOND)
        scaled = np.maximum((qualities - middle) / spread, -FARTHEST)
        values, power = yeojohnson(scaled)
        return cls(middle, spread, float(power), values.mean(), values.std(), float(scaled.max()) + BEYOND)

    def __call__(self, qualities: Floats) -> Floats:
        scaled = np.clip((qualities - self.middle) / self.spread, -FARTHEST, self.highest)
        return np.asarray((yeojohnson(scaled, self.power) - self.mean) / self.deviation)

    def back(self, values: Floats) -> Floats:
        low, high = yeojohnson(np.array([-FARTHEST, self.highest]), self.power)
        away = np.clip(values * self.deviation + self.mean, low, high)
        scaled = np.where(away < 0, -_unpowered(-away, 2 - self.power), _unpowered(away, self.power))
        return np.asarray(self.middle + self.spread * scaled)


def _unpowered(values: Floats, power: float) -> Floats:
    """The inverse of ((x + 1) ** power - 1) / power, for values from 0."""
    if abs(power) < 1e-9:
        return np.asarray(np.expm1(values))
    return np.asarray(np.maximum(np.maximum(values, 0) * power + 1, 0) ** (1 / power) - 1)


def worst(space: FeasibleSpace, name: str, costs: Floats) -> float:
    """The most of a cost that counts: the limit, or what the dearest network took, and a little more.

    At the very corner a network would gain nothing, however good; those who search want that end of the front as well.
    """
    limit = space.limits[name].at_most if name in space.limits else None
    most = float(costs.max()) if limit is None else limit
    return most + MARGIN * (most - float(costs.min()))


@dataclass(frozen=True)
class Encoding:
    """The encoding of architectures as rows for the Gaussian process, and their costs."""

    space: FeasibleSpace
    features: Features
    minimize: tuple[str, ...]

    def costs(self, architectures: Sequence[Any]) -> Floats:
        """One row for each architecture, one column for each cost that is an objective."""
        found = [self.space.cost(each) for each in architectures]
        for name in self.minimize:
            if found and name not in found[0]:
                raise ValueError(f"minimize names {name!r}, which is not among the costs: {', '.join(found[0])}")
        rows = [[costs[name] for name in self.minimize] for costs in found]
        return np.array(rows, dtype=np.float64).reshape(len(found), len(self.minimize))

    def rows(self, architectures: Sequence[Any]) -> Floats:
        seen = self.features(architectures)
        costs = np.array([list(self.space.cost(each).values()) for each in architectures], dtype=np.float64)
        one_hot, totals = seen[:, : self.features.one_hot], seen[:, self.features.one_hot :]
        columns, start = [], 0
        for options in self.features.choices.values():
            columns.append(one_hot[:, start : start + len(options)] @ steps(options))
            start += len(options)
        return np.hstack([*columns, totals, np.log(np.maximum(costs, np.finfo(float).tiny))])

    def parts(self) -> list[Part]:
        """The columns of `rows` as the kernel sees them: choices one by one, and totals with the costs."""
        choices = self.features.choices
        owners = [place for place, options in enumerate(choices.values()) for _ in range(steps(options).shape[1])]
        summed = [name.removeprefix("sum of ").split("=")[0] for name in self.features.names[self.features.one_hot :]]
        groups = {name: place for place, name in enumerate(dict.fromkeys(summed))}
        costs = len(self.space.cost(self.space.smallest()))
        of_totals = [groups[name] for name in summed] + [len(groups)] * costs
        first = len(owners)
        return [
            Part(tuple(range(first)), tuple(owners), (CHOICE_WEIGHT,) * len(choices)),
            Part(
                tuple(range(first, first + len(of_totals))),
                tuple(of_totals),
                (TOTAL_WEIGHT,) * len(groups) + (COST_WEIGHT,),
            ),
        ]


def steps(options: Sequence[Option]) -> Floats:
    """From one-hot columns of a choice to columns whose squared distances say how far options are apart, at most 1.

    Options among strings are all 1 apart; numbers by the number of options between them.
    """
    if among_kinds(options):
        return np.asarray(np.eye(len(options)) * np.sqrt(0.5))
    above = np.array([[float(option) >= float(step) for step in sorted(options)] for option in options])
    return np.asarray(above / np.sqrt(max(len(options) - 1, 1)))
