"""Rank correlation of inherited quality, and of each cost alone, with the quality after training from scratch.

Kendall's tau-b (Kendall 1945): concordant minus discordant pairs, over the geometric mean of the untied pairs of each.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.report.summary import Network, Summary

INHERITED = "inherited"
"""Name of the ranking by inherited quality."""
FEWEST_FOR_TAU = 3
FEWEST_FOR_INTERVAL = 5
"""Networks below which most resamples hold too few different ones for an interval."""
RESAMPLES = 4_000
CONFIDENCE = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Correlation:
    """Kendall's tau-b of two qualities over some networks."""

    count: int
    """Number of networks."""
    tau: float | None
    """Kendall's tau; None with fewer than three networks, or where one side is the same for all."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval, a percentile bootstrap over networks; None with fewer than five networks."""


@dataclass(frozen=True)
class Ranker:
    """A ranking of networks before they are trained: by inherited quality or by a cost."""

    name: str
    all: Correlation
    """Correlation with the quality from scratch over all networks."""
    top: Correlation
    """Correlation over the half of the networks that is better from scratch."""
    regret: float
    """Quality from scratch of the best network minus that of the first network of this ranking."""


@dataclass(frozen=True)
class Fidelity:
    """Rankings of networks before training, against their qualities from scratch."""

    networks: tuple[Network, ...]
    """Networks with inherited quality and quality from scratch."""
    rankers: tuple[Ranker, ...]
    """The ranking by inherited quality, then those by a cost; empty without networks."""

    @property
    def inherited(self) -> Ranker | None:
        """The ranking by inherited quality."""
        return next(iter(self.rankers), None)


def fidelity(summary: Summary) -> Fidelity:
    """Rankings by inherited quality, FLOPs and parameters against the quality from scratch on the test split."""
    both = tuple(n for n in summary.networks.values() if n.inherited is not None and "scratch" in n.arms)
    if not both:
        return Fidelity((), ())
    trained = [network.arms["scratch"].mean for network in both]
    scores = {INHERITED: [network.inherited or 0.0 for network in both]}
    for word in ("flops", "parameters"):
        name = next((name for name in summary.data.costs if word in name), None)
        if name is not None and all(name in network.costs for network in both):
            scores[name] = [network.costs[name] for network in both]
    return Fidelity(both, tuple(ranker(name, own, trained) for name, own in scores.items()))


def ranker(name: str, scores: Sequence[float], trained: Sequence[float]) -> Ranker:
    """The ranking by some scores against the qualities from scratch.

    Args:
        scores: A score for each network, at least one; a higher score promises more quality.
    """
    order = sorted(range(len(trained)), key=lambda place: -trained[place])
    best = order[: math.ceil(len(order) / 2)]
    picked = max(range(len(scores)), key=lambda place: scores[place])
    return Ranker(
        name,
        correlation(scores, trained),
        correlation([scores[place] for place in best], [trained[place] for place in best]),
        max(trained) - trained[picked],
    )


def correlation(first: Sequence[float], second: Sequence[float]) -> Correlation:
    """Kendall's tau-b with its interval."""
    count = len(first)
    if count < FEWEST_FOR_TAU:
        return Correlation(count, None, None, None)
    a_NN, b_NN = (np.sign(np.subtract.outer(values, values)) for values in (np.array(first), np.array(second)))
    tau = float(_tau(a_NN, b_NN, np.ones((1, count)))[0])
    if math.isnan(tau):
        return Correlation(count, None, None, None)
    if count < FEWEST_FOR_INTERVAL:
        return Correlation(count, tau, None, None)
    rng = np.random.default_rng(0)
    times_RN = rng.multinomial(count, [1 / count] * count, size=RESAMPLES).astype(np.float64)
    taus = _tau(a_NN, b_NN, times_RN)
    edge = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(taus[~np.isnan(taus)], [edge, 100 - edge])
    return Correlation(count, tau, float(low), float(high))


def _tau(a_NN: Floats, b_NN: Floats, times_RN: Floats) -> Floats:
    """Tau of each resample, which holds network n `times[n]` times; NaN where one side has only ties."""

    def pairs(of_NN: Floats) -> Floats:
        return np.asarray(((times_RN @ of_NN) * times_RN).sum(1))

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(pairs(a_NN * b_NN) / np.sqrt(pairs(a_NN**2) * pairs(b_NN**2)))
