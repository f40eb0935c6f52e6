"""Parameters: how many numbers training adjusts or keeps.

All of them, or those of the body alone: what translation's usual figures count, without embeddings and output layer.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from nas.evaluators.pieces import Part, piece_values
from nas.system.ranges import check
from nas.tasks.base import Task


def count_parameters(module: nn.Module, inputs: tuple[Tensor, ...] = ()) -> int:
    """Elements of all parameters, a shared one once; buffers do not count. The inputs do not matter."""
    return sum(parameter.numel() for parameter in module.parameters())


@dataclass(frozen=True)
class Parameters:
    """Parameters of the network: the sum over its pieces."""

    of: Part = "network"
    """`body` leaves out embeddings and the output layer; the cost's name is then `body_parameters`."""

    unit = "parameters"
    measured = False

    def __post_init__(self) -> None:
        check(self)

    @property
    def name(self) -> str:
        return "parameters" if self.of == "network" else "body_parameters"

    def __call__(self, task: Task, architecture: Any) -> float:
        return float(sum(piece_values(count_parameters, task, architecture, self.of)))
