"""Local search: where it looks, when it moves, and when it starts anew."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nas.search_space import Choose, Space
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import autoformer_small
from nas.strategies.base import Trial
from nas.strategies.local_search import LocalSearch, last_start, neighbourhoods


@dataclass(frozen=True)
class Channels:
    widths: tuple[int, ...]


class ConvSpace(Space):
    """Six layers of four widths: 18 neighbours each."""

    architecture_type = Channels

    def build(self, choose: Choose) -> Channels:
        return Channels(tuple(choose(f"widths.{n}", (1, 2, 3, 4)) for n in range(6)))


SPACE = FeasibleSpace(ConvSpace(), lambda channels: {"flops": float(sum(channels.widths))}, {})


def trials(*rows: tuple[tuple[int, ...], float | None]) -> list[Trial]:
    return [
        Trial(n, Channels(widths), {"flops": float(sum(widths))}, quality, 0.0, 0.0)
        for n, (widths, quality) in enumerate(rows)
    ]


def distance(first: Any, second: Any) -> int:
    return sum(a != b for a, b in zip(first.widths, second.widths, strict=True))


def propose(history: list[Trial], count: int, minimize: tuple[str, ...] = ()) -> list[Any]:
    return LocalSearch(starts=2, minimize=minimize).propose(SPACE, history, count, np.random.default_rng(0))


FIRST, SECOND = (1, 1, 1, 1, 1, 1), (4, 4, 4, 4, 4, 4)


def test_neighbours_of_the_best_come_first_and_all_of_them():
    history = trials((FIRST, 0.5), (SECOND, 0.9))
    proposed = propose(history, 18)
    assert set(proposed) == set(SPACE.neighbours(Channels(SECOND)))


def test_it_moves_to_a_better_neighbour():
    history = trials((FIRST, 0.5), (SECOND, 0.9), ((4, 4, 4, 4, 4, 3), 0.95))
    proposed = propose(history, 10)
    assert {distance(each, history[2].architecture) for each in proposed} == {1}


def test_a_start_anew_is_random_and_the_next_descent_is_its_own():
    neighbours = [each.widths for each in SPACE.neighbours(Channels(SECOND))]
    history = trials((FIRST, 0.5), (SECOND, 0.9), *((widths, 0.1) for widths in neighbours))
    # nothing near the best is left, so whatever comes is farther from it
    (start,) = propose(history, 1)
    assert distance(start, Channels(SECOND)) > 1
    start = (2, 3, 2, 3, 2, 3)
    # the new start is worse than the best of the first descent, yet its neighbours come next
    history = trials((FIRST, 0.5), (SECOND, 0.9), *((widths, 0.1) for widths in neighbours), (start, 0.2))
    assert {distance(each, Channels(start)) for each in propose(history, 10)} == {1}


def test_with_several_objectives_the_least_explored_of_the_front_comes_first():
    # both are on the front; SECOND has had three neighbours tried, which are dominated
    around = [((4, 4, 4, 4, 3, 4), 0.1), ((4, 4, 4, 3, 4, 4), 0.1), ((4, 4, 3, 4, 4, 4), 0.1)]
    history = trials((FIRST, 0.5), (SECOND, 0.9), *around)
    # both in turn, the least explored ahead
    proposed = propose(history, 6, minimize=("flops",))
    assert [distance(each, Channels(FIRST)) == 1 for each in proposed] == [True, False] * 3
    assert [distance(each, Channels(SECOND)) == 1 for each in proposed] == [False, True] * 3


def test_failures_are_no_place_to_go_on_from():
    history = trials((FIRST, 0.5), (SECOND, None), ((4, 4, 4, 4, 4, 3), float("nan")))
    assert {distance(each, Channels(FIRST)) for each in propose(history, 10)} == {1}


def test_near_is_one_changed_choice_of_those_that_both_have():
    rows = [FIRST, (1, 1, 1, 1, 1, 4), (1, 1, 1, 1, 2, 2)]
    near = neighbourhoods(SPACE, trials(*((widths, 0.0) for widths in rows)))
    assert near.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_all_neighbours_of_a_transformer_are_near_it():
    space = FeasibleSpace(autoformer_small(), lambda architecture: {"flops": 1.0}, {})
    architecture = space.sample(np.random.default_rng(0))
    history = [
        Trial(n, each, {}, 0.0, 0.0, 0.0) for n, each in enumerate([architecture, *space.neighbours(architecture)])
    ]
    assert neighbourhoods(space, history)[0].all()


def test_a_descent_begins_where_trials_stand_alone():
    starts = [True, True, False, False, True, True, False]
    near = np.eye(7, dtype=bool)
    for place, start in enumerate(starts):
        if not start:
            near[place, place - 1] = near[place - 1, place] = True
    assert last_start(near) == 4
    assert last_start(near[:4, :4]) == 0
    assert last_start(near[:0, :0]) == 0


def test_the_best_neighbour_is_found_step_by_step():
    optimum = Channels((3, 1, 4, 1, 2, 4))
    history: list[Trial] = []
    for step in range(12):
        proposed = LocalSearch(starts=5, minimize=()).propose(SPACE, history, 10, np.random.default_rng(step))
        history += [
            Trial(len(history) + n, each, {"flops": 1.0}, -float(distance(each, optimum)), 0.0, 0.0)
            for n, each in enumerate(proposed)
        ]
    # 120 of 4,096 networks; the optimum is six changes away at most
    assert max(trial.quality for trial in history if trial.quality is not None) == 0


def test_it_needs_a_start():
    with pytest.raises(ValueError, match="starts needs a whole number from 1 to 100,000; found 0"):
        LocalSearch(starts=0)
