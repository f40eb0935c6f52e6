"""The networks that are retrained: the front's, and those it is compared with."""

from dataclasses import replace
from typing import Any, NamedTuple

from nas.experiment import Selection
from nas.runs.run import Run
from nas.search.controls import best_hybrids, best_of_kind
from nas.search_space.patterns import kinds
from nas.strategies.base import Trial
from nas.strategies.pareto import evenly


class Selected(NamedTuple):
    """A network that is selected for retraining, and why."""

    architecture: Any
    origin: str


def choose(run: Run, selection: Selection) -> list[Selected]:
    """Networks of the finalists' front on fresh data, spread evenly along the first cost; the best of what they are
    compared with, each kind and each hybrid.

    Raises: ValueError if the search has found nothing yet.
    """
    trials, anchors = run.trials(), run.anchors()
    front = run.front(_on_fresh_data(run, trials) or trials)
    if not front:
        raise ValueError(f"{run.folder} has no evaluated network; run nas search {run.folder} first")
    chosen = {front[place].architecture: "front" for place in evenly(len(front), selection.top)}
    if selection.homogeneous:
        for kind in kinds(run.experiment.space):
            best = best_of_kind(run, [*trials, *anchors], kind)
            if best is not None:
                chosen.setdefault(best.architecture, f"all {kind}")
    if selection.hybrids:
        for pattern, best in best_hybrids(run, [*trials, *anchors]).items():
            chosen.setdefault(best.architecture, str(pattern))
    return [Selected(architecture, origin) for architecture, origin in chosen.items()]


def _on_fresh_data(run: Run, trials: list[Trial]) -> list[Trial]:
    """The finalists, with the qualities that they have on the split `select`."""
    scores = run.scores()
    rescored = ((trial, scores.get((trial.architecture, "select"))) for trial in trials)
    return [replace(trial, quality=score.quality) for trial, score in rescored if score is not None]
