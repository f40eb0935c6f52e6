import numpy as np
import pytest
from scipy.stats import norm

from nas.strategies.pareto import hypervolume
from nas.strategies.parts.acquisition import NODES, SHARES, Front, box_cells


def front(points, corner, least):
    points = np.array(points, dtype=float)
    return Front(points[:, :-1], points[:, -1], np.array(corner, dtype=float), least, np.zeros((0, 1)))


@pytest.mark.parametrize("added", [(1.0, 0.3), (2.5, 0.9), (4.0, 0.4), (0.5, 0.1), (6.0, 2.0), (3.0, 0.45)])
def test_a_sure_quality_gains_the_hypervolume_that_it_adds(added):
    points = [(1, 0.2), (3, 0.5), (2, 0.1), (4.5, 0.8)]
    expected = hypervolume([*points, added], (5, 0)) - hypervolume(points, (5, 0))
    likely = np.full((1, len(NODES)), added[1])
    gain = front(points, [5], 0.0).gains(np.array([[added[0]]]), likely)
    assert gain[0] == pytest.approx(expected)


def test_an_unsure_quality_gains_its_expected_improvement_times_what_it_reaches():
    # behind the dearest point, so that the one level is 0.5 over a width of 2
    gain = front([(1, 0.5)], [5], 0.0).gains(np.array([[3.0]]), (0.4 + 0.2 * NODES)[None])
    away = (0.4 - 0.5) / 0.2
    expected = 2 * 0.2 * (away * norm.cdf(away) + norm.pdf(away))
    # a corner in the integrand is what quadrature of 11 nodes sees worst
    assert gain[0] == pytest.approx(expected, rel=0.15)


def test_shares_of_the_nodes_are_those_of_a_normal_variable():
    assert SHARES.sum() == pytest.approx(1)
    assert pytest.approx(1) == SHARES @ NODES**2
    assert pytest.approx(3) == SHARES @ NODES**4


def test_without_costs_only_better_than_the_best_gains():
    none = Front(np.zeros((2, 0)), np.array([0.3, 0.6]), np.zeros(0), 0.0, box_cells(np.zeros(0), np.zeros(0), rng()))
    likely = np.array([[0.5], [0.7]]) * np.ones(len(NODES))
    assert none.gains(np.zeros((2, 0)), likely) == pytest.approx([0, 0.1])


def test_with_two_costs_gains_are_shares_of_the_box():
    cells = box_cells(np.zeros(2), np.ones(2), rng())
    known = Front(np.array([[0.5, 0.5]]), np.array([0.4]), np.ones(2), 0.0, cells)
    gain = known.gains(np.array([[0.25, 0.25]]), np.full((1, len(NODES)), 0.6))
    # over the box from (0.25, 0.25) quality rises from 0 to 0.6, but from 0.4 in the quarter from (0.5, 0.5) on
    assert gain[0] == pytest.approx(0.75**2 * 0.6 - 0.25 * 0.4, rel=0.05)


def rng():
    return np.random.default_rng(0)
