"""How long an experiment will take: a few networks are tried for a moment each, nothing is kept."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from nas.experiment import Experiment
from nas.experiment.costs import feasible_space
from nas.models.attention import grows_linearly
from nas.search_space.patterns import hybrid_periods, kinds
from nas.supernet.calibration import batches_read, statistics_keepers
from nas.system.devices import default_device, threads
from nas.tasks.base import Task
from nas.training.plain import PlainTrainee
from nas.training.settings import Training

NETWORKS = 3
"""Networks that are tried."""
LONGEST_SECONDS = 2.0
"""A try that would take longer is made with fewer examples and scaled up."""
LEAST_BATCH = 2
BATCH = 500


@dataclass(frozen=True)
class Durations:
    """Seconds on one core, or on the GPU, of what a run repeats; means over a few random networks inside the limits."""

    supernet_step: float
    evaluation: float
    """On the split `search`, with the running statistics taken anew before, where there are any."""
    retrain_step: float

    def phases(self, experiment: Experiment, workers: int) -> dict[str, float]:
        """Seconds of each phase, without starting processes, loading data and what the strategy itself takes."""
        selection, several = experiment.selection, len(kinds(experiment.space))
        patterns = len(hybrid_periods(experiment.space, grows_linearly))
        paths = 2 + experiment.supernet.random_paths if experiment.supernet.rule == "sandwich" else 1
        chosen = selection.top + several * selection.homogeneous + patterns * selection.hybrids
        trainings = chosen * selection.seeds * len(selection.arms)
        networks = experiment.evaluations * (1 + experiment.random_searches) + experiment.anchors * (several + patterns)
        return {
            "supernet": experiment.supernet.steps * self.supernet_step * paths,
            "search": networks * self.evaluation / workers,
            "retrain": trainings * experiment.retrain.steps * self.retrain_step / workers,
        }


# as in the workers: the times of one thread are the ones that add up
@threads(1)
def durations(experiment: Experiment) -> Durations:
    """Try a few networks of the experiment. Raises: DataError if the data is missing."""
    rng, space = np.random.default_rng(experiment.seed), feasible_space(experiment)
    networks = [space.sample(rng) for _ in range(NETWORKS)]
    task = experiment.task
    with torch.random.fork_rng(devices=[]):
        return Durations(
            _mean(lambda each: _step_seconds(task, each, experiment.supernet), networks),
            _mean(lambda each: _evaluation_seconds(experiment, each), networks),
            _mean(lambda each: _step_seconds(task, each, experiment.retrain), networks),
        )


def _mean(seconds: Callable[[Any], float], networks: list[Any]) -> float:
    return float(np.mean([seconds(network) for network in networks]))


def _step_seconds(task: Task, architecture: Any, training: Training) -> float:
    trainee = PlainTrainee(task.build(architecture).to(default_device()), task, training, seed=0)

    def step(size: int) -> None:
        trainee.training = replace(training, batch_size=size)
        trainee.step(0)

    # a batch of few tokens may not hold a single pair
    return _scaled(step, training.batch_size, LEAST_BATCH if task.batch_unit == "examples" else training.batch_size)


def _evaluation_seconds(experiment: Experiment, architecture: Any) -> float:
    """Seconds for the whole split, estimated from its first batch."""
    model = experiment.task.build(architecture).to(default_device()).eval()
    task = experiment.task
    examples = sum(task.weight(batch.targets) for batch in task.batches("search", BATCH))

    def first(size: int) -> None:
        with torch.no_grad():
            batch = next(iter(task.batches("search", size))).to(default_device())
            model(*batch.inputs)

    reading = _scaled(first, min(BATCH, examples), LEAST_BATCH) * examples / min(BATCH, examples)
    return reading + _calibration_seconds(experiment, model)


def _calibration_seconds(experiment: Experiment, model: nn.Module) -> float:
    """Seconds to take the running statistics anew; 0 for a network without."""
    task, training = experiment.task, experiment.supernet
    if not statistics_keepers(model, task, training, experiment.seed):
        return 0.0

    def read(size: int) -> None:
        with torch.no_grad():
            model(*task.train_batch(0, size, experiment.seed).to(default_device()).inputs)

    least = LEAST_BATCH if task.batch_unit == "examples" else training.batch_size
    return batches_read(training) * _scaled(read, training.batch_size, least)


def _scaled(action: Callable[[int], object], size: int, least: int) -> float:
    """Seconds of `action(size)`, tried with `least` and ever more examples as long as that takes a moment."""
    tried = min(least, size)
    action(tried)
    while True:
        started = time.perf_counter()
        action(tried)
        seconds = time.perf_counter() - started
        if tried == size or seconds * 4 > LONGEST_SECONDS:
            return seconds * size / tried
        tried = min(4 * tried, size)
