"""Parameters: how many numbers training adjusts or keeps, all of them, embeddings and output layer included."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from nas.evaluators.pieces import piece_values
from nas.tasks.base import Task


def count_parameters(module: nn.Module, inputs: tuple[Tensor, ...] = ()) -> int:
    """Elements of all parameters, a shared one once; buffers do not count. The inputs do not matter."""
    return sum(parameter.numel() for parameter in module.parameters())


@dataclass(frozen=True)
class Parameters:
    """Parameters of the network: the sum over its pieces."""

    name = "parameters"
    unit = "parameters"
    measured = False

    def __call__(self, task: Task, architecture: Any) -> float:
        return float(sum(piece_values(count_parameters, task, architecture)))
