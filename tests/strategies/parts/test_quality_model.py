import numpy as np
import pytest
from numpy.testing import assert_allclose

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import tiny
from nas.strategies.base import Trial
from nas.strategies.parts.quality_model import Warp, learned, steps


def test_warping_keeps_the_order_and_goes_back():
    qualities = np.random.default_rng(0).beta(8, 2, size=50)
    warp = Warp.of(qualities)
    values = warp(qualities)
    assert (np.argsort(values) == np.argsort(qualities)).all()
    assert values.mean() == pytest.approx(0, abs=1e-9)
    assert values.std() == pytest.approx(1)
    assert_allclose(warp.back(values), qualities, rtol=1e-6)


@pytest.mark.parametrize("qualities", [[0.5] * 6, [0.5]])
def test_equal_qualities_warp_to_nothing(qualities):
    assert (Warp.of(np.array(qualities))(np.array(qualities)) == 0).all()


def test_a_failure_does_not_hide_what_tells_good_ones_apart():
    qualities = np.array([0.01, *np.linspace(0.90, 0.94, 30)])
    values = Warp.of(qualities)(qualities)
    # in plain standard deviations the thirty would spread over a fifth of one
    assert values[-1] - values[1] > 1


def test_kinds_are_equally_far_and_numbers_by_their_steps():
    kinds, widths = steps(("softmax", "linear", "lrpe")), steps((64, 16, 32))
    assert_allclose(distances(kinds), 1 - np.eye(3))
    # 16 to 64 is the whole way, to 32 the half
    assert_allclose(distances(widths), [[0, 1, 0.5], [1, 0, 0.5], [0.5, 0.5, 0]])


def distances(rows):
    return ((rows[:, None] - rows[None]) ** 2).sum(2)


def test_a_batch_spreads_where_single_gains_would_crowd():
    space = FeasibleSpace(tiny(), cost, {})
    rng = np.random.default_rng(0)
    drawn = list(dict.fromkeys(space.sample_many(rng, 200)))
    trials = [Trial(n, each, cost(each), quality(each), 0.0, 0.0) for n, each in enumerate(drawn[:40])]
    model = learned(space, trials, ("flops",), rng)
    pool = drawn[40:]
    chosen, greedy = model.chosen(pool, 8), np.argsort(-model.gains(pool))[:8]
    assert chosen[0] == greedy[0]
    assert len(set(chosen)) == 8
    assert span(pool, chosen) > span(pool, greedy)


def span(pool, places):
    costs = np.log([cost(pool[place])["flops"] for place in places])
    return costs.std()


def test_an_unknown_objective_is_named():
    space = FeasibleSpace(tiny(), cost, {})
    each = space.smallest()
    trials = [Trial(0, each, cost(each), 0.5, 0.0, 0.0)]
    with pytest.raises(ValueError, match="'latency_ms', which is not among the costs: flops"):
        learned(space, trials, ("latency_ms",), np.random.default_rng(0))


def cost(architecture):
    stack = architecture.encoder
    return {"flops": float(stack.embed_dim * sum(8 * b.num_heads + b.ffn_dim for b in stack.blocks))}


def quality(architecture):
    stack = architecture.encoder
    return 0.1 * np.log(cost(architecture)["flops"]) + 0.02 * sum(b.attention == "lrpe" for b in stack.blocks)
