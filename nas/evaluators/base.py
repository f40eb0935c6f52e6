"""The contracts of evaluators: costs, known from the shape alone, and quality, which needs weights and data.

They are two contracts rather than one because costs come first: a network over a limit is never given weights.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import nn

from nas.tasks.base import EvalSplit, Task


@runtime_checkable
class Cost(Protocol):
    """A cost of running a network, whatever its weights. Less is better."""

    @property
    def name(self) -> str:
        """Key in limits and trials: `flops`."""

    @property
    def unit(self) -> str:
        """Unit of the value, with the convention where there are several."""

    @property
    def measured(self) -> bool:
        """Whether it is a time or the like, which comes out otherwise each time; a run then keeps what it was."""

    def __call__(self, task: Task, architecture: Any) -> float:
        """The cost at the task's example inputs."""


@runtime_checkable
class Quality(Protocol):
    """How good a network with weights is. More is better, always."""

    @property
    def name(self) -> str:
        """Key in results: `accuracy`."""

    @property
    def unit(self) -> str:
        """Unit of the value."""

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        """The quality on a split; the model is left in evaluation mode."""


class Measured(NamedTuple):
    """A quality, and all that belongs to it."""

    value: float
    details: dict[str, Any]
    """How it was measured, and other figures that came with it, as JSON values."""
    texts: dict[str, str]
    """Files to keep beside a result, by name."""


@runtime_checkable
class DetailedQuality(Quality, Protocol):
    """A quality that comes with more than a number."""

    def measure(self, task: Task, model: nn.Module, split: EvalSplit) -> Measured:
        """The quality on a split with what belongs to it."""


@runtime_checkable
class ComparedQuality(Quality, Protocol):
    """A quality that can also be had without a network."""

    def baselines(self, task: Task, split: EvalSplit) -> dict[str, dict[str, Any]]:
        """Qualities on a split of methods that need no network, by their names, with details."""


@runtime_checkable
class PreparedQuality(Quality, Protocol):
    """A quality that needs more than the data: a library, a download, networks of one family."""

    def prepare(self, task: Task, network: nn.Module) -> None:
        """Try what `measure` will need. Raises: ValueError if it is not there.

        Args:
            network: One of the task's, without weights (on torch's device `meta`).
        """


def measure(quality: Quality, task: Task, model: nn.Module, split: EvalSplit) -> Measured:
    """The quality with what belongs to it, if it has more."""
    if isinstance(quality, DetailedQuality):
        return quality.measure(task, model, split)
    return Measured(quality(task, model, split), {}, {})
