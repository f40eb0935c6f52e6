"""Draws inside limits: their distribution, counts of what is inside, and proofs that nothing is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from nas.search_space import Architecture, SearchSpace, StackSpace
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.limits import Window
from nas.search_space.presets import autoformer_small, small
from tests.search_space.feasible.brute_force import chances, crossover_chance, mutation_chance, uniform_chance

MIXING = {"softmax": 64, "linear": 8, "cosformer": 16, "lrpe": 9}
# widths of 8 round both 2.0 and 2.1 to 16, widths of 10 to 20 and 21
SPACE = SearchSpace(
    StackSpace((8, 10), (1, 2, 3), (1, 2), ("softmax", "linear"), head_dim=4, ffn_ratio=(2.0, 2.1, 3.0))
)
DRAWS = 2_000


def cost(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    mixing = sum(2 * block.num_heads * block.head_dim * MIXING[block.attention] for block in stack.blocks)
    weights = [stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks]
    return {
        "flops": float(sum(weights) + mixing),
        "parameters": float(sum(weights)) + 100,
        "peak": float(max(weights)),
        "tenths": sum(weights) * 0.1,
        # of no table: what a block costs depends on the one before
        "chained": float(sum(a * b for a, b in pairwise(weights))),
    }


UNLIMITED = FeasibleSpace(SPACE, cost, {})
EVERYTHING = chances(SPACE, uniform_chance)
COSTS = {architecture: cost(architecture) for architecture in EVERYTHING}


def quantile(name: str, share: float) -> float:
    """The limit that this share of random draws meets."""
    values = sorted((COSTS[each][name], chance) for each, chance in EVERYTHING.items())
    total = np.cumsum([chance for _, chance in values])
    return values[int(np.searchsorted(total, share))][0]


LIMITS: dict[str, dict[str, Any]] = {
    "14 %": {"flops": quantile("flops", 0.14)},
    "0.1 %": {"flops": quantile("flops", 0.001)},
    "window": {"flops": Window(quantile("flops", 0.7), quantile("flops", 0.8))},
    "at least": {"flops": Window(at_least=quantile("flops", 0.97))},
    "two limits": {"flops": quantile("flops", 0.2), "parameters": Window(at_least=quantile("parameters", 0.2))},
    "three limits": {
        "flops": quantile("flops", 0.3),
        "parameters": Window(at_least=quantile("parameters", 0.2)),
        "tenths": quantile("tenths", 0.28),
    },
    "peak": {"peak": quantile("peak", 0.2)},
    "window of peak, flops": {"peak": Window(quantile("peak", 0.3), quantile("peak", 0.7)), "flops": 4_000.0},
    "not whole": {"tenths": Window(quantile("tenths", 0.3), quantile("tenths", 0.35))},
    "no table": {"chained": quantile("chained", 0.5)},
}
any_limits = pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS.keys())
tabled_limits = pytest.mark.parametrize(
    "limits", [each for name, each in LIMITS.items() if name != "no table"], ids=[n for n in LIMITS if n != "no table"]
)


def conditioned(space: FeasibleSpace, weights: dict[Any, float]) -> dict[Any, float]:
    """The chances given that a network is inside."""
    inside = {each: weight for each, weight in weights.items() if weight > 0 and space.violation(COSTS[each]) == 0}
    return {each: weight / sum(inside.values()) for each, weight in inside.items()}


def p_value(drawn: Sequence[Any], expected: dict[Any, float]) -> float:
    """Of a chi-square test; networks that are expected less than five times are counted together."""
    counts = Counter(drawn)
    assert set(counts) <= set(expected)
    likely = np.array(list(expected.values())) * len(drawn)
    observed = np.array([counts[each] for each in expected])
    common = likely >= 5
    groups = [np.append(each[common], each[~common].sum()) for each in (observed, likely)]
    kept = groups[1] > 0
    return float(chisquare(groups[0][kept], groups[1][kept]).pvalue) if kept.sum() > 1 else 1.0


@any_limits
def test_samples_are_draws_of_the_space_given_that_they_are_inside(limits):
    space = UNLIMITED.under(limits)
    expected = conditioned(space, EVERYTHING)
    drawn = space.sample_many(np.random.default_rng(0), DRAWS)
    assert len(drawn) == DRAWS
    assert p_value(drawn, expected) > 0.001
    rng = np.random.default_rng(1)
    assert p_value([space.sample(rng) for _ in range(200)], expected) > 0.001


@tabled_limits
def test_every_network_inside_is_equally_likely_where_networks_are_uniform(limits):
    space = UNLIMITED.under(limits)
    expected = conditioned(space, dict.fromkeys(EVERYTHING, 1.0))
    assert p_value(space.sample_many(np.random.default_rng(0), DRAWS, each="networks"), expected) > 0.001


@tabled_limits
def test_children_are_those_of_the_space_given_that_they_are_inside(limits):
    space = UNLIMITED.under(limits)
    rng = np.random.default_rng(0)
    # from outside, so that hardly any child is inside at once
    outside = [each for each in EVERYTHING if space.violation(COSTS[each]) > 0]
    first, second = outside[0], outside[-1]
    mutants = [space.mutate(first, rng, lambda name: 0.4) for _ in range(150)]
    assert p_value(mutants, conditioned(space, chances(SPACE, mutation_chance(SPACE, first, 0.4)))) > 0.001
    expected = conditioned(space, chances(SPACE, crossover_chance(SPACE, first, second)))
    if expected:
        assert p_value([space.cross(first, second, rng) for _ in range(200)], expected) > 0.001
    else:
        assert space.contains(space.cross(first, second, rng))


@tabled_limits
def test_share_size_and_enumeration_are_those_of_the_space_combed(limits):
    space = UNLIMITED.under(limits)
    inside = [each for each in EVERYTHING if space.violation(COSTS[each]) == 0]
    rng = np.random.default_rng(0)
    # five standard errors of 1,000 draws of which at least half are kept
    assert space.share_inside(rng) == pytest.approx(sum(EVERYTHING[each] for each in inside), rel=0.16)
    assert space.size_inside(rng) == pytest.approx(len(inside), rel=0.16)
    listed = list(space.enumerate())
    assert len(listed) == len(inside)
    assert set(listed) == set(inside)


@pytest.mark.parametrize("name", ["14 %", "0.1 %", "window", "at least"])
def test_share_and_size_are_exact_where_steps_are(name):
    space = UNLIMITED.under(LIMITS[name])
    inside = [each for each in EVERYTHING if space.violation(COSTS[each]) == 0]
    rng = np.random.default_rng(0)
    assert space.share_inside(rng) == pytest.approx(sum(EVERYTHING[each] for each in inside), rel=1e-9)
    assert space.size_inside(rng) == pytest.approx(len(inside), rel=1e-9)


def test_share_and_size_of_limits_without_a_table_are_estimated():
    space = UNLIMITED.under(LIMITS["no table"])
    inside = [each for each in EVERYTHING if space.violation(COSTS[each]) == 0]
    rng = np.random.default_rng(0)
    # five standard errors of a share near one half from 1,000 draws
    assert space.share_inside(rng) == pytest.approx(sum(EVERYTHING[each] for each in inside), abs=0.08)
    assert 0.5 * len(inside) < space.size_inside(rng) < 2 * len(inside)
    assert not space.is_counted
    assert set(space.enumerate()) == set(inside)


@tabled_limits
def test_bounds_and_binding_limits_are_those_of_the_space_combed(limits):
    space = UNLIMITED.under(limits)
    assert space.is_counted
    for name in limits:
        values = [each[name] for each in COSTS.values()]
        assert space.bounds(name) == pytest.approx((min(values), max(values)))
    assert space.check_limits() == dict.fromkeys(limits, True)
    assert space.contains(space.anchor)


@pytest.mark.parametrize("share", [1e-4, 1e-5, 1e-6])
def test_rare_limits_are_met_at_once_and_by_different_networks(share):
    space = FeasibleSpace(small(), cost, {})
    low, high = space.bounds("flops")
    while high - low > 100:
        middle = (low + high) / 2
        inside = space.under({"flops": middle}).share_inside(np.random.default_rng(0))
        low, high = (middle, high) if inside < share else (low, middle)
    limited = space.under({"flops": high})
    assert limited.share_inside(np.random.default_rng(0)) == pytest.approx(share, rel=0.5)
    drawn = limited.sample_many(np.random.default_rng(1), 100)
    assert all(cost(each)["flops"] <= high for each in drawn)
    assert len(set(drawn)) > 10


def test_the_share_is_what_rejection_finds():
    space = FeasibleSpace(small(), cost, {"flops": 350_000.0})
    rng = np.random.default_rng(0)
    found = np.mean([cost(small().sample(rng))["flops"] <= 350_000.0 for _ in range(4_000)])
    assert 0.05 < found < 0.95
    # five standard errors
    assert space.share_inside(rng) == pytest.approx(found, abs=5 * 0.5 / 4_000**0.5)


def test_equal_generators_draw_equal_networks():
    for limits in LIMITS.values():
        first, second = (FeasibleSpace(SPACE, cost, limits) for _ in range(2))
        drawn = [each.sample_many(np.random.default_rng(4), 20) for each in (first, second, first)]
        assert drawn[0] == drawn[1] == drawn[2]


def test_a_mutation_that_never_lands_inside_goes_where_few_choices_change():
    space = FeasibleSpace(SPACE, cost, {"flops": quantile("flops", 0.14)})
    parent = SPACE.largest()
    rng = np.random.default_rng(0)
    changes = [
        sum(value != SPACE.genes(parent)[name] for name, value in SPACE.genes(child).items())
        for child in (space.mutate(parent, rng, lambda name: 0.0) for _ in range(50))
    ]
    inside = [each for each in EVERYTHING if space.violation(COSTS[each]) == 0]
    fewest = min(
        sum(value != SPACE.genes(parent)[name] for name, value in SPACE.genes(each).items()) for each in inside
    )
    assert np.mean([each == fewest for each in changes]) > 0.9


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        # the cheapest is one block of width 8: 8 x (4 x 4 + 2 x 16) + 2 x 4 x 8
        ({"flops": 400}, r"limit flops <= 400 cannot be met: the smallest architecture needs 448"),
        # the dearest is three of width 10: 3 x (10 x (4 x 8 + 2 x 30) + 2 x 8 x 64)
        ({"flops": "1e9.."}, r"limit flops >= 1,000,000,000 cannot be met: the largest architecture has 5,832"),
        ({"flops": "100..200"}, r"limit flops >= 100 and <= 200 cannot be met: the costs go from 448 to 5,832"),
        ({"flops": "448.1..448.2"}, r"limit flops >= 448.1 and <= 448.2 cannot be met: .* none of them inside"),
        ({"flops": 448, "parameters": "485.."}, r"limits flops <= 448 and parameters >= 485 cannot be met together"),
        ({"latency": 1}, r"limit on 'latency', which is not among the costs: flops, parameters, peak"),
        ({"peak": 300}, r"limit peak <= 300 cannot be met: the smallest architecture needs 384"),
    ],
)
def test_limits_that_nothing_meets_are_refused_with_the_numbers(limits, message):
    space = FeasibleSpace(SPACE, cost, limits)
    with pytest.raises(ValueError, match=message):
        space.check_limits()
    with pytest.raises(ValueError, match=message):
        space.sample(np.random.default_rng(0))


def test_a_single_network_inside_is_found_in_a_large_space():
    space = autoformer_small()
    smallest = SearchSpace(replace(space.encoder, attention=("linear",))).smallest()
    limited = FeasibleSpace(space, cost, {"flops": cost(smallest)["flops"]})
    assert limited.sample_many(np.random.default_rng(0), 3) == [smallest] * 3
    assert list(limited.enumerate()) == [smallest]
    # one of 3 widths and of 3 depths, and in each of 12 blocks one of 4 kinds, 3 numbers of heads and 3 ratios
    assert limited.share_inside(np.random.default_rng(0)) == pytest.approx(1 / (9 * 36.0**12), rel=1e-6)
