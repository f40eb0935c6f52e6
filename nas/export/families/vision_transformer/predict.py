"""Image files to their classes, by an export's ONNX program or by torch; without torch where it is not needed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nas.export.predict.scores import Backend, likeliest, scores_of
from nas.export.read.config import Config
from nas.export.read.onnx_model import Array

MODES = {1: "L", 3: "RGB"}
"""Pillow's names of pixels with so many channels of 8 bits."""


class Pixels(NamedTuple):
    """The pixels that a network takes, by the names of the export's preprocessing."""

    image_size: int
    channels: int
    max_value: int
    mean: list[float]
    std: list[float]


def classes(config: Config, files: Sequence[Path], backend: Backend | None) -> Iterator[str]:
    """A name, class and probability for each image file, as they come.

    Args:
        backend: Computes the network; None: ONNX Runtime where it is there, else torch.

    Raises: ValueError if the export will not do, at once; if a file cannot be read, after the lines before.
    """
    if not files:
        raise ValueError(f"{config.folder} classifies images; name some: nas predict {config.folder} FILE")
    (names,) = config.preprocessing("class_names")
    pixels = Pixels(*config.preprocessing(*Pixels._fields))
    if pixels.channels not in MODES:
        raise ValueError(f"image files have 1 or 3 channels; {config.folder} takes images of {pixels.channels}")
    return _classes(scores_of(config, backend), names, pixels, files)


def _classes(
    scores: Callable[..., Array], names: Sequence[str], pixels: Pixels, files: Sequence[Path]
) -> Iterator[str]:
    for path in files:
        scores_C = scores(network_input(_image(path, pixels), pixels))[0]
        yield f"{path}\t{likeliest(scores_C, names)}"


def _image(path: Path, pixels: Pixels) -> Image.Image:
    """The image of a file in the size and channels that are asked. Raises: ValueError if it cannot be read."""
    size = (pixels.image_size, pixels.image_size)
    try:
        with Image.open(path) as image:
            # Pillow would cut what is above 255
            if image.mode[0] in "IF":
                raise ValueError(f"its pixels are of mode {image.mode}; save it with 8 bits a channel")
            whole = ImageOps.exif_transpose(image).convert(MODES[pixels.channels])
            return whole.resize(size, Image.Resampling.BILINEAR)
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no image of a known format; PNG and JPEG are") from error
    # damaged images have Pillow's readers raise errors of many kinds
    except Exception as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def network_input(image: Image.Image, pixels: Pixels) -> Array:
    """The image as the network takes it, batch 1, (1, C, S, S)."""
    image_SSC = np.atleast_3d(np.asarray(image, dtype=np.float32))
    # a task's pixels are whole numbers
    image_1CSS = (image_SSC * np.float32(pixels.max_value / 255)).round().transpose(2, 0, 1)[None]
    mean_C11, std_C11 = np.array([pixels.mean, pixels.std], dtype=np.float32)[..., None, None]
    # as nas/tasks/images/pixels.py does it with tensors
    return np.ascontiguousarray(image_1CSS * (1 / (pixels.max_value * std_C11)) - mean_C11 / std_C11)
