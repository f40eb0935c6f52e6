import dataclasses

import numpy as np
import pytest

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import tiny
from nas.strategies.base import Trial
from nas.strategies.guided import Guided
from nas.strategies.pareto import hypervolume
from nas.strategies.random_search import RandomSearch

CORNER = (60_000.0, 0.0)


def cost(architecture):
    stack = architecture.encoder
    flops = stack.embed_dim * sum(8 * b.num_heads + b.ffn_dim for b in stack.blocks)
    return {"flops": float(flops), "parameters": float(stack.embed_dim * (100 + len(stack.blocks)))}


def quality(architecture):
    """Rises with size, and with a kind that is right in early layers alone."""
    stack = architecture.encoder
    early = sum(block.attention == "linear" for block in stack.blocks[:2])
    late = sum(block.attention == "softmax" for block in stack.blocks[2:])
    return 0.3 * np.log(cost(architecture)["flops"]) - 2 + 0.2 * early + 0.1 * late


def search(strategy, evaluations, seed=0, batch=10, limits=None):
    space, trials = FeasibleSpace(tiny(), cost, limits or {}), []
    while len(trials) < evaluations:
        for each in strategy.propose(space, trials, batch, np.random.default_rng([seed, len(trials)])):
            trials.append(Trial(len(trials), each, space.cost(each), quality(each), 0.0, 0.0))
    return trials


def area(trials):
    return hypervolume([(trial.costs["flops"], trial.quality) for trial in trials], CORNER)


@pytest.mark.parametrize("seed", [0, 1])
def test_forty_guided_evaluations_beat_two_hundred_random_ones(seed):
    assert area(search(Guided(), 40, seed)) > area(search(RandomSearch(), 200, seed))


def test_the_first_spread_along_the_cost_and_hold_a_network_of_each_kind():
    first = search(Guided(), 10)
    kinds = [{block.attention for block in trial.architecture.encoder.blocks} for trial in first]
    assert {kind for each in kinds if len(each) == 1 for kind in each} == {"softmax", "linear", "cosformer", "lrpe"}
    costs = [trial.costs["flops"] for trial in first]
    assert max(costs) > 5 * min(costs)


def test_one_by_one_and_in_batches_start_alike():
    alone, batch = search(Guided(), 6, batch=1), search(Guided(), 6, batch=6)
    # the ends and those of one kind are planned; the drawn ones that follow differ
    assert [trial.architecture for trial in alone[:2]] == [trial.architecture for trial in batch[:2]]


@pytest.mark.parametrize("minimize", [(), ("flops", "parameters")])
def test_other_objectives_than_one_cost_are_searched(minimize):
    trials = search(Guided(minimize=minimize), 40)
    drawn = search(RandomSearch(), 40)
    assert max(trial.quality for trial in trials) >= max(trial.quality for trial in drawn)


def test_failed_networks_are_borne_and_not_proposed_again():
    trials = [
        dataclasses.replace(trial, quality=None, failure="out of memory") if trial.number % 3 else trial
        for trial in search(Guided(), 30)
    ]
    space = FeasibleSpace(tiny(), cost, {})
    proposed = Guided().propose(space, trials, 10, np.random.default_rng(0))
    assert len(set(proposed)) == 10
    assert not set(proposed) & {trial.architecture for trial in trials}


def test_equal_qualities_are_borne():
    space = FeasibleSpace(tiny(), cost, {})
    trials = [dataclasses.replace(trial, quality=0.5) for trial in search(Guided(), 20)]
    assert len(set(Guided().propose(space, trials, 10, np.random.default_rng(0)))) == 10


def test_a_setting_below_one_is_refused():
    with pytest.raises(ValueError, match="rounds needs a whole number from 1 to 1,000; found 0"):
        Guided(rounds=0)
