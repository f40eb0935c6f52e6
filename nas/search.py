"""The search loop: propose, cost, evaluate, append.

Only this loop knows limits and evaluations; a strategy sees a space that draws inside the limits, and the history.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from nas.devices import threads
from nas.experiment import feasible_space
from nas.parallel import ordered_map
from nas.progress import progress
from nas.run import Run
from nas.search_space import to_json
from nas.search_space.feasible import FeasibleSpace, homogeneous, kinds
from nas.strategies.base import Trial
from nas.strategies.pareto import front_of_trials
from nas.supernet import Supernet
from nas.trained_supernet import trained_supernet
from nas.training.loop import Advance

log = logging.getLogger(__name__)

SHAPES_DRAWN = 64

Evaluated = Callable[[Sequence["Candidate"]], Iterator[tuple[float, float]]]
"""Qualities and seconds of candidates, in their order."""


class Candidate(NamedTuple):
    """What a worker needs to evaluate one architecture."""

    folder: Path
    data: Path | None
    architecture: dict[str, Any]
    """As JSON: a class of the experiment's file is not known yet where a worker unpacks what it gets."""


def search(run: Run, workers: int) -> None:
    """Evaluate as many architectures as the experiment says, then the anchors, going on where it stopped.

    Raises: ValueError if a limit cannot be met, the supernet is not trained, or the data is missing.
    """
    experiment = run.experiment
    space = feasible_space(experiment)
    space.check_limits()
    trials, anchors = run.trials(), run.anchors()
    if len(trials) >= experiment.evaluations and len(anchors) >= len(anchor_architectures(run, space, trials)):
        return
    log.info("data: %s", experiment.task.prepare())
    # the folder may hold another run by now than when this process searched before
    _opened.cache_clear()
    with run.phase("search"), ordered_map(evaluate, min(workers, experiment.generation)) as evaluated:
        with progress("search", experiment.evaluations, "networks") as advance:
            _search(run, space, evaluated, advance)
        _measure_anchors(run, space, evaluated)


def anchor_architectures(run: Run, space: FeasibleSpace, trials: list[Trial]) -> list[Any]:
    """Networks of a single kind for comparison: the shapes of the front, all of one kind, then random ones."""
    experiment = run.experiment
    front = [trial.architecture for trial in front_of_trials(trials, experiment.costs[0].name)]
    found: list[Any] = []
    for number, kind in enumerate(kinds(experiment.space)):
        rng = np.random.default_rng([experiment.seed, experiment.evaluations, number])
        of_kind = dict.fromkeys(_of_kind(space, front, kind, rng))
        for architecture, _ in zip(of_kind, range(experiment.anchors), strict=False):
            found.append(architecture)
    return found


def _of_kind(space: FeasibleSpace, front: list[Any], kind: str, rng: np.random.Generator) -> Iterator[Any]:
    # the dear end of the front first: that is where a kind shows what it can reach
    for shape in [*reversed(front), *(space.sample(rng) for _ in range(SHAPES_DRAWN))]:
        candidate = homogeneous(space, shape, kind)
        if space.contains(candidate):
            yield candidate


def _search(run: Run, space: FeasibleSpace, evaluated: Evaluated, advance: Advance) -> None:
    experiment = run.experiment
    trials = run.trials()
    advance(len(trials), "")
    while len(trials) < experiment.evaluations:
        # a generation that was cut short is proposed again from the same history, and its finished part is skipped
        start = len(trials) - len(trials) % experiment.generation
        count = min(experiment.generation, experiment.evaluations - start)
        rng = np.random.default_rng([experiment.seed, start])
        proposed = experiment.strategy.propose(space, trials[:start], count, rng)
        pending = proposed[len(trials) - start :]
        if not pending:
            log.info("the space holds nothing more inside the limits; the search ends after %d networks", len(trials))
            return
        for trial in _trials(run, space, pending, len(trials), evaluated):
            run.append_trial(trial)
            trials.append(trial)
            best = max(each.quality for each in trials if each.quality is not None)
            advance(len(trials), f"{experiment.quality.name} {trial.quality:.4f}, best {best:.4f}")


def _measure_anchors(run: Run, space: FeasibleSpace, evaluated: Evaluated) -> None:
    planned, done = anchor_architectures(run, space, run.trials()), len(run.anchors())
    with progress("anchors", len(planned), "networks") as advance:
        advance(done, "")
        for trial in _trials(run, space, planned[done:], done, evaluated):
            run.append_anchor(trial)
            advance(trial.number + 1, f"{run.experiment.quality.name} {trial.quality:.4f}")


def _trials(
    run: Run, space: FeasibleSpace, architectures: list[Any], first: int, evaluated: Evaluated
) -> Iterator[Trial]:
    """Trials of the architectures, in order, each as soon as it is known; `first` is the number of the first."""
    candidates = [Candidate(run.folder, run.data, to_json(architecture)) for architecture in architectures]
    results = zip(architectures, evaluated(candidates), strict=True)
    for number, (architecture, (quality, seconds)) in enumerate(results, start=first):
        costs = space.cost(architecture)
        yield Trial(number, architecture, costs, quality, space.violation(costs), round(seconds, 3))


# one thread, so that results are equal however many workers share the cores
@threads(1)
def evaluate(candidate: Candidate) -> tuple[float, float]:
    """Quality with inherited weights on the search split, and the seconds that it took."""
    run, supernet = _opened(candidate.folder, candidate.data)
    started = time.perf_counter()
    architecture = run.experiment.space.from_json(candidate.architecture)
    quality = run.experiment.quality(run.experiment.task, Inherited(supernet, architecture), "search")
    return quality, time.perf_counter() - started


class Inherited(nn.Module):
    """A subnet that reads its weights from the supernet."""

    def __init__(self, supernet: Supernet, architecture: Any) -> None:
        super().__init__()
        self.supernet = supernet
        self.architecture = architecture

    def forward(self, *inputs: Any) -> Any:
        return self.supernet(*inputs, architecture=self.architecture)


@lru_cache(maxsize=1)
def _opened(folder: Path, data: Path | None) -> tuple[Run, Supernet]:
    run = Run(folder, data)
    return run, trained_supernet(run)
