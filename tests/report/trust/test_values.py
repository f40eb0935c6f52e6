import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from nas.report.trust.values import correlation, ranker

few = st.integers(0, 4).map(float)


@given(st.lists(st.tuples(few, few), min_size=3, max_size=9))
def test_tau_is_scipys(pairs):
    first, second = map(list, zip(*pairs, strict=True))
    expected = kendalltau(first, second).statistic
    found = correlation(first, second).tau
    assert (found is None) if math.isnan(expected) else (found == pytest.approx(expected))


def test_the_interval_of_the_same_order_is_a_point_and_that_of_no_relation_holds_zero():
    rng = np.random.default_rng(3)
    values = list(rng.normal(size=20))
    same = correlation(values, [2 * value for value in values])
    assert (same.tau, same.low, same.high) == pytest.approx((1, 1, 1))
    none = correlation(values, list(rng.normal(size=20)))
    assert none.low < 0 < none.high
    assert none.low < none.tau < none.high


def test_intervals_hold_the_true_tau_about_as_often_as_they_say():
    # of normal pairs with correlation r, tau is 2 / pi * arcsin(r)
    true = 2 / math.pi * math.asin(0.5)
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(100):
        first, noise = rng.normal(size=(2, 25))
        found = correlation(list(first), list(0.5 * first + math.sqrt(0.75) * noise))
        inside += found.low <= true <= found.high
    assert 88 <= inside <= 99


def test_too_few_networks_have_no_interval():
    assert correlation([1, 2, 3, 4], [1, 3, 2, 4]).low is None
    assert correlation([1, 2], [1, 2]).tau is None
    assert correlation([1, 1, 1], [1, 2, 3]).tau is None


def test_a_ranker_by_hand():
    # from scratch the order is d, c, b, a; this one takes c first and exchanges it with d
    found = ranker("some", scores=[0.1, 0.2, 0.9, 0.5], trained=[0.60, 0.65, 0.70, 0.72])
    assert found.all.tau == pytest.approx((5 - 1) / 6)
    # of the better two there are too few
    assert (found.top.count, found.top.tau) == (2, None)
    assert found.regret == pytest.approx(0.02)
    assert ranker("same", [1, 2, 3], [4, 5, 6]).regret == 0


def test_the_better_half_is_that_from_scratch():
    # the three best from scratch are in the reversed order, the rest is far below in both
    found = ranker("some", scores=[9, 8, 7, 1, 0], trained=[0.7, 0.8, 0.9, 0.1, 0.2])
    assert (found.top.count, found.top.tau) == (3, -1)
    assert found.all.tau == pytest.approx((6 - 4) / 10)
