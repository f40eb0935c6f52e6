"""The contracts of evaluators: costs, known from the shape alone, and quality, which needs weights and data.

They are two contracts rather than one because costs come first: a network over a limit is never given weights.
"""

import math
from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import nn

from nas.tasks.base import EvalSplit, Task

ROUNDING = 1e-6


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
class ExplainedQuality(Quality, Protocol):
    """A quality that depends on a choice which the task decides."""

    def explain(self, task: Task) -> str:
        """The choice in words: `bleu by sacreBLEU's tokenizer zh, for the target language zh`."""


@runtime_checkable
class PreparedQuality(Quality, Protocol):
    """A quality that needs more than the data: a library, a download, networks of one family."""

    def prepare(self, task: Task, network: nn.Module) -> None:
        """Try what `measure` will need. Raises: ValueError if it is not there.

        Args:
            network: One of the task's, without weights (on torch's device `meta`).
        """


@runtime_checkable
class BoundedQuality(Quality, Protocol):
    """A quality that knows its range."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that there can be."""


@runtime_checkable
class CheckedQuality(Quality, Protocol):
    """A quality that can tell from one batch whether it can be measured."""

    def check(self, task: Task, outputs: Any, targets: Any) -> None:
        """Raises: ValueError if it cannot be measured from such outputs and targets."""


def measure(quality: Quality, task: Task, model: nn.Module, split: EvalSplit) -> Measured:
    """The quality with what belongs to it, if it has more. Raises: ValueError if it is outside its range."""
    if isinstance(quality, DetailedQuality):
        found = quality.measure(task, model, split)
    else:
        found = Measured(quality(task, model, split), {}, {})
    if wrong := outside_bounds(quality, found.value):
        raise ValueError(f"{wrong}; correct the quality or the task's targets")
    return found


def outside_bounds(quality: Quality, value: float) -> str | None:
    """Words on a value that the quality cannot have; None if it can."""
    least, most = quality.bounds if isinstance(quality, BoundedQuality) else (-math.inf, math.inf)
    # sums of rounded numbers may end a little outside
    slack = ROUNDING * max(abs(value), 1.0)
    if value < least - slack or value > most + slack:
        return f"{quality.name} is {value}, outside its range from {least:g} to {most:g}"
    return None
