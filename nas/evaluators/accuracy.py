"""Top-1 accuracy: the share of examples whose greatest output is the target."""

from dataclasses import dataclass

import torch
from torch import nn

from nas.system.ranges import BatchSize, check
from nas.tasks.base import EvalSplit, Task


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy of a classifier, from 0 to 1."""

    batch_size: BatchSize = 500
    """Examples in one pass; changes speed and memory only."""

    name = "accuracy"
    unit = "top-1"

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        """Raises: ValueError if the split is empty."""
        model.eval()
        weight = next(model.parameters(), torch.empty(0))
        correct = total = 0
        with torch.no_grad():
            for batch in task.batches(split, self.batch_size):
                outputs_BC = model(*(x.to(weight.device) for x in batch.inputs))
                correct += int((outputs_BC.argmax(-1) == batch.targets.to(weight.device)).sum())
                total += len(batch.targets)
        if total == 0:
            raise ValueError(f"the {split} split of task {task.name} is empty; accuracy needs at least one example")
        return correct / total
