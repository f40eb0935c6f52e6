"""A search goes by generations: networks proposed at once from all that was known before them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nas.search_space import architecture_id
from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Strategy, Trial
from nas.strategies.proposals import MOST_OUTSIDE
from nas.system.failures import failure_line

REMEDY = "a strategy proposes new networks inside the limits; nas.strategies.proposals.unseen helps"


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

    Raises: ValueError if the strategy fails or breaks its contract, or the history is not what it proposed.
    """
    started = done % plan.generation
    count = min(plan.generation, plan.evaluations - done + started)
    before = history[: len(history) - started]
    proposed = _proposed(plan, space, before, count, done - started)
    found = [trial.architecture for trial in history[len(before) :]]
    if proposed[:started] != found:
        raise ValueError(
            f"the last {started} trials are not what {_name(plan)} proposes there with seed {plan.seed}: they are of "
            "another seed or version, or it is no pure function; remove their lines to search them again"
        )
    return proposed[started:]


def _proposed(plan: Plan, space: FeasibleSpace, before: Sequence[Trial], count: int, place: int) -> list[Any]:
    """A whole generation, held to the contract. Raises: ValueError."""
    try:
        # a list of its own: a strategy that keeps the one it returns cannot change it later
        found = list(plan.strategy.propose(space, before, count, np.random.default_rng([plan.seed, place])))
    except Exception as error:
        raise ValueError(f"{_name(plan)} failed: {failure_line(error)}") from error
    if len(found) > count:
        raise ValueError(f"{_name(plan)} was asked for {count} networks and proposed {len(found)}")
    seen = {trial.architecture for trial in before}
    for number, architecture in enumerate(found, start=1):
        wrong = _fault(space, seen, architecture)
        if wrong:
            raise ValueError(f"{_name(plan)} proposed {wrong} (proposal {number} of {count}); {REMEDY}")
        seen.add(architecture)
    if len(found) < count:
        # where `unseen` gives up; what it finds is always less than this
        left = next((each for each in space.enumerate(most_outside=MOST_OUTSIDE) if each not in seen), None)
        if left is not None:
            more = f"the space holds more, as {architecture_id(left)}"
            raise ValueError(
                f"{_name(plan)} was asked for {count} networks and proposed {len(found)}; {more}; {REMEDY}"
            )
    return found


def _fault(space: FeasibleSpace, seen: set[Any], architecture: Any) -> str | None:
    """The clause of the contract that a proposal breaks, in words."""
    if not isinstance(architecture, space.space.architecture_type):
        return f"a {type(architecture).__name__}, not a {space.space.architecture_type.__name__}"
    if architecture in seen:
        return f"the network {architecture_id(architecture)} again"
    if not space.space.contains(architecture):
        return f"the network {architecture_id(architecture)}, which is not in the space"
    return None if space.contains(architecture) else f"the network {architecture_id(architecture)}, outside the limits"


def _name(plan: Plan) -> str:
    return f"the strategy {type(plan.strategy).__name__}"
