"""One training of a network after the search, wherever it runs; the test split is read here and nowhere else."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nas.evaluators.base import Measured, Quality, measure
from nas.experiment import Experiment
from nas.runs.records import Retrained
from nas.search_space import architecture_id
from nas.supernet.train import supernet_of
from nas.system.devices import default_device, device_name, threads
from nas.system.progress import Advance
from nas.tasks.base import EvalSplit, Task
from nas.training.loop import Keeper, resume, take_steps
from nas.training.plain import PlainTrainee
from nas.training.settings import Arm


class Job(NamedTuple):
    """One training."""

    architecture: dict[str, Any]
    """As JSON: a class of the experiment's file is not known yet where a worker unpacks what it gets."""
    origin: str
    arm: Arm
    seed: int
    commit: str
    """Commit of the code that was loaded when the command began."""


@dataclass(frozen=True)
class Halving:
    """Asynchronous successive halving, ASHA (arXiv:1810.05934): at each rung only the best 1/factor train on."""

    factor: int = 3
    first: float = 1 / 9
    """The first rung, as a share of all steps; each next one is `factor` times as far."""

    def __post_init__(self) -> None:
        if self.factor < 2 or not 0 < self.first < 1:
            raise ValueError(f"factor = {self.factor} must be at least 2 and first = {self.first} between 0 and 1")

    def rungs(self, steps: int) -> list[int]:
        """Steps after which the trainings are compared on the split `search`."""
        found, rung = [], max(round(self.first * steps), 1)
        while rung < steps:
            found.append(rung)
            rung *= self.factor
        return found


class FailedTrainingError(ValueError):
    """The training is over, and its network is no result."""


Started = Callable[[PlainTrainee], Advance]
"""Called with what is about to be trained; what it returns is called after every step."""


# one thread, so that results are equal however many workers share the cores
@threads(1)
def train_network(
    experiment: Experiment,
    job: Job,
    weights: Callable[[], Mapping[str, Tensor]],
    keeper: Keeper,
    started: Started,
    interrupted: Callable[[], bool],
) -> tuple[Retrained, nn.Module]:
    """One training to its end, going on from its checkpoint, then its one look at the test split.

    Args:
        weights: Those of the supernet, asked for where the network inherits them.

    Raises: ValueError if the data is missing, a loss is not finite, or the checkpoint does not fit; FailedTrainingError
        if a quality is not finite at the end; KeyboardInterrupt after a checkpoint.
    """
    task, architecture = experiment.task, experiment.space.from_json(job.architecture)
    network = _initial(experiment, architecture, job, weights)
    trainee = PlainTrainee(network, task, experiment.retrain, job.seed)
    begun = resume(trainee, keeper)
    seconds = take_steps(trainee, keeper, begun, started(trainee), interrupted)
    trainee.finish()
    tested = _finite(experiment.tested, task, network, "test")
    result = Retrained(
        id=architecture_id(architecture),
        architecture=architecture,
        origin=job.origin,
        arm=job.arm,
        seed=job.seed,
        quality=tested.value,
        search_quality=_finite(experiment.quality, task, network, "search").value,
        steps=experiment.retrain.steps,
        seconds=round(seconds, 1),
        device=device_name(),
        commit=job.commit,
        details=tested.details | trainee.averaged,
        texts=tested.texts,
    )
    return result, network


def _finite(quality: Quality, task: Task, network: nn.Module, split: EvalSplit) -> Measured:
    """Raises: FailedTrainingError if the quality is no finite number."""
    found = measure(quality, task, network, split)
    if not math.isfinite(found.value):
        raise FailedTrainingError(f"after training, {quality.name} is {found.value} on the {split} split")
    return found


def _initial(
    experiment: Experiment, architecture: Any, job: Job, weights: Callable[[], Mapping[str, Tensor]]
) -> nn.Module:
    if job.arm == "inherited":
        return supernet_of(experiment, weights()).subnet(architecture)
    torch.manual_seed(job.seed)
    return experiment.task.build(architecture).to(default_device())


# one thread, as when it was trained
@threads(1)
def qualities(experiment: Experiment, network: nn.Module) -> tuple[float, float]:
    """The network's quality on the test split and on the search split, measured again."""
    task, network = experiment.task, network.to(default_device())
    return measure(experiment.tested, task, network, "test").value, experiment.quality(task, network, "search")
