"""The search loop: propose, cost, evaluate, append; then what it is compared with, and the finalists on fresh data.

Only this loop knows limits and evaluations; a strategy sees a space that draws inside the limits, and the history.
"""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from nas.experiment.preflight import preflight
from nas.parallel.map import Workers
from nas.runs.records import Score
from nas.runs.run import Run
from nas.search.controls import hybrids, of_one_kind, random_searches, searched
from nas.search.picture import front_picture
from nas.search.scoring import Scores, scoring
from nas.strategies.base import Trial
from nas.strategies.generations import next_networks
from nas.strategies.pareto import evenly
from nas.system.progress import Advance, progress
from nas.tasks.base import EvalSplit

log = logging.getLogger(__name__)

LEAST_FAILURES = 4
"""Failures in a row that end a search at least: one bad network in generations of one is no reason."""


def search(run: Run, workers: Workers) -> None:
    """Evaluate as many architectures as the experiment says, then what they are compared with and finalists, going on
    where it stopped.

    Raises: ValueError if a limit cannot be met, the supernet is not trained, the data is missing, every network of a
        generation or every finalist fails, or the strategy breaks its contract.
    """
    experiment, space = run.experiment, run.space
    space.check_limits()
    if is_finished(run):
        return
    for line in preflight(experiment, space):
        log.info("%s", line)
    log.info("data: %s", experiment.task.prepare())
    with run.phase("search"), scoring(run, workers.at_most(experiment.generation)) as scores:
        trials, axis, quality = run.trials(), experiment.costs[0].name, experiment.quality.name
        picture = partial(front_picture, trials, axis, quality)
        with progress("search", experiment.evaluations, "networks", picture) as advance:
            _search(run, trials, scores, advance)
        _measure_anchors(run, scores)
        _score_finalists(run, scores)
        _search_at_random(run, scores)


def finalists(run: Run) -> list[Any]:
    """The best networks of the search: its front, then the front of the rest, and so on; as many as are selected.

    Of a front that is too long, networks spread evenly along the first cost; the best is always among them.
    """
    trials = [trial for trial in run.trials() if trial.quality is not None]
    found: list[Any] = []
    while left := run.experiment.selection.finalists - len(found):
        front = run.front(trials)
        if not front:
            break
        found += [front[place].architecture for place in evenly(len(front), left)]
        trials = [trial for trial in trials if trial not in front]
    return found


def is_finished(run: Run) -> bool:
    """Whether all that `search` does is there."""
    trials, known = run.trials(), run.scores()
    return (
        len(trials) - len(run.imported()) >= run.experiment.evaluations
        and all(len(run.anchors()) >= len(planned) for planned in _anchors(run, trials))
        and _are_scored(finalists(run), known)
        and all(run.has_comparison(search.name) for search in random_searches(run))
    )


def _are_scored(chosen: list[Any], known: Mapping[tuple[Any, EvalSplit], Score]) -> bool:
    """Whether every finalist has a score on the split `select`, and not every one failed there."""
    scores = [known.get((architecture, "select")) for architecture in chosen]
    found = [score for score in scores if score is not None]
    return len(found) == len(scores) and (not found or any(score.quality is not None for score in found))


def _anchors(run: Run, trials: list[Trial]) -> Iterator[list[Any]]:
    """Networks to measure for comparison: those of one kind, then with the hybrids, which depend on their qualities."""
    alike = of_one_kind(run, trials)
    yield alike
    yield [*alike, *hybrids(run, trials, run.anchors()[: len(alike)])]


def _search(run: Run, trials: list[Trial], scores: Scores, advance: Advance) -> None:
    """Add what is still to be evaluated to the trials, in the run's folder and in the list."""
    experiment, imported = run.experiment, len(run.imported())
    plan = experiment.plan()
    advance(len(trials) - imported, "")
    _check_failures(run, trials[imported:])
    while (done := len(trials) - imported) < experiment.evaluations:
        pending = next_networks(plan, run.space, trials, done)
        if not pending:
            log.info("the space holds nothing more inside the limits; the search ends after %d networks", done)
            return
        for trial in _trials(run, scores, pending, len(trials)):
            run.append_trial(trial)
            trials.append(trial)
            advance(len(trials) - imported, _words(run, trial, trials))
        _check_failures(run, trials[imported:])


def _measure_anchors(run: Run, scores: Scores) -> None:
    for planned in _anchors(run, run.trials()):
        done = len(run.anchors())
        if done >= len(planned):
            continue
        with progress("anchors", len(planned), "networks") as advance:
            advance(done, "")
            for trial in _trials(run, scores, planned[done:], done):
                run.append_anchor(trial)
                advance(trial.number + 1, _words(run, trial, [trial]))


def _search_at_random(run: Run, scores: Scores) -> None:
    """Random searches with the same budget; networks that the search has evaluated are not evaluated again."""
    planned = random_searches(run)
    with progress("random", len(planned), "searches") as advance:
        for done, (search, plan) in enumerate(planned.items()):
            advance(done, "")
            if not run.has_comparison(search.name):
                run.save_comparison(search.name, *searched(run, plan, scores))
        advance(len(planned), "")


def _score_finalists(run: Run, scores: Scores) -> None:
    """Qualities on the split `select`: of many networks the best was also lucky on the split that found it."""
    chosen = finalists(run)
    if not _are_scored(chosen, scores.known):
        scores.forget_failures(chosen, "select")
    failures = []
    with progress("finalists", len(chosen), "networks") as advance:
        for done, score in enumerate(scores.of(chosen, "select", keep=True), start=1):
            advance(done, score.failure or f"{run.experiment.quality.name} {score.quality:.4f} on fresh data")
            failures += [score.failure] if score.failure else []
    if chosen and len(failures) == len(chosen):
        raise ValueError(
            f"all {len(chosen)} finalists failed on the split select, the last with {failures[-1]}; "
            "mend the cause and give the command again: it evaluates them anew"
        )


def _trials(run: Run, scores: Scores, architectures: list[Any], first: int) -> Iterator[Trial]:
    """Trials of the architectures, in order, each as soon as it is known; `first` is the number of the first."""
    results = zip(architectures, scores.of(architectures, "search", keep=False), strict=True)
    for number, (architecture, score) in enumerate(results, start=first):
        costs = run.space.cost(architecture)
        yield Trial(number, architecture, costs, violation=run.space.violation(costs), **score._asdict())


def _words(run: Run, trial: Trial, trials: list[Trial]) -> str:
    if trial.quality is None:
        return f"failed: {trial.failure}"
    best = max(each.quality for each in trials if each.quality is not None)
    return f"{run.experiment.quality.name} {trial.quality:.4f}, best {best:.4f}"


def _check_failures(run: Run, trials: list[Trial]) -> None:
    """Raises: ValueError if every network of the last whole generation failed; a small one counts with those before."""
    last = trials[-max(run.experiment.generation, LEAST_FAILURES) :]
    is_whole = len(trials) % run.experiment.generation == 0 or len(trials) >= run.experiment.evaluations
    if last and is_whole and all(trial.quality is None for trial in last):
        raise ValueError(
            f"all {len(last)} networks failed, the last with {last[-1].failure}; mend the cause and remove the last "
            f"{len(last)} lines of {run.trials_file}, or correct the experiment and begin another run"
        )
