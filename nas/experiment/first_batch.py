"""One batch through one network before anything is trained: whether outputs, targets, loss and quality go together."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from nas.evaluators.base import CheckedQuality
from nas.experiment.experiment import Experiment
from nas.tasks.base import Batch, Task

LONGEST = 300
"""Characters of an error that are shown."""
FEW = 2
"""Examples or tokens that are asked for; a batch of tokens holds one pair at least."""


def check_first_batch(experiment: Experiment) -> None:
    """Take the first batch of each training, and try the loss and the qualities on a few examples of the data.

    The smallest network is used, with fresh weights.

    Raises: DataError if the data is missing; ValueError if it cannot fill a batch, the loss is no scalar, the outputs
        cannot be distilled where they must be, or a quality cannot be measured from outputs and targets.
    """
    task, supernet = experiment.task, experiment.supernet
    for training in (supernet, experiment.retrain):
        task.train_batch(0, training.batch_size, experiment.seed)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network = task.build(experiment.space.smallest()).eval()
        size = FEW if task.batch_unit == "examples" else supernet.batch_size
        trained = task.train_batch(0, size, experiment.seed)
        outputs = _outputs(task, network, trained)
        with _refused(f"the loss of task {task.name} fails on a batch"):
            loss = task.loss(outputs, trained.targets)
        _check_scalar(task, "loss", loss)
        if supernet.rule == "sandwich":
            _check_distilled(task, outputs, trained.targets)
        evaluated = next(iter(task.batches("search", FEW)), None)
        if evaluated is None:
            return
        outputs = _outputs(task, network, evaluated)
        for quality in dict.fromkeys((experiment.quality, experiment.tested)):
            if isinstance(quality, CheckedQuality):
                quality.check(task, outputs, evaluated.targets)


@contextmanager
def _refused(what: str) -> Iterator[None]:
    """Errors of the user's own code as one line, with the place where they came up."""
    try:
        yield
    except (RuntimeError, TypeError, AttributeError, IndexError, KeyError, NotImplementedError) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST]
        raise ValueError(f"{what}, before any training: {found} ({place.filename}:{place.lineno})") from error


def _outputs(task: Task, network: nn.Module, batch: Batch) -> Any:
    with _refused(f"the smallest network of task {task.name} fails on a batch"):
        outputs = network(*batch.inputs)
    if outputs is None:
        raise ValueError(f"a network of task {task.name} gives None; its `forward` must return what the loss reads")
    return outputs


def _check_scalar(task: Task, name: str, loss: object) -> None:
    if not isinstance(loss, Tensor) or loss.dim():
        found = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
        raise ValueError(f"the {name} of task {task.name} is {found}; it must be one number, the mean over a batch")


def _check_distilled(task: Task, outputs: Any, targets: Any) -> None:
    if not isinstance(outputs, Tensor):
        found = type(outputs).__name__
        raise ValueError(
            f"networks of task {task.name} give a {found}, and rule sandwich distils one tensor of scores; "
            "return the scores alone, or use rule single_path"
        )
    with _refused(f"the distillation of task {task.name} fails on a batch"):
        loss = task.distillation(outputs, outputs, targets)
    _check_scalar(task, "distillation", loss)
