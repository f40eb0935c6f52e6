"""RankNAS: what it proposes, what it gives up and takes up again, and what it costs."""

from typing import Any

import numpy as np
import pytest

from nas.search_space import Architecture
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import small
from nas.strategies.base import Strategy, Trial
from nas.strategies.evolution import Evolution
from nas.strategies.pareto import hypervolume
from nas.strategies.ranknas import RankNas, important, spread

MOST_FLOPS = 2e5


def cost(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    return {"flops": float(sum(stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks))}


def quality(architecture: Architecture) -> float:
    """Softmax is worth most in the first layer and linear attention in the others; width helps everywhere."""
    blocks = architecture.encoder.blocks
    kinds = sum(b.attention == ("linear" if layer else "softmax") for layer, b in enumerate(blocks))
    return float(kinds + np.log(cost(architecture)["flops"]))


def evaluated(architectures: list[Any], first: int = 0) -> list[Trial]:
    return [Trial(n, each, cost(each), quality(each), 0.0, 0.0) for n, each in enumerate(architectures, start=first)]


def search(strategy: Strategy, space: FeasibleSpace, evaluations: int, seed: int) -> list[Trial]:
    trials: list[Trial] = []
    while len(trials) < evaluations:
        proposed = strategy.propose(space, trials, 20, np.random.default_rng([seed, len(trials)]))
        trials += evaluated(proposed, len(trials))
    return trials


def random_trials(space: FeasibleSpace, count: int) -> list[Trial]:
    rng = np.random.default_rng(3)
    return evaluated(list(dict.fromkeys(space.sample(rng) for _ in range(count))))


def test_what_is_proposed_is_among_the_best_five_in_a_hundred_and_some_is_better_than_all():
    space = FeasibleSpace(small(), cost, {"flops": MOST_FLOPS})
    trials = random_trials(space, 60)
    known = [trial.quality or 0 for trial in trials]
    proposed = RankNas(minimize=(), explore=0.0).propose(space, trials, 10, np.random.default_rng(0))
    found = [quality(each) for each in proposed]
    assert np.median(found) > np.quantile(known, 0.95)
    assert max(found) > max(known)


@pytest.mark.parametrize("seed", range(2))
def test_half_of_the_evaluations_of_evolution_reach_its_hypervolume(seed):
    space = FeasibleSpace(small(), cost, {"flops": MOST_FLOPS})

    def volume(trials: list[Trial]) -> float:
        return hypervolume([(each.costs["flops"], each.quality or 0.0) for each in trials], (MOST_FLOPS, 8.0))

    ours = search(RankNas(), space, 80, seed)
    theirs = search(Evolution(), space, 160, seed)
    assert volume(ours) > volume(theirs)


def test_several_proposals_spread_over_the_costs():
    space = FeasibleSpace(small(), cost, {"flops": MOST_FLOPS})
    trials = random_trials(space, 60)
    flops = sorted(cost(each)["flops"] for each in RankNas().propose(space, trials, 10, np.random.default_rng(0)))
    reach = max(trial.costs["flops"] for trial in trials) - min(trial.costs["flops"] for trial in trials)
    assert flops[-1] - flops[0] > reach / 2
    assert np.diff(flops).max() < reach / 2


def test_failed_trials_teach_nothing_and_are_not_proposed_again():
    space = FeasibleSpace(small(), cost, {"flops": MOST_FLOPS})
    trials = random_trials(space, 40)
    rng = np.random.default_rng(9)
    failed = [Trial(40 + n, space.sample(rng), {"flops": 1.0}, None, 0.0, 0.0, "out of memory") for n in range(20)]
    failed.append(Trial(60, space.sample(rng), {"flops": 1.0}, float("nan"), 0.0, 0.0))
    proposed = RankNas().propose(space, trials + failed, 10, np.random.default_rng(0))
    assert len(set(proposed) - {trial.architecture for trial in failed}) == 10


def test_the_choices_that_matter_stay_open_and_a_third_at_least():
    even = {f"layer.{n}": 0.1 for n in range(10)}
    assert list(important(even, given_up=0.1)) == [f"layer.{n}" for n in range(9)]
    one = {"width": 0.95, **{f"layer.{n}": 0.05 / 8 for n in range(8)}}
    # a third of nine choices
    assert list(important(one, given_up=0.1)) == ["width", "layer.0", "layer.1"]
    assert list(important(one, given_up=0.0)) == list(one)
    # with nothing learned nothing is known to be unimportant, but the order of the space decides
    assert len(important(dict.fromkeys(one, 0.0), given_up=0.1)) == 3


def test_of_a_front_that_is_too_long_points_are_taken_evenly():
    falling = np.column_stack([-np.arange(12.0), np.arange(12.0)])
    dominated = falling + 0.5
    for seed in range(5):
        places = spread(np.vstack([dominated, falling]), 4, np.random.default_rng(seed))
        assert [place // 3 for place in places] == [4, 5, 6, 7]
        assert {int(gap) for gap in np.diff(places)} == {3}
    assert sorted(spread(np.vstack([dominated, falling]), 13, np.random.default_rng(0)))[1:] == list(range(12, 24))
    assert len(spread(falling, 99, np.random.default_rng(0))) == 12
    assert spread(falling[:0], 4, np.random.default_rng(0)) == []


def test_of_one_objective_the_best_are_taken():
    assert spread(np.array([[3.0], [1.0], [2.0]]), 2, np.random.default_rng(0)) == [1, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"population_size": 0}, "population_size needs a whole number from 1 to 100,000; found 0"),
        ({"generations": 0}, "generations needs a whole number from 1 to 1,000; found 0"),
        ({"given_up": 1.5}, "given_up needs a number from 0 to 1; found 1.5"),
        ({"explore": -0.1}, "explore needs a number from 0 to 1; found -0.1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RankNas(**change)
