"""The contract of a task: data, the ends of the model, the loss, and the inputs at which costs are quoted."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from nas.models.pieces import Piece

EvalSplit = Literal["search", "select", "test"]
"""`search` steers the search; `select` chooses among its finalists, whose scores there are not the best of many;
`test` is read by retraining alone, once per finished network."""


TIMES = (1, 2, 4)
"""Multiples of its own length at which an export quotes FLOPs, of a text or of either side of an image."""


class Batch(NamedTuple):
    """Examples that a training step or an evaluation reads."""

    inputs: tuple[Tensor, ...]
    """Positional inputs of the network."""
    targets: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(tuple(x.to(device) for x in self.inputs), self.targets.to(device))


class Fingerprint(NamedTuple):
    """Tells data apart."""

    size: int
    """Examples, pairs or whatever the part is made of."""
    sha256: str


class DataError(ValueError):
    """Data is missing or damaged; the message says what was asked, what was found and what would do."""


class Task(ABC):
    """A frozen dataclass: equal tasks give equal batches."""

    name: str
    """Short name, a word."""

    @abstractmethod
    def build(self, architecture: Any) -> nn.Module:
        """A plain network for this task, freshly initialised from torch's generator."""

    @abstractmethod
    def prepare(self) -> str:
        """Load and verify the data; one line on what is there. Raises: DataError."""

    def fingerprint(self) -> dict[str, Fingerprint]:
        """Fingerprints of the data, by name of the part: equal only if the data is. Empty if the task cannot say.

        Raises: DataError.
        """
        return {}

    @abstractmethod
    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """The batch of one training step, augmented: a pure function of its arguments, so that training can resume."""

    @abstractmethod
    def batches(self, split: EvalSplit, batch_size: int) -> Iterator[Batch]:
        """The whole split in a fixed order, not augmented."""

    batch_unit: Literal["examples", "tokens"] = "examples"
    """The unit of batch sizes."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Training loss, a scalar: a mean over what `weight` counts."""

    def weight(self, targets: Tensor) -> int:
        """How much these targets count in a mean: their number, or that of their tokens."""
        return len(targets)

    def distillation(self, outputs: Tensor, teacher: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the outputs against the teacher's soft labels; classes along the last dimension."""
        return -(teacher.float().softmax(-1) * log_softmax(outputs.float(), -1)).sum(-1).mean()

    def log_likelihood(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Sum of the targets' log-probabilities, a scalar, without smoothing."""
        return -cross_entropy(outputs.float(), targets, reduction="sum")

    @abstractmethod
    def example_inputs(self) -> tuple[Tensor, ...]:
        """Inputs of batch 1, at the size at which costs are quoted."""

    @abstractmethod
    def cost_setting(self) -> str:
        """The size at which costs are quoted, in words: `64 tokens (32 x 32 pixels in patches of 4)`."""

    def example_tokens(self) -> tuple[int, ...]:
        """Tokens of the example inputs, of a translation those of source and target; empty if it has one length."""
        return ()

    def at_length(self, tokens: int, target_tokens: int | None = None) -> "Task":
        """The same task with inputs of so many tokens, for costs alone; of a translation also its output, equally many
        by default. Raises: ValueError if it has one length.
        """
        raise ValueError(f"task {self.name} has inputs of one length, so no costs at {tokens} tokens")

    def quoted_lengths(self) -> list[tuple[int, ...]]:
        """Lengths at which an export quotes FLOPs, as arguments of `at_length`; empty if inputs have one size."""
        return []

    def pieces(self, architecture: Any) -> list[Piece]:
        """The network cut into parts whose costs add up; by default one part, the whole network."""
        shapes = tuple(tuple(x.shape) for x in self.example_inputs())
        return [Piece(architecture, lambda: self.build(architecture), shapes)]

    def with_data(self, folder: Path) -> "Task":
        """The same task reading its data from `folder`. Raises: ValueError if its data is embedded."""
        raise ValueError(f"task {self.name} carries its data with it and reads no folder; leave out --data {folder}")

    def family(self) -> tuple[str, dict[str, Any]] | None:
        """Name of the networks' family in `nas.export.families`, and their settings for use without training, as JSON
        values; None if `build` makes networks of no family, which are not exported.
        """
        return None

    def preprocessing(self) -> dict[str, Any]:
        """How an export prepares raw inputs, as JSON values (image size, mean, std, class names)."""
        return {}

    def data_licence(self) -> str:
        """Where the data comes from and what its owners allow, in words for a model card."""
        return f"The data of task {self.name}; its licence is not known to the task, ask where it came from."

    def export_files(self) -> dict[str, bytes]:
        """Contents of the files that an export needs besides to read raw inputs, by name."""
        return {}
