"""How well a ranking by inherited quality, or by a cost alone, predicts the one after training from scratch.

Kendall's tau-b (Kendall 1945): concordant less discordant pairs, over the geometric mean of the pairs untied in each.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_FOR_TAU = 3
FEWEST_FOR_INTERVAL = 5
"""Below so many networks most resamples hold too few different ones to say anything."""
RESAMPLES = 4_000
CONFIDENCE = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Correlation:
    """Kendall's tau-b of two qualities over some networks."""

    count: int
    """Networks."""
    tau: float | None
    """None with fewer than three networks, or where one side is the same for all."""
    low: float | None
    high: float | None
    """Ends of its 95 % interval, a percentile bootstrap over networks; None where these are fewer than five."""


@dataclass(frozen=True)
class Ranker:
    """Something that orders networks before they are trained."""

    name: str
    all: Correlation
    """With the quality from scratch, over all networks."""
    top: Correlation
    """Over the half of them that is best from scratch."""
    regret: float
    """Quality from scratch of the best network, less that of the one that this would have picked."""


def ranker(name: str, scores: Sequence[float], trained: Sequence[float]) -> Ranker:
    """Args: scores: More means that it should be better; one a network, at least one."""
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
    """Of each resample, in which network n stands `times[n]` times; not a number where one side has ties only."""

    def pairs(of_NN: Floats) -> Floats:
        return np.asarray(((times_RN @ of_NN) * times_RN).sum(1))

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(pairs(a_NN * b_NN) / np.sqrt(pairs(a_NN**2) * pairs(b_NN**2)))
