"""Image classification tasks: a Vision Transformer, cross-entropy, and batches out of tensors in memory.

A subclass says what its images are and where they come from.
Shapes: N images, C channels, H height, W width.
"""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.models.blocks import Projections
from nas.models.pieces import Piece
from nas.models.vision import Pooling, Tokenizer, VisionTransformer, vision_pieces
from nas.system.ranges import Range, ShareBelowOne, Tokens, check, require
from nas.tasks.augmentation import Augmentation
from nas.tasks.base import TIMES, Batch, EvalSplit, Fingerprint, Task
from nas.tasks.images.pixels import normalised

SplitName = Literal["train", "search", "select", "test"]

HASHED_AT_ONCE = 2_000
"""Images that are copied at once to be hashed."""

# streams of one seed: the order of the images, and what is done to them
ORDER, AUGMENTATION = 0, 1


class Split(NamedTuple):
    """Some of the images of a tensor that splits may share."""

    images_NCHW: Tensor
    """Bytes."""
    labels_N: Tensor
    rows: Tensor
    """Which images belong to the split, in its order."""


@dataclass(frozen=True)
class ImageTask(Task):
    """Images of one size, in classes.

    A subclass may override `build` with a builder of its own networks; their costs are then measured on the whole
    network, and they are not exported, since an export holds no code.
    """

    patch_size: Annotated[int, Range(1, 10_000)]
    """Pixels along either side of a token."""
    tokenizer: Tokenizer
    """Linear patch embedding, or a small convolutional network."""
    pooling: Pooling
    """The part of the tokens that the classifier sees."""
    drop_path: ShareBelowOne
    """Chance to skip the last block in training; it falls linearly to 0 at the first."""
    label_smoothing: ShareBelowOne
    """Share of the target that is spread over all classes, in training only."""
    augmentation: Augmentation
    projections: Projections
    """Whether the attention kinds of a layer share the weights around them in a supernet; no cost depends on it."""

    image_size: ClassVar[int]
    """Height and width in pixels."""
    class_names: ClassVar[tuple[str, ...]]
    max_value: ClassVar[int]
    """Value of a fully lit pixel; a dark one is 0."""
    mean: ClassVar[tuple[float, ...]]
    """Mean of each channel over the training images, as a share of `max_value`."""
    std: ClassVar[tuple[float, ...]]
    """Standard deviation of each channel over the training images, as a share of `max_value`."""

    def __post_init__(self) -> None:
        check(self)
        if self.image_size % self.patch_size:
            raise ValueError(f"patch_size {self.patch_size} does not divide {self.image_size}, the side of the images")
        if self.augmentation.operations and self.max_value != 255:
            what = f"augmentation.operations need pixels of 0 to 255; those of {self.name} end at {self.max_value}"
            raise ValueError(what)

    @abstractmethod
    def split(self, name: SplitName) -> Split:
        """Images, labels and rows of a split. Raises: DataError."""

    def fingerprint(self) -> dict[str, Fingerprint]:
        return {name: _fingerprint(self.split(name)) for name in get_args(SplitName)}

    def build(self, architecture: Any) -> nn.Module:
        settings = self._vision_settings()
        return VisionTransformer(architecture, drop_path=self.drop_path, projections=self.projections, **settings)

    def pieces(self, architecture: Any) -> list[Piece]:
        return (
            vision_pieces(architecture, **self._vision_settings())
            if self._is_vision()
            else super().pieces(architecture)
        )

    def family(self) -> tuple[str, dict[str, Any]] | None:
        if not self._is_vision():
            return None
        return "vision_transformer", {**self._vision_settings(), "drop_path": 0.0, "projections": self.projections}

    def _is_vision(self) -> bool:
        return type(self).build is ImageTask.build

    def _vision_settings(self) -> dict[str, Any]:
        return {
            "image_size": self.image_size,
            "in_channels": len(self.mean),
            "num_classes": len(self.class_names),
            "patch_size": self.patch_size,
            "tokenizer": self.tokenizer,
            "pooling": self.pooling,
        }

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Epochs are permutations drawn from (seed, epoch); what does not fill a last batch is left out of the epoch.

        Raises: ValueError if the batch is larger than the split.
        """
        images_NCHW, labels_N, rows = self.split("train")
        steps_per_epoch = len(rows) // batch_size if batch_size > 0 else 0
        if not steps_per_epoch:
            what = f"batch size {batch_size} is not within 1 to {len(rows)}, the training images of {self.name}"
            raise ValueError(what)
        epoch, place = divmod(step, steps_per_epoch)
        order = _epoch_order(len(rows), seed, epoch)[place * batch_size : (place + 1) * batch_size]
        chosen = rows[order]
        augmented = self.augmentation(images_NCHW[chosen], np.random.default_rng([seed, AUGMENTATION, step]))
        return Batch((self.normalise(augmented),), labels_N[chosen])

    def batches(self, split: EvalSplit, batch_size: int) -> Iterator[Batch]:
        if batch_size < 1:
            raise ValueError(f"batch size {batch_size} is below 1")
        images_NCHW, labels_N, rows = self.split(split)
        for chosen in torch.split(rows, batch_size):
            yield Batch((self.normalise(images_NCHW[chosen]),), labels_N[chosen])

    def normalise(self, images_NCHW: Tensor) -> Tensor:
        """Bytes as float32 of mean 0 and standard deviation 1 in each channel."""
        return normalised(images_NCHW, self.max_value, self.mean, self.std)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)

    def example_inputs(self) -> tuple[Tensor, ...]:
        return (torch.zeros(1, len(self.mean), self.image_size, self.image_size),)

    def example_tokens(self) -> tuple[int, ...]:
        """Patches of an image."""
        return ((self.image_size // self.patch_size) ** 2,) if self._is_vision() else ()

    def at_length(self, tokens: int, target_tokens: int | None = None) -> "ImageTask":
        """Square images of so many patches. Raises: ValueError if the number is not a square."""
        if target_tokens is not None:
            raise ValueError(f"task {self.name} has classes, not tokens, as output; leave out target_length")
        require("length", tokens, Tokens)
        side = math.isqrt(tokens)
        if side * side != tokens or not self._is_vision():
            what = "networks of its own builder" if not self._is_vision() else "square images"
            raise ValueError(f"task {self.name} has {what}, so no costs at {tokens} tokens; try {side**2}")
        names = [field.name for field in fields(self)]
        resized: ImageTask = _resized(type(self), side * self.patch_size)(**{n: getattr(self, n) for n in names})
        return resized

    def quoted_lengths(self) -> list[tuple[int, ...]]:
        side = self.image_size // self.patch_size
        return [((times * side) ** 2,) for times in TIMES] if self._is_vision() else []

    def cost_setting(self) -> str:
        if not self._is_vision():
            return f"{self.image_size} x {self.image_size} pixels"
        side = self.image_size // self.patch_size
        tokens = side * side + (self.pooling == "class_token")
        return f"{tokens} tokens ({self.image_size} x {self.image_size} pixels in patches of {self.patch_size})"

    def preprocessing(self) -> dict[str, Any]:
        """Divide by `max_value`, subtract the mean, divide by the standard deviation."""
        return {
            "image_size": self.image_size,
            "channels": len(self.mean),
            "value_range": [0, self.max_value],
            "max_value": self.max_value,
            "mean": list(self.mean),
            "std": list(self.std),
            "class_names": list(self.class_names),
        }


def draw_per_class(labels_N: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """Ascending rows of `count` images of each class, drawn without repeats.

    Raises: ValueError if a class has fewer.
    """
    counts = torch.bincount(labels_N)
    if count > int(counts.min()):
        raise ValueError(f"{count} images of each class wanted, found {int(counts.min())} in the smallest class")
    classes = [torch.nonzero(labels_N == label)[:, 0].numpy() for label in range(len(counts))]
    return torch.from_numpy(np.sort(np.concatenate([rng.permutation(rows)[:count] for rows in classes])))


def without(size: int, *taken: Tensor) -> Tensor:
    """Ascending rows of 0..size-1 that are in none of `taken`."""
    free = torch.ones(size, dtype=torch.bool)
    free[torch.cat(taken)] = False
    return torch.nonzero(free)[:, 0]


def _fingerprint(split: Split) -> Fingerprint:
    """The fingerprint of pixels and labels in their order."""
    found = sha256()
    for rows in torch.split(split.rows, HASHED_AT_ONCE):
        found.update(split.images_NCHW[rows].numpy().tobytes() + split.labels_N[rows].numpy().tobytes())
    return Fingerprint(len(split.rows), found.hexdigest())


@cache
def _resized(task: type[ImageTask], image_size: int) -> Any:
    """The task's class for images of another size: other networks, so tasks of it are equal to none of the class."""
    return type(f"{task.__name__}At{image_size}", (task,), {"image_size": image_size})


# every step of an epoch asks for the same permutation
@lru_cache(maxsize=4)
def _epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, ORDER, epoch]).permutation(count))
