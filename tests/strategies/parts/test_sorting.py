"""Non-dominated sorting and crowding, against twins that follow the definition."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.strategies.parts.sorting import crowding_distance, dominates, non_dominated_sort

# few different values, so that equal points and equal columns occur
any_points = st.integers(1, 3).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 5), min_size=columns, max_size=columns), max_size=30).map(
        lambda rows: np.array(rows, dtype=np.float64).reshape(-1, columns)
    )
)


def ranks_by_peeling(points: np.ndarray) -> list[int]:
    """Take away the points that nothing left dominates, front after front."""
    ranks, left, front = [-1] * len(points), set(range(len(points))), 0
    while left:
        free = {one for one in left if not any(beats(points[other], points[one]) for other in left)}
        for one in free:
            ranks[one] = front
        left, front = left - free, front + 1
    return ranks


def beats(first: np.ndarray, second: np.ndarray) -> bool:
    return all(a <= b for a, b in zip(first, second, strict=True)) and list(first) != list(second)


@given(any_points)
@settings(deadline=None)
def test_fronts_are_those_of_peeling(points):
    assert non_dominated_sort(points).tolist() == ranks_by_peeling(points)


@given(any_points)
@settings(deadline=None)
def test_domination_is_by_definition(points):
    assert [[bool(dominates(one, two)) for two in points] for one in points] == [
        [beats(one, two) for two in points] for one in points
    ]


def test_fronts_by_hand():
    points = np.array([[1, 4], [2, 2], [4, 1], [2, 4], [3, 3], [5, 5], [2, 2]], dtype=np.float64)
    assert non_dominated_sort(points).tolist() == [0, 0, 0, 1, 1, 2, 0]


def test_one_objective_is_a_sort_with_equals_together():
    assert non_dominated_sort(np.array([[3.0], [1.0], [2.0], [1.0]])).tolist() == [2, 0, 1, 0]


def test_crowding_by_hand():
    # ranges 4 and 8; the second point has neighbours 3 apart in one objective and 7 apart in the other
    points = np.array([[0, 8], [1, 4], [3, 1], [4, 0]], dtype=np.float64)
    expected = [np.inf, 3 / 4 + 7 / 8, 3 / 4 + 4 / 8, np.inf]
    assert crowding_distance(points) == pytest.approx(expected)
    assert crowding_distance(points[[2, 0, 3, 1]]) == pytest.approx([expected[n] for n in (2, 0, 3, 1)])


def test_crowding_does_not_depend_on_units():
    points = np.array([[0, 8], [1, 4], [3, 1], [4, 0]], dtype=np.float64)
    assert crowding_distance(points * [1e9, 1e-3] + [5, 0]) == pytest.approx(crowding_distance(points))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_equal_points_are_not_crowded_by_a_division_by_zero(count):
    assert crowding_distance(np.ones((count, 2))).tolist() == [0.0] * count


def test_the_ends_are_never_crowded():
    assert crowding_distance(np.array([[0.0, 1.0], [1.0, 0.0]])).tolist() == [np.inf, np.inf]


def test_thousands_of_points_are_sorted_in_a_second():
    points = np.random.default_rng(0).random((4_000, 2))
    started = time.process_time()
    ranks = non_dominated_sort(points)
    assert time.process_time() - started < 1
    assert (np.bincount(ranks) > 0).all()
