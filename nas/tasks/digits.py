"""Handwritten digits, 1,797 images of 8 x 8 pixels in ten classes, embedded in scikit-learn: nothing is downloaded.

Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits" (its test part), UCI repository.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits

from nas.models.blocks import Projections
from nas.models.vision import Pooling, Tokenizer
from nas.tasks.augmentation import Augmentation
from nas.tasks.image_classification import ImageTask, Split, SplitName, draw_per_class, without

SPLIT_SEED = 0
HELD_OUT_PER_CLASS = 35
"""Images of each class in the search split, and as many in the test split; the smallest class has 174."""
SELECT_PER_CLASS = 20

ONE_PIXEL = Augmentation(shift=1)


@dataclass(frozen=True)
class Digits(ImageTask):
    """897 images to train on, 350 to search by, 200 to select finalists with, 350 to test with."""

    patch_size: int = 1
    tokenizer: Tokenizer = "patch"
    pooling: Pooling = "mean"
    drop_path: float = 0.0
    label_smoothing: float = 0.1
    augmentation: Augmentation = ONE_PIXEL
    projections: Projections = "shared"

    name = "digits"
    image_size = 8
    class_names = tuple("0123456789")
    max_value = 16
    mean = (0.3049,)
    std = (0.3758,)

    def prepare(self) -> str:
        sizes = [len(self.split(name).rows) for name in ("train", "search", "select", "test")]
        return "digits of scikit-learn: {:,} train, {:,} search, {:,} select and {:,} test images".format(*sizes)

    def data_licence(self) -> str:
        return (
            "Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998), of the UCI repository, whose data "
            "is under CC BY 4.0; the copy is that of scikit-learn."
        )

    def split(self, name: SplitName) -> Split:
        return _splits()[name]


@cache
def _splits() -> dict[SplitName, Split]:
    digits = load_digits()
    images_NCHW = torch.from_numpy(digits.images.astype(np.uint8))[:, None]
    labels_N = torch.from_numpy(digits.target.astype(np.int64))
    rng = np.random.default_rng(SPLIT_SEED)
    test = draw_per_class(labels_N, HELD_OUT_PER_CLASS, rng)
    rest = without(len(labels_N), test)
    search = rest[draw_per_class(labels_N[rest], HELD_OUT_PER_CLASS, rng)]
    rest = without(len(labels_N), test, search)
    select = rest[draw_per_class(labels_N[rest], SELECT_PER_CLASS, rng)]
    train = without(len(labels_N), test, search, select)
    return {
        "train": Split(images_NCHW, labels_N, train),
        "search": Split(images_NCHW, labels_N, search),
        "select": Split(images_NCHW, labels_N, select),
        "test": Split(images_NCHW, labels_N, test),
    }
