"""Sorting by several objectives at once; less is better in every one.

Sources: Deb et al. 2002, NSGA-II (fronts, crowding distance); Zhang et al. 2015, ENS (bisection over fronts).
"""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray


def dominates(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points are nowhere worse and somewhere better, along the last axis."""
    return np.asarray((first <= second).all(-1) & (first < second).any(-1))


def non_dominated_sort(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Front of each point: 0 if none dominates it, else one more than the last front that does.

    Args:
        points: One row a point, one column an objective.
    """
    ranks = np.zeros(len(points), dtype=np.int64)
    fronts: list[list[int]] = []
    # in lexicographic order no later point dominates an earlier one, so a point's front is known once it is reached
    for place in np.lexsort(points.T[::-1]):
        rank = bisect_left(fronts, True, key=lambda front: not dominates(points[front], points[place]).any())
        if rank == len(fronts):
            fronts.append([])
        fronts[rank].append(place)
        ranks[place] = rank
    return ranks


def crowding_distance(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far apart the neighbours of each point of one front are: the sum over objectives, each scaled to its range.

    Infinite for the ends of an objective; an objective in which all points are equal tells nothing and adds nothing.
    """
    distance = np.zeros(len(points))
    for values in points.T:
        order = np.argsort(values, kind="stable")
        span = values[order[-1]] - values[order[0]] if len(order) else 0
        if span > 0:
            distance[order[1:-1]] += (values[order[2:]] - values[order[:-2]]) / span
            distance[order[[0, -1]]] = np.inf
    return distance
