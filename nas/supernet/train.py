"""Training the supernet of a run, and the supernet that was trained."""

import logging
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from nas.experiment import Experiment
from nas.experiment.loading import Recipe
from nas.runs.run import Run
from nas.supernet import Supernet
from nas.supernet.distributed import DistributedTrainee, Group
from nas.supernet.trainee import SupernetTrainee
from nas.system.devices import default_device, threads
from nas.system.progress import Advance, progress
from nas.training.loop import Files, fit, load_checkpoint

log = logging.getLogger(__name__)


def train(run: Run, processes: int = 1, ray: str | None = None) -> None:
    """Train the shared weights to the end, going on where it stopped; nothing happens if they are there.

    Args:
        processes: Processes that train together. A training may be resumed with another number.
        ray: Address of the Ray cluster on whose machines they run; None for this machine.

    Raises: ValueError if the data is missing, or the checkpoint is damaged, or Ray is not there or too small.
    """
    if processes < 1:
        raise ValueError(f"processes = {processes}; it must be at least 1")
    if run.has_supernet():
        return
    experiment = run.experiment
    log.info("data: %s", experiment.task.prepare())
    with threads(experiment.supernet.threads), run.phase("supernet"):
        trainee = SupernetTrainee(new_supernet(experiment), experiment.task, experiment.supernet, experiment.seed)
        with progress("supernet", experiment.supernet.steps, "steps") as advance:
            if processes == 1 and ray is None:
                fit(trainee, run.supernet_checkpoint, run.supernet_log, advance)
            else:
                _fit_together(run, trainee, processes, ray, advance)
        run.save_supernet(trainee.supernet.table.state_dict(), trainee.visits.to_json())


def new_supernet(experiment: Experiment) -> Supernet:
    """The supernet as it is before training."""
    torch.manual_seed(experiment.seed)
    supernet = Supernet(experiment.task.build, experiment.space)
    return supernet.to(default_device())


def trained_supernet(run: Run) -> Supernet:
    """Raises: ValueError if it was not trained yet, is damaged, or is of another space."""
    return supernet_of(run.experiment, run.supernet_state())


def supernet_of(experiment: Experiment, weights: Mapping[str, Tensor]) -> Supernet:
    """The supernet whose table is `weights`, without a copy on the CPU; for reading.

    Raises: ValueError if they are of another space.
    """
    try:
        supernet = Supernet(experiment.task.build, experiment.space, weights)
    except ValueError as error:
        raise ValueError(f"the trained supernet is not of this experiment's space: {error}") from error
    return supernet.to(default_device()).eval()


def _trainee(recipe: Recipe, folder: str, group: Group) -> DistributedTrainee:
    """The supernet of one process among several, made where that process runs.

    Args:
        folder: Working directory of the command, to which folders of the experiment are relative.

    Raises: ValueError if the data is missing on this machine.
    """
    if Path(folder).is_dir():
        os.chdir(folder)
    experiment = recipe.experiment()
    experiment.task.prepare()
    return DistributedTrainee(new_supernet(experiment), experiment.task, experiment.supernet, experiment.seed, group)


def _fit_together(run: Run, trainee: SupernetTrainee, processes: int, ray: str | None, advance: Advance) -> None:
    """Train by several processes, and give the trainee what they trained."""
    # Ray takes a second to import, and one process does without
    from nas.supernet.on_ray import Processes, fit_on_ray

    files = Files(run.supernet_checkpoint, run.supernet_log)
    found = files.last()
    if found is not None:
        # a checkpoint that does not fit is found here, before anything is started
        load_checkpoint(trainee, found, files.name)
    together = Processes(processes, run.experiment.supernet.threads, ray or "local")
    fit_on_ray(partial(_trainee, run.recipe, os.getcwd()), files, advance, together)
    found = files.last()
    assert found is not None, "the last step ends with a checkpoint"
    load_checkpoint(trainee, found, files.name)
