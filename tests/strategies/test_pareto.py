"""Fronts and hypervolume, by hand and against twins that follow the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.strategies.base import Trial
from nas.strategies.pareto import evenly, front_of_trials, hypervolume, pareto_front

any_points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25)


@given(any_points)
@settings(deadline=None)
def test_the_front_is_what_nothing_beats(points):
    beaten = [
        any(cost <= mine[0] and quality >= mine[1] and (cost, quality) != mine for cost, quality in points)
        for mine in points
    ]
    expected = sorted({mine for mine, is_beaten in zip(points, beaten, strict=True) if not is_beaten})
    front = pareto_front(points)
    assert [points[place] for place in front] == expected
    assert all(points.index(points[place]) == place for place in front)


@given(any_points)
@settings(deadline=None)
def test_hypervolume_counts_the_unit_squares_below_the_front(points):
    # whole numbers: the square with corner (x, y) is dominated if some point costs at most x and has at least y + 1
    squares = [(x, y) for x in range(5) for y in range(1, 6)]
    dominated = sum(any(cost <= x and quality >= y + 1 for cost, quality in points) for x, y in squares)
    inside = [(cost, min(quality, 6)) for cost, quality in points]
    assert hypervolume(inside, (5.0, 1.0)) == dominated


def test_hypervolume_by_hand():
    # rectangles right of each point, each from the quality of the one before: (10-2) x 3 + (10-4) x 2 + (10-7) x 1
    points = [(4, 5), (2, 3), (7, 6), (8, 4), (4, 4)]
    assert hypervolume(points, (10, 0)) == 8 * 3 + 6 * 2 + 3 * 1


def test_hypervolume_agrees_with_random_darts():
    rng = np.random.default_rng(0)
    points, darts = rng.random((8, 2)), rng.random((40_000, 2))
    hit = ((points[:, None, 0] <= darts[:, 0]) & (points[:, None, 1] >= darts[:, 1])).any(0).mean()
    # five standard errors, at most sqrt(0.25 / 40,000) each
    assert hypervolume(points, (1.0, 0.0)) == pytest.approx(hit, abs=5 * 0.0025)


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume([(12, 9), (3, -1), (10, 5), (5, 0)], (10, 0)) == 0
    assert hypervolume([(12, 9), (4, 2)], (10, 0)) == 6 * 2


def test_nothing_has_an_empty_front_of_no_volume():
    assert pareto_front([]) == []
    assert hypervolume([], (1.0, 0.0)) == 0


def test_the_front_of_trials_holds_evaluated_ones_inside_the_limits():
    rows = [(5.0, 0.7, 0.0), (3.0, 0.6, 0.0), (4.0, 0.5, 0.0), (1.0, None, 0.0), (2.0, 0.9, 0.4), (5.0, 0.8, 0.0)]
    trials = [
        Trial(n, (n,), {"flops": flops}, quality, violation, 0.0) for n, (flops, quality, violation) in enumerate(rows)
    ]
    assert [trial.number for trial in front_of_trials(trials, "flops")] == [1, 5]


@pytest.mark.parametrize(
    ("length", "count", "expected"),
    [(5, 1, [4]), (5, 2, [4, 0]), (5, 3, [4, 2, 0]), (3, 10, [2, 1, 0]), (1, 4, [0]), (10, 4, [9, 6, 3, 0])],
)
def test_places_are_spread_evenly_with_the_last_always_in(length, count, expected):
    assert evenly(length, count) == expected
