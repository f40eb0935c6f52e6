"""A search that is stopped anywhere goes on to the same trials."""

import numpy as np
import pytest

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import tiny
from nas.strategies.base import Trial
from nas.strategies.evolution import Evolution
from nas.strategies.generations import Plan, next_networks

SPACE = FeasibleSpace(tiny(), lambda architecture: {"flops": float(architecture.encoder.embed_dim)}, {})
PLAN = Plan(Evolution(population_size=8, parents=4), evaluations=26, generation=8, seed=3)


def trial(number, architecture):
    quality = sum(block.ffn_dim for block in architecture.encoder.blocks) / 1_000
    return Trial(number, architecture, SPACE.cost(architecture), quality, 0.0, 0.0)


def search(known=(), stop=26):
    """Trials until `stop`, of which `known` are already there."""
    trials = list(known)
    while len(trials) < stop:
        for architecture in next_networks(PLAN, SPACE, trials, len(trials)):
            if len(trials) < stop:
                trials.append(trial(len(trials), architecture))
    return trials


@pytest.mark.parametrize("stop", range(27))
def test_a_search_goes_on_to_the_same_trials_wherever_it_was_stopped(stop):
    assert search(known=search(stop=stop)) == search()


def test_the_last_generation_is_only_as_large_as_what_is_left():
    assert len(next_networks(PLAN, SPACE, search(stop=24), 24)) == 2


def test_trials_known_before_the_search_are_history_but_no_part_of_a_generation():
    rng = np.random.default_rng(0)
    known = [trial(number, SPACE.sample(rng)) for number in range(5)]
    proposed = next_networks(PLAN, SPACE, known, 0)
    own = [trial(5 + number, architecture) for number, architecture in enumerate(proposed)]
    assert len(proposed) == 8
    assert not {each.architecture for each in known} & set(proposed)
    # in the middle of the generation the rest of it is proposed, whatever was known before
    assert next_networks(PLAN, SPACE, [*known, *own[:3]], 3) == proposed[3:]
