"""A task of images without any: enough to cost and draw a network of which only the config is there."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from nas.export.family import NO_DATA, Settings
from nas.tasks.augmentation import Augmentation
from nas.tasks.base import DataError, Task
from nas.tasks.image_classification import ImageTask, Split, SplitName


@dataclass(frozen=True)
class _Images(ImageTask):
    """Images of one size, without any."""

    name = "images"
    max_value = 255

    def prepare(self) -> str:
        raise DataError(NO_DATA)

    def split(self, name: SplitName) -> Split:
        raise DataError(NO_DATA)


def images_task(settings: Settings) -> Task:
    """The task of networks of these settings."""
    task = _sized(settings["image_size"], settings["in_channels"], settings["num_classes"])
    own = {name: settings[name] for name in ("patch_size", "tokenizer", "pooling", "projections")}
    made: Task = task(drop_path=0.0, label_smoothing=0.0, augmentation=Augmentation(), **own)
    return made


@cache
def _sized(image_size: int, channels: int, classes: int) -> Any:
    """The task's class for images of one size; the same class each time, so that equal tasks are equal values."""
    names = tuple(map(str, range(classes)))
    sizes = {"image_size": image_size, "mean": (0.0,) * channels, "std": (1.0,) * channels, "class_names": names}
    return type("Images", (_Images,), sizes)
