"""Training the supernet of a run."""

import logging

import torch

from nas.devices import default_device, threads
from nas.progress import progress
from nas.run import Run
from nas.supernet import Supernet
from nas.training.loop import fit
from nas.training.shared import SupernetTrainee

log = logging.getLogger(__name__)


def train(run: Run) -> None:
    """Train the shared weights to the end, going on where it stopped; nothing happens if they are there.

    Raises: ValueError if the data is missing, or the checkpoint is damaged.
    """
    if run.has_supernet():
        return
    experiment = run.experiment
    log.info("data: %s", experiment.task.prepare())
    with threads(experiment.supernet.threads), run.phase("supernet"):
        trainee = SupernetTrainee(new_supernet(run), experiment.task, experiment.supernet, experiment.seed)
        with progress("supernet", experiment.supernet.steps, "steps") as advance:
            fit(trainee, run.supernet_checkpoint, run.supernet_log, advance)
        run.save_supernet(trainee.supernet.table.state_dict(), trainee.visits.to_json())


def new_supernet(run: Run) -> Supernet:
    """The supernet as it is before training."""
    torch.manual_seed(run.experiment.seed)
    supernet = Supernet(run.experiment.task.build, run.experiment.space)
    return supernet.to(default_device())
