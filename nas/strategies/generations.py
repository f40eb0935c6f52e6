"""A search goes by generations: networks proposed at once from all that was known before them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Strategy, Trial


class Plan(NamedTuple):
    """All that decides, beside the history, which networks a search proposes."""

    strategy: Strategy
    evaluations: int
    """Networks in all."""
    generation: int
    """Networks proposed at once."""
    seed: int


def next_networks(plan: Plan, space: FeasibleSpace, history: Sequence[Trial], done: int) -> list[Any]:
    """The networks to evaluate next; none where the space holds no more.

    A generation that was cut short is proposed again from the history before it, and its finished part is left out. So
    a search that was stopped anywhere goes on to the same trials.

    Args:
        history: All trials; the last `done` of them are of this search, any others were known before it.
    """
    started = done % plan.generation
    count = min(plan.generation, plan.evaluations - done + started)
    before = history[: len(history) - started]
    rng = np.random.default_rng([plan.seed, done - started])
    return plan.strategy.propose(space, before, count, rng)[started:]
