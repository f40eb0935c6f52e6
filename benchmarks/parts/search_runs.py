"""Runs of benchmarks/search.py: one searcher on one problem with one seed, and the file that remembers them."""

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nas.strategies.base import Trial
from nas.strategies.named import named_strategy
from nas.strategies.pareto import hypervolume
from nas.system.devices import threads
from parts import search_rivals
from parts.search_problems import Problem, problem

GENERATION = 10
"""Networks that a strategy of ours proposes at once."""
RIVALS: dict[str, tuple[search_rivals.Rival, int]] = {
    "Optuna TPE": (search_rivals.optuna_tpe, 5),
    "Optuna GP": (search_rivals.optuna_gp, 2),
    "Optuna NSGA-II": (search_rivals.optuna_nsga2, 5),
    "Optuna NSGA-II, 20": (partial(search_rivals.optuna_nsga2, population=20), 5),
    "pymoo NSGA-II": (search_rivals.pymoo_nsga2, 5),
    "pymoo NSGA-II, 20": (partial(search_rivals.pymoo_nsga2, population=20), 5),
}
"""How each is made, and how many times the evaluations it may ask for."""


class Task(NamedTuple):
    """What is run; a searcher is a rival's name, or a strategy of ours as `nas` names it."""

    problem: str
    share: str
    searcher: str
    seed: int
    evaluations: int


@dataclass(frozen=True)
class Result:
    """One run."""

    problem: str
    share: str
    searcher: str
    seed: int
    asked: int
    """Evaluations that the searcher was given."""
    evaluations: int
    """Those that it used: fewer where too much of what it asked for was outside the limits or repeated."""
    gains: list[tuple[int, float]]
    """Evaluations at which hypervolume rose, and to what."""
    repeats: int
    """Asked for again; not among the evaluations."""
    outside: int
    """Asked for although outside the limits; not among the evaluations."""
    seconds: float
    """The searcher's own CPU time, quality and costs of what it asked for left out."""

    def hypervolumes(self, evaluations: int) -> np.ndarray:
        """After each evaluation."""
        found = np.zeros(evaluations)
        for number, value in self.gains:
            found[number - 1 :] = value
        return found

    @property
    def task(self) -> Task:
        return Task(self.problem, self.share, self.searcher, self.seed, self.asked)


def results(tasks: Sequence[Task], file: Path, workers: int) -> list[Result]:
    """Of all tasks, run where the file does not have them; each is appended to the file as it ends."""
    known = read(file)
    left = [task for task in tasks if task not in known]
    file.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers, initializer=os.nice, initargs=(10,)) as pool, file.open("a") as out:
        for future in as_completed([pool.submit(run, task) for task in left]):
            result = future.result()
            known[result.task] = result
            out.write(json.dumps(asdict(result)) + "\n")
            out.flush()
            print(*result.task, f"{result.seconds:.0f} s", sep=", ", file=sys.stderr, flush=True)
    return [known[task] for task in tasks]


def read(file: Path) -> dict[Task, Result]:
    lines = file.read_text().splitlines() if file.exists() else []
    found = [Result(**json.loads(line)) for line in lines]
    return {result.task: result for result in found}


# one thread, as everywhere in the project: threads that wait beside other work slow both
@threads(1)
def run(task: Task) -> Result:
    searched = problem(task.problem, task.share)
    of = _run_rival if task.searcher in RIVALS else _run_strategy
    return of(task, searched)


def _run_strategy(task: Task, searched: Problem) -> Result:
    strategy, space, trials, seconds = named_strategy(task.searcher), searched.space, list[Trial](), 0.0
    repeats = outside = 0
    while len(trials) < task.evaluations:
        count = min(GENERATION, task.evaluations - len(trials))
        started = time.process_time()
        proposed = strategy.propose(space, trials, count, np.random.default_rng([task.seed, len(trials)]))
        seconds += time.process_time() - started
        if not proposed:
            break
        known = {trial.architecture for trial in trials}
        for architecture in proposed:
            costs = space.cost(architecture)
            repeats += architecture in known
            outside += space.violation(costs) > 0
            known.add(architecture)
            trials.append(Trial(len(trials), architecture, costs, searched.quality(architecture), 0.0, 0.0))
    points = [(trial.costs["flops"], trial.quality) for trial in trials]
    return _result(task, searched, points, repeats, outside, seconds)


def _run_rival(task: Task, searched: Problem) -> Result:
    rival, most = RIVALS[task.searcher]
    space, points, seconds = searched.space, list[tuple[float, float]](), 0.0
    known: set[Any] = set()
    repeats = outside = 0
    asks = rival(space, task.seed)
    while len(points) < task.evaluations and len(points) + repeats + outside < most * task.evaluations:
        started = time.process_time()
        architecture, tell = next(asks)
        seconds += time.process_time() - started
        costs = space.cost(architecture)
        inside = space.violation(costs) == 0
        quality = searched.quality(architecture) if inside else None
        if quality is not None and architecture not in known:
            points.append((costs["flops"], quality))
        outside += not inside
        repeats += inside and architecture in known
        known.add(architecture)
        started = time.process_time()
        tell((costs, quality))
        seconds += time.process_time() - started
    return _result(task, searched, points, repeats, outside, seconds)


def _result(
    task: Task,
    searched: Problem,
    points: Sequence[tuple[float, float]],
    repeats: int,
    outside: int,
    seconds: float,
) -> Result:
    gains, last = [], 0.0
    for number in range(1, len(points) + 1):
        value = hypervolume(points[:number], searched.corner)
        if value > last:
            gains.append((number, value))
            last = value
    return Result(*task, len(points), gains, repeats, outside, round(seconds, 3))
