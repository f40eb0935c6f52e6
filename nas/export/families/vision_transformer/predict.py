"""Image files to their classes, by an export's ONNX program or by torch; without torch where it is not needed."""

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nas.export.predict.scores import Backend, likeliest, scores_of
from nas.export.read.config import Config, one_line
from nas.export.read.onnx_model import Array

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""Pillow's names of the formats that are read; its others are not, since some run programs on what they are given."""
MODES = {1: "L", 3: "RGB"}
"""Pillow's names of pixels with so many channels of 8 bits."""
MOST_PIXELS = 16_384
"""Largest side of an image that a network takes."""

Ground = Literal["white", "black"]
"""The colour that shows through an image where it is transparent."""
Form = Literal["text", "json"]
"""How an answer is printed: fields with tabs between, or an object of JSON; each is one line."""


class Pixels(NamedTuple):
    """The pixels that a network takes, by the names of the export's preprocessing."""

    image_size: int
    channels: int
    max_value: int
    mean: list[float]
    std: list[float]


def classes(
    config: Config,
    files: Sequence[Path],
    backend: Backend | None = None,
    ground: Ground = "white",
    form: Form = "text",
) -> Iterator[str]:
    """A name, class and probability for each image file, as they come.

    Args:
        backend: Computes the network; None: ONNX Runtime where it is there, else torch.

    Raises: ValueError if the export will not do, at once; if a file cannot be read, after the lines before.
    """
    if not files:
        raise ValueError(f"{config.folder} classifies images; name some: nas predict {config.folder} FILE")
    pixels, names = _pixels(config), _names(config)
    if pixels.channels not in MODES:
        raise ValueError(f"image files have 1 or 3 channels; {config.folder} takes images of {pixels.channels}")
    return _classes(scores_of(config, backend), names, pixels, files, ground, form)


def _pixels(config: Config) -> Pixels:
    """Raises: ValueError if the config does not say what pixels the network takes."""
    found = Pixels(*config.preprocessing(*Pixels._fields))
    with config.read():
        if not 1 <= found.image_size <= MOST_PIXELS or found.max_value <= 0:
            raise ValueError(f"images of {found.image_size!r} pixels with values up to {found.max_value!r}")
        numbers = np.array([found.mean, found.std], dtype=np.float64)
        if numbers.shape != (2, found.channels) or not np.isfinite(numbers).all() or not numbers[1].all():
            raise ValueError(f"mean {found.mean!r} and std {found.std!r} of {found.channels!r} channels")
    return found


def _names(config: Config) -> list[str]:
    """Raises: ValueError if the config does not name the classes."""
    (names,) = config.preprocessing("class_names")
    with config.read():
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("class_names is no list of names")
    return list(names)


def _classes(
    scores: Callable[..., Array],
    names: Sequence[str],
    pixels: Pixels,
    files: Sequence[Path],
    ground: Ground,
    form: Form,
) -> Iterator[str]:
    for path in files:
        scores_C = scores(network_input(_image(path, pixels, ground), pixels))[0]
        yield _line(str(path), *likeliest(scores_C, names), form)


def _line(name: str, label: str, probability: float, form: Form) -> str:
    """The answer as one line; a tab or an end of line inside a name is written as Python writes it."""
    if form == "json":
        return json.dumps({"file": name, "class": label, "probability": probability})
    return f"{_escaped(name)}\t{_escaped(label)}\t{probability:.4f}"


def _escaped(text: str) -> str:
    controls = (
        character for character in dict.fromkeys(text) if character < " " or character in "\x7f\x85\u2028\u2029"
    )
    return text.translate({ord(each): each.encode("unicode_escape").decode() for each in controls})


def _image(path: Path, pixels: Pixels, ground: Ground) -> Image.Image:
    """The image of a file in the size and channels that are asked. Raises: ValueError if it cannot be read."""
    size = (pixels.image_size, pixels.image_size)
    try:
        mode = path.stat().st_mode
        # a pipe without a writer would be waited for
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ValueError("it is no regular file; write the image into one")
        with Image.open(path, formats=FORMATS) as image:
            # Pillow would cut what is above 255
            if image.mode[0] in "IF":
                raise ValueError(f"its pixels are of mode {image.mode}; save it with 8 bits a channel")
            whole = _opaque(ImageOps.exif_transpose(image), ground).convert(MODES[pixels.channels])
            return whole.resize(size, Image.Resampling.BILINEAR)
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no image of a known format; these are: {', '.join(FORMATS)}") from error
    # damaged images have Pillow's readers raise errors of many kinds
    except Exception as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or one_line(error)}") from error


def _opaque(image: Image.Image, ground: Ground) -> Image.Image:
    """The image before a ground, which shows where it is transparent."""
    if not image.has_transparency_data:
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image.convert("RGBA"))


def network_input(image: Image.Image, pixels: Pixels) -> Array:
    """The image as the network takes it, batch 1, (1, C, S, S)."""
    image_SSC = np.atleast_3d(np.asarray(image, dtype=np.float32))
    # a task's pixels are whole numbers
    image_1CSS = (image_SSC * np.float32(pixels.max_value / 255)).round().transpose(2, 0, 1)[None]
    mean_C11, std_C11 = np.array([pixels.mean, pixels.std], dtype=np.float32)[..., None, None]
    # as nas/tasks/images/pixels.py does it with tensors; what overflows is found in the scores
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(image_1CSS * (1 / (pixels.max_value * std_C11)) - mean_C11 / std_C11)
