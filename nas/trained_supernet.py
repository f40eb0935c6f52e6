"""The trained supernet of a run, as evaluation, retraining and export read it."""

from nas.devices import default_device
from nas.run import Run
from nas.supernet import Supernet


def trained_supernet(run: Run) -> Supernet:
    """Raises: ValueError if it was not trained yet, is damaged, or is of another space."""
    supernet = Supernet(run.experiment.task.build, run.experiment.space)
    try:
        supernet.table.load_state_dict(run.supernet_state())
    except RuntimeError as error:
        raise ValueError(f"the supernet in {run.folder} is not of this experiment's space: {error}") from error
    return supernet.to(default_device()).eval()
