"""Training chosen networks after the search, each with several seeds; the test split is read here and nowhere else."""

import logging
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from nas.devices import default_device, device_name, threads
from nas.experiment import Selection
from nas.parallel import ordered_map
from nas.progress import progress
from nas.provenance import commit
from nas.retrained import Arm, Retrained
from nas.run import Run
from nas.search_space import architecture_id, to_json
from nas.search_space.feasible import homogeneous, kinds
from nas.strategies.base import Trial
from nas.strategies.pareto import front_of_trials
from nas.trained_supernet import trained_supernet
from nas.training.loop import fit
from nas.training.plain import PlainTrainee

log = logging.getLogger(__name__)


class Choice(NamedTuple):
    """A network to train, and why."""

    architecture: Any
    origin: str


class Job(NamedTuple):
    """One training."""

    folder: Path
    data: Path | None
    architecture: dict[str, Any]
    """As JSON: a class of the experiment's file is not known yet where a worker unpacks what it gets."""
    origin: str
    arm: Arm
    seed: int


def retrain(run: Run, choices: list[Choice], workers: int, selection: Selection) -> None:
    """Train every choice with every arm and seed of the selection that has no result yet.

    Raises: ValueError if the data is missing, or a checkpoint is damaged.
    """
    jobs = [
        Job(run.folder, run.data, to_json(choice.architecture), choice.origin, arm, run.experiment.seed + number)
        for number in range(selection.seeds)
        for choice in choices
        for arm in selection.arms
    ]
    pending = [job for job in jobs if run.retrained_one(_architecture(run, job), job.arm, job.seed) is None]
    if not pending:
        return
    log.info("data: %s", run.experiment.task.prepare())
    # the folder may hold another run by now than when this process retrained before
    _opened.cache_clear()
    finished, name = len(jobs) - len(pending), run.experiment.quality.name
    with run.phase("retrain"), progress("retrain", len(jobs), "trainings") as advance:
        advance(finished, "")
        with ordered_map(retrain_one, min(workers, len(pending))) as trained:
            for done, result in enumerate(trained(pending), start=finished + 1):
                advance(done, f"{result.id} {result.arm}: {name} {result.quality:.4f} on the test split")


def choose(run: Run, selection: Selection) -> list[Choice]:
    """Networks of the front, spread evenly along the first cost, and the best of each single kind.

    Raises: ValueError if the search has found nothing yet.
    """
    trials, anchors = run.trials(), run.anchors()
    front = front_of_trials(trials, run.experiment.costs[0].name)
    if not front:
        raise ValueError(f"{run.folder} has no evaluated network; run nas search {run.folder} first")
    places = np.unique(np.linspace(len(front) - 1, 0, selection.top).round().astype(int))[::-1]
    chosen = {front[place].architecture: "front" for place in places}
    if selection.homogeneous:
        for kind in kinds(run.experiment.space):
            best = _best_of_kind(run, [*trials, *anchors], kind)
            if best is not None:
                chosen.setdefault(best.architecture, f"all {kind}")
    return [Choice(architecture, origin) for architecture, origin in chosen.items()]


# one thread, so that results are equal however many workers share the cores
@threads(1)
def retrain_one(job: Job) -> Retrained:
    """One training to its end, going on from its checkpoint, then its one look at the test split."""
    run, loaded = _opened(job.folder, job.data), commit()
    experiment, task, architecture = run.experiment, run.experiment.task, _architecture(run, job)
    network = _initial(run, architecture, job)
    trainee = PlainTrainee(network, task, experiment.retrain, job.seed)
    checkpoint = run.subnet_checkpoint(architecture, job.arm, job.seed)
    seconds = fit(trainee, checkpoint, run.subnet_log(architecture, job.arm, job.seed), lambda done, words: None)
    result = Retrained(
        id=architecture_id(architecture),
        architecture=architecture,
        origin=job.origin,
        arm=job.arm,
        seed=job.seed,
        quality=experiment.quality(task, network, "test"),
        search_quality=experiment.quality(task, network, "search"),
        steps=experiment.retrain.steps,
        seconds=round(seconds, 1),
        device=device_name(),
        commit=loaded,
    )
    run.save_subnet(result, network.state_dict())
    return result


def _architecture(run: Run, job: Job) -> Any:
    return run.experiment.space.from_json(job.architecture)


def _initial(run: Run, architecture: Any, job: Job) -> nn.Module:
    if job.arm == "inherited":
        return trained_supernet(run).subnet(architecture)
    torch.manual_seed(job.seed)
    return run.experiment.task.build(architecture).to(default_device())


def _best_of_kind(run: Run, trials: list[Trial], kind: str) -> Trial | None:
    of_kind = [
        trial
        for trial in trials
        if trial.violation == 0 and homogeneous(run.experiment.space, trial.architecture, kind) == trial.architecture
    ]
    return max(of_kind, key=lambda trial: trial.quality or 0.0, default=None)


@lru_cache(maxsize=1)
def _opened(folder: Path, data: Path | None) -> Run:
    return Run(folder, data)
