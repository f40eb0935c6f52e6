"""Log-likelihood: how likely a network finds the right answer, in nats; of a translation, each right token."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from nas.system.ranges import BatchSize, check
from nas.tasks.base import EvalSplit, Task


@dataclass(frozen=True)
class LogLikelihood:
    """Mean log-probability of what is to be said: each token given the right ones before it. At most 0."""

    batch_size: BatchSize = 4_000
    """Examples or tokens in one pass, as the task counts; changes speed and memory only."""

    name = "log_likelihood"
    unit = "nats"
    bounds = (-math.inf, 0.0)

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        """Raises: ValueError if the split is empty."""
        model.eval()
        device = next(model.parameters(), torch.empty(0)).device
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in task.batches(split, self.batch_size):
                batch = batch.to(device)
                total += float(task.log_likelihood(model(*batch.inputs), batch.targets))
                count += task.weight(batch.targets)
        if count == 0:
            raise ValueError(f"the {split} split of task {task.name} is empty; log-likelihood needs an example")
        return total / count

    def check(self, task: Task, outputs: Any, targets: Any) -> None:
        """Raises: ValueError if the task finds no likelihood of these targets."""
        try:
            task.log_likelihood(outputs, targets)
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            what = "; ".join(str(error).splitlines()[:1])
            raise ValueError(f"log_likelihood of task {task.name}: {what}, or give the task its own") from error
