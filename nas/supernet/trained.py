"""The trained supernet of a run, as evaluation, retraining and export read it."""

from collections.abc import Mapping

from torch import Tensor

from nas.experiment import Experiment
from nas.runs.run import Run
from nas.supernet import Supernet
from nas.system.devices import default_device


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
