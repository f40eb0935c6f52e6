"""A search that is stopped anywhere goes on to the same trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nas.search_space import Architecture, Stack
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


@dataclass(frozen=True)
class Proposing:
    """A strategy of a user's own that returns what it is given."""

    make: Callable[[FeasibleSpace, Sequence[Trial], int, np.random.Generator], Any]

    def propose(self, space, history, count, rng):
        return self.make(space, history, count, rng)


LIMITED = FeasibleSpace(SPACE.space, SPACE.cost, {"flops": SPACE.cost(SPACE.smallest())["flops"]})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda space, *_: [space.smallest()] * 8, r"proposed the network \w{10} again \(proposal 2 of 8\)"),
        (lambda space, *_: [space.largest()], r"\w{10}, outside the limits \(proposal 1 of 8\)"),
        (lambda space, _, count, rng: space.sample_many(rng, count + 1), "asked for 8 networks and proposed 9"),
        (lambda space, *_: [], r"asked for 8 networks and proposed 0; the space holds more, as \w{10}"),
        (lambda space, *_: [{"embed_dim": 8}], "proposed a dict, not a Architecture"),
        (lambda space, *_: [Architecture(Stack(7, ()))], "which is not in the space"),
        (lambda *_: None, "failed: TypeError: 'NoneType' object is not iterable"),
        (lambda space, history, *_: [history[0]], r"failed: IndexError: .* \(test_generations.py, line \d+\)"),
    ],
)
def test_a_strategy_is_held_to_new_inside_and_as_many_as_asked(make, said):
    with pytest.raises(ValueError, match=f"^the strategy Proposing .*{said}"):
        next_networks(Plan(Proposing(make), 26, 8, 3), LIMITED, [], 0)


def test_a_network_of_the_history_is_not_new():
    plan = Plan(Proposing(lambda space, *_: [space.smallest()]), 1, 1, 0)
    with pytest.raises(ValueError, match=r"proposed the network \w{10} again"):
        next_networks(plan, SPACE, [trial(0, SPACE.smallest())], 0)


def test_trials_of_another_seed_are_no_part_of_a_generation():
    begun = search(stop=11)
    other = Plan(PLAN.strategy, PLAN.evaluations, PLAN.generation, seed=4)
    with pytest.raises(ValueError, match=r"the last 3 trials are not what the strategy Evolution proposes .* seed 4"):
        next_networks(other, SPACE, begun, 11)
