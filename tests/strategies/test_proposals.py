"""New architectures, from draws while these are new and from the rest of the space when they are not."""

from itertools import repeat

import numpy as np
import pytest

from nas.search_space import SearchSpace, Space, StackSpace
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import small
from nas.strategies.base import Trial
from nas.strategies.proposals import unseen


def unlimited(space: Space) -> FeasibleSpace:
    return FeasibleSpace(space, lambda _: {}, {})


# 2 widths x 2 kinds of one block
SPACE = unlimited(SearchSpace(StackSpace((8, 12), (1,), (1,), ("softmax", "linear"), head_dim=4, ffn_dim=(16,))))


def tried(*architectures: object) -> list[Trial]:
    return [Trial(n, architecture, {}, 0.0, 0.0, 0.0) for n, architecture in enumerate(architectures)]


def test_draws_come_in_their_order_without_what_is_known():
    one, two, three, four = SPACE.enumerate()
    draws = iter([two, one, two, four, three])
    assert unseen(SPACE, tried(one), 2, draws, np.random.default_rng(0)) == [two, four]
    assert next(draws) == three


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_draws_that_stay_the_same_are_left_for_the_rest_of_the_space(count):
    everything = list(SPACE.enumerate())
    found = unseen(SPACE, tried(everything[0]), count, repeat(everything[0]), np.random.default_rng(0))
    assert len(set(found)) == len(found) == min(count, 3)
    assert everything[0] not in found


def test_neighbours_of_what_was_tried_come_before_the_rest():
    largest = small().largest()
    found = unseen(unlimited(small()), tried(largest), 5, repeat(largest), np.random.default_rng(0))
    assert set(found) < set(small().neighbours(largest))


def test_a_space_without_anything_new_gives_nothing():
    assert unseen(SPACE, tried(*SPACE.enumerate()), 3, repeat(SPACE.smallest()), np.random.default_rng(0)) == []
