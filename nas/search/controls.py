"""Controls of a search, of equal budget: networks of one kind, fixed hybrids and random searches."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np

from nas.models.attention import grows_linearly
from nas.runs.records import Search
from nas.runs.run import Run
from nas.search.scoring import Scores
from nas.search_space.patterns import PERIODS, Hybrid, homogeneous, hybrid, hybrid_of, kinds, linear_kinds
from nas.strategies.base import Trial
from nas.strategies.generations import Plan, next_networks
from nas.strategies.named import named_strategy

log = logging.getLogger(__name__)

SHAPES_DRAWN = 64
RANDOM = "random"


def of_one_kind(run: Run, trials: list[Trial]) -> list[Any]:
    """Networks of a single kind: the shapes of the front, all of one kind, then random ones; as many of each kind."""
    space = run.experiment.space
    found: list[Any] = []
    for number, kind in enumerate(kinds(space)):
        found += _in_shapes_of_the_front(run, trials, number, partial(homogeneous, space, kind=kind))
    return found


def hybrids(run: Run, trials: list[Trial], anchors: list[Trial]) -> list[Any]:
    """Fixed hybrids of softmax and the best linear kind, in the same shapes as far as these are deep enough.

    Args:
        anchors: The networks of a single kind, which tell the best linear kind.
    """
    space, rest = run.experiment.space, best_linear_kind(run, [*trials, *anchors])
    found: list[Any] = []
    if rest is None:
        return []
    for period in PERIODS:
        pattern = Hybrid(period, rest)
        own = _in_shapes_of_the_front(run, trials, period, partial(hybrid, space, pattern=pattern))
        if not own:
            log.info("no network inside the limits is deep enough for %s", pattern)
        found += own
    return found


def best_of_kind(run: Run, trials: list[Trial], kind: str) -> Trial | None:
    """The best network of a single kind inside the limits."""
    space = run.experiment.space
    return _best([each for each in trials if homogeneous(space, each.architecture, kind) == each.architecture])


def best_hybrids(run: Run, trials: list[Trial]) -> dict[Hybrid, Trial]:
    """The best network of each pattern inside the limits, whatever its linear kind."""
    patterns = [(hybrid_of(run.experiment.space, each.architecture, grows_linearly), each) for each in trials]
    found: dict[Hybrid, Trial] = {}
    for period in PERIODS:
        best = _best([each for pattern, each in patterns if pattern is not None and pattern.period == period])
        if best is not None:
            found[next(pattern for pattern, each in patterns if each is best and pattern is not None)] = best
    return found


def best_linear_kind(run: Run, trials: list[Trial]) -> str | None:
    """The linear kind that did best alone; None if there is none."""
    best = {kind: best_of_kind(run, trials, kind) for kind in linear_kinds(run.experiment.space, grows_linearly)}
    reached = {kind: own.quality for kind, own in best.items() if own is not None and own.quality is not None}
    return max(reached, key=lambda kind: reached[kind], default=None)


def random_searches(run: Run) -> dict[Search, Plan]:
    """Random searches with the budget of the search itself, under the names that a comparison gives them."""
    own = run.experiment
    return {
        Search(RANDOM, seed, own.evaluations): Plan(
            named_strategy(RANDOM), own.evaluations, own.generation, own.seed + seed
        )
        for seed in range(own.random_searches)
    }


def searched(run: Run, plan: Plan, scores: Scores) -> tuple[list[Trial], float]:
    """A whole search on the run's scores: its trials, and the seconds that the strategy itself took."""
    trials: list[Trial] = []
    own_seconds = 0.0
    while len(trials) < plan.evaluations:
        started = time.perf_counter()
        proposed = next_networks(plan, run.space, trials, len(trials))
        own_seconds += time.perf_counter() - started
        if not proposed:
            break
        for architecture, score in zip(proposed, scores.of(proposed, "search", keep=True), strict=True):
            costs = run.space.cost(architecture)
            violation = run.space.violation(costs)
            trials.append(Trial(len(trials), architecture, costs, violation=violation, **score._asdict()))
    return trials, own_seconds


def _in_shapes_of_the_front(run: Run, trials: list[Trial], stream: int, made: Callable[[Any], Any | None]) -> list[Any]:
    """Networks made from the shapes of the front, then from random ones, inside the limits; `anchors` of them."""
    experiment, space = run.experiment, run.space
    rng = np.random.default_rng([experiment.seed, experiment.evaluations, stream])
    # the dear end of the front first: that is where a kind shows what it can reach
    front = [trial.architecture for trial in run.front(trials)]
    shapes = chain(reversed(front), (space.sample(rng) for _ in range(SHAPES_DRAWN)))
    inside = (each for each in map(made, shapes) if each is not None and space.contains(each))
    return list(islice(_distinct(inside), experiment.anchors))


def _distinct(items: Iterator[Any]) -> Iterator[Any]:
    seen = set()
    for item in items:
        if item not in seen:
            seen.add(item)
            yield item


def _best(trials: list[Trial]) -> Trial | None:
    inside = [trial for trial in trials if trial.violation == 0]
    # a failed one only where there is no other
    return max(inside, key=lambda trial: -math.inf if trial.quality is None else trial.quality, default=None)
