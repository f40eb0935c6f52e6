"""Top-1 accuracy: the share of labels, of examples or of tokens, that have the greatest output."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from nas.system.ranges import BatchSize, check
from nas.tasks.base import EvalSplit, Task, check_labels


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy of a classifier of examples or of tokens, from 0 to 1; padding does not count."""

    batch_size: BatchSize = 500
    """Examples in one pass; changes speed and memory only."""

    name = "accuracy"
    unit = "top-1"
    bounds = (0.0, 1.0)

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        """Raises: ValueError if the split is empty, or the targets are no labels of the outputs."""
        model.eval()
        device = next(model.parameters(), torch.empty(0)).device
        correct = total = 0
        with torch.no_grad():
            for batch in task.batches(split, self.batch_size):
                batch = batch.to(device)
                outputs = model(*batch.inputs)
                self.check(task, outputs, batch.targets)
                counted = task.counted(batch.targets)
                correct += int((outputs.argmax(-1) == batch.targets)[counted].sum())
                total += int(counted.sum())
        if total == 0:
            raise ValueError(f"the {split} split of task {task.name} is empty; accuracy needs at least one example")
        return correct / total

    def check(self, task: Task, outputs: Any, targets: Any) -> None:
        """Raises: ValueError if the targets are no labels of the outputs."""
        try:
            check_labels(outputs, targets)
        except ValueError as error:
            raise ValueError(f"accuracy of task {task.name}: {error}") from error
