"""Fronts of quality against one cost, and the area they dominate.

A point is (cost, quality): less cost and more quality are better.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nas.strategies.base import Trial


def pareto_front(points: ArrayLike) -> list[int]:
    """Places of the points that no other point beats, by rising cost and rising quality; of equal points the first.

    Args:
        points: Rows of (cost, quality).
    """
    rows = _rows(points)
    front: list[int] = []
    # by cost, then by falling quality: a point is on the front if it is better than all that cost no more
    for place in np.lexsort((-rows[:, 1], rows[:, 0])):
        if not front or rows[place, 1] > rows[front[-1], 1]:
            front.append(int(place))
    return front


def front_of_trials(trials: Sequence[Trial], cost: str) -> list[Trial]:
    """The evaluated trials inside the limits that no other beats in quality against `cost`, by rising cost."""
    inside = [trial for trial in trials if trial.violation == 0]
    evaluated = [(trial, trial.quality) for trial in inside if trial.quality is not None]
    front = pareto_front([(trial.costs[cost], quality) for trial, quality in evaluated])
    return [evaluated[place][0] for place in front]


def evenly(length: int, count: int) -> list[int]:
    """At most `count` places of a sequence, spread evenly over it, the last place first and always among them."""
    places = np.linspace(length - 1, 0, count).round().astype(int)
    return [int(place) for place in np.unique(places)[::-1]]


def hypervolume(points: ArrayLike, reference: tuple[float, float]) -> float:
    """Area between the front of `points` and the corner `reference`, in units of cost times quality.

    Args:
        points: Rows of (cost, quality).
        reference: The worst corner (most cost, least quality); points beyond it add nothing.
    """
    most_cost, least_quality = reference
    rows = _rows(points)
    area, quality = 0.0, least_quality
    for place in pareto_front(rows):
        if rows[place, 0] < most_cost and rows[place, 1] > quality:
            area += (most_cost - rows[place, 0]) * (rows[place, 1] - quality)
            quality = rows[place, 1]
    return float(area)


def _rows(points: ArrayLike) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)
