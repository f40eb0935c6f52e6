"""CIFAR-10, 60,000 colour images of 32 x 32 pixels in ten classes.

Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"; read by torchvision's loader.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from nas.models.blocks import Projections
from nas.models.vision import Pooling, Tokenizer
from nas.system.ranges import Range
from nas.tasks.augmentation import Augmentation
from nas.tasks.image_classification import ImageTask, Split, SplitName, draw_per_class, without
from nas.tasks.images.cifar10_files import (
    CLASS_NAMES,
    FOLDER,
    MEAN_TRAIN,
    STD_TRAIN,
    Cifar10Files,
    download,
    find_folder,
    read_files,
)

DEFAULT_ROOT = Path("data")
"""Where the data is looked for, and downloaded to, if no folder is named."""
SPLIT_SEED = 0
SEARCH_PER_CLASS = 500
SELECT_PER_CLASS = 250
MOST_TRAIN_IMAGES = 42_500
CROP_AND_FLIP = Augmentation(shift=4, flip=True)


@dataclass(frozen=True)
class Cifar10(ImageTask):
    """42,500 images to train on, 5,000 to search by, 2,500 to select finalists, and 10,000 to test with."""

    patch_size: int = 4
    tokenizer: Tokenizer = "conv"
    pooling: Pooling = "mean"
    drop_path: float = 0.0
    label_smoothing: float = 0.1
    augmentation: Augmentation = CROP_AND_FLIP
    projections: Projections = "shared"
    train_images: Annotated[int, Range(10, MOST_TRAIN_IMAGES)] | None = None
    """Train on this many of the 42,500 images, equally many of each class; None: on all."""
    root: Path | None = field(default=None, compare=False)
    """Folder that holds cifar-10-batches-py; None: ./data, into which it is downloaded if it is not there."""

    name = "cifar10"
    image_size = 32
    class_names = CLASS_NAMES
    max_value = 255
    mean = MEAN_TRAIN
    std = STD_TRAIN

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.train_images is not None and self.train_images % 10:
            raise ValueError(f"train_images needs a multiple of 10; found {self.train_images:,}")

    def with_data(self, folder: Path) -> "Cifar10":
        return replace(self, root=folder)

    def prepare(self) -> str:
        if self.root is None and not (DEFAULT_ROOT / FOLDER).exists():
            download(DEFAULT_ROOT)
        folder = find_folder(self.root or DEFAULT_ROOT)
        sizes = [len(self.split(name).rows) for name in ("train", "search", "select", "test")]
        counts = "{:,} train, {:,} search, {:,} select and {:,} test images".format(*sizes)
        return f"CIFAR-10 in {folder}: {counts}; {_files(folder.resolve()).verified}"

    def data_licence(self) -> str:
        return (
            "CIFAR-10 (Krizhevsky 2009, *Learning Multiple Layers of Features from Tiny Images*, to be cited). Its "
            "authors state no licence; the images were collected from the web for research."
        )

    def split(self, name: SplitName) -> Split:
        return _splits((self.root or DEFAULT_ROOT).resolve(), self.train_images)[name]


@lru_cache(maxsize=2)
def _files(folder: Path) -> Cifar10Files:
    return read_files(folder)


@lru_cache(maxsize=8)
def _splits(root: Path, train_images: int | None) -> dict[SplitName, Split]:
    files = _files(find_folder(root).resolve())
    train_labels_N = files.train.labels_N
    rng = np.random.default_rng(SPLIT_SEED)
    search = draw_per_class(train_labels_N, SEARCH_PER_CLASS, rng)
    rest = without(len(train_labels_N), search)
    select = rest[draw_per_class(train_labels_N[rest], SELECT_PER_CLASS, rng)]
    train = without(len(train_labels_N), search, select)
    if train_images is not None:
        train = train[draw_per_class(train_labels_N[train], train_images // 10, rng)]
    return {
        "train": Split(*files.train, train),
        "search": Split(*files.train, search),
        "select": Split(*files.train, select),
        "test": Split(*files.test, torch.arange(len(files.test.labels_N))),
    }
