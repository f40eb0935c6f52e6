"""The contract of a task: data, the ends of the model, the loss, and the inputs at which costs are quoted."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax
from torch.utils._pytree import tree_leaves, tree_map

from nas.models.pieces import Piece

EvalSplit = Literal["search", "select", "test"]
"""`search` steers the search; `select` chooses among its finalists, whose scores there are not the best of many;
`test` is read by retraining alone, once per finished network."""


TIMES = (1, 2, 4)
"""Multiples of its own length at which an export quotes FLOPs, of a text or of either side of an image."""


IGNORED = -100
"""A target that does not count, as in torch's own losses: padding, or a token without a label."""


class Batch(NamedTuple):
    """Examples that a training step or an evaluation reads; each tensor has a row for each example."""

    inputs: tuple[Any, ...]
    """Positional inputs of the network: tensors, or tuples, lists and dicts of them."""
    targets: Any
    """A tensor, or tuples, lists and dicts of them, as the task's loss reads them."""

    def to(self, device: torch.device) -> "Batch":
        return self._each(lambda tensor: tensor.to(device))

    def rows(self, chosen: slice) -> "Batch":
        """The batch with some of its examples alone."""
        return self._each(lambda tensor: tensor[chosen])

    def size(self) -> int:
        """Number of examples."""
        return next(len(leaf) for leaf in tree_leaves(self.targets) if isinstance(leaf, Tensor))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(*(tree_map(lambda x: change(x) if isinstance(x, Tensor) else x, part) for part in self))


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
    def loss(self, outputs: Any, targets: Any) -> Tensor:
        """Training loss, a scalar: a mean over what `weight` counts."""

    def counted(self, targets: Tensor) -> Tensor:
        """True where a label counts, False at padding; by default all but `IGNORED` count."""
        return targets != IGNORED

    def weight(self, targets: Any) -> int:
        """Weight of these targets in a mean: how many labels they hold, or examples where targets are no labels."""
        if isinstance(targets, Tensor) and not targets.is_floating_point():
            return int(self.counted(targets).sum())
        return Batch((), targets).size()

    def distillation(self, outputs: Tensor, teacher: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the outputs against the teacher's soft labels; classes along the last dimension."""
        return -(teacher.float().softmax(-1) * log_softmax(outputs.float(), -1)).sum(-1).mean()

    def log_likelihood(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Sum of the targets' log-probabilities, a scalar, without smoothing; classes along the last dimension.

        Raises: ValueError if the targets are no labels of the outputs.
        """
        check_labels(outputs, targets)
        labels_N = targets.masked_fill(~self.counted(targets), IGNORED).flatten()
        return -cross_entropy(outputs.float().flatten(0, -2), labels_N, reduction="sum", ignore_index=IGNORED)

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


def check_labels(outputs: object, targets: object) -> None:
    """Raises: ValueError unless the outputs are scores of classes, along the last dimension, and each place of the
    others has a label in the targets.
    """
    found = f"outputs are {_words(outputs)}, targets {_words(targets)}"
    if not isinstance(outputs, Tensor) or not isinstance(targets, Tensor):
        raise ValueError(f"{found}; one tensor of scores and one of labels are needed, so return scores alone")
    if targets.is_floating_point() or outputs.dim() < 2 or targets.shape != outputs.shape[:-1]:
        expected = tuple(outputs.shape[:-1])
        raise ValueError(f"{found}; with classes along the last dimension the targets are integers of shape {expected}")


def _words(value: object) -> str:
    """A value of a network or a task in a message: `float32 of shape (2, 10)`."""
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
