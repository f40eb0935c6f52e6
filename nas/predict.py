"""What an exported network makes of raw inputs: of lines of text their translations, of image files their classes."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from nas.devices import default_device
from nas.exported import Exported, open_export
from nas.models.decoding import Decoding
from nas.models.seq2seq import Seq2Seq
from nas.tasks.pixels import normalised
from nas.tasks.translate import translate

log = logging.getLogger(__name__)

BLOCK = 1 << 16
"""Bytes that are read at once, at most."""
CHUNK = 64
"""Lines that are translated at once, at most: enough to batch those of like length, few enough to see them soon."""
LARGEST_PENALTY = 10.0
"""Of a length; powers beyond overflow, and change nothing any more."""
MODES = {1: "L", 3: "RGB"}
"""Pillow's names of pixels with so many channels of 8 bits."""


def predict(folder: Path, files: Sequence[Path], beam: int | None, length_penalty: float | None) -> Iterator[str]:
    """The lines to be printed, as they come: translations of lines of text, or a name, class and probability an image.

    Args:
        files: Images, or texts in UTF-8; no texts mean standard input.
        beam: Of translations, instead of the export's; likewise `length_penalty`.

    Raises: ValueError if there is no export, at once; if an input cannot be read, after the lines of those before.
    """
    exported = open_export(folder)
    exported.network.to(default_device())
    if isinstance(exported.network, Seq2Seq):
        decoding = _decoding(exported.decoding, beam, length_penalty)
        return _translations(exported, exported.network, decoding, files)
    if beam is not None or length_penalty is not None:
        raise ValueError(f"{folder} classifies images; --beam and --length-penalty are for translations")
    if not files:
        raise ValueError(f"{folder} classifies images; name some: nas predict {folder} FILE")
    return _classes(exported, files)


def write(lines: Iterator[str]) -> None:
    """Print each line as soon as it is there; ends quietly where nobody reads on, as before `| head`."""
    try:
        for line in lines:
            # names of files may be no UTF-8, and a console need not be set to it
            sys.stdout.buffer.write(f"{line}\n".encode("utf-8", "surrogateescape"))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        # what could not be written would else be tried once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _decoding(decoding: Decoding, beam: int | None, length_penalty: float | None) -> Decoding:
    asked = {"beam": beam, "length_penalty": length_penalty}
    changed: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if length_penalty is not None and not abs(length_penalty) <= LARGEST_PENALTY:
        raise ValueError(f"length penalty {length_penalty:g} is not within -{LARGEST_PENALTY:g} to {LARGEST_PENALTY:g}")
    return replace(decoding, **changed)


def _translations(exported: Exported, network: Seq2Seq, decoding: Decoding, files: Sequence[Path]) -> Iterator[str]:
    subwords = exported.subwords()
    for lines in _texts(files):
        for translation in translate(network, subwords, lines, decoding):
            # a rare character is spelled in bytes, so an ill-trained network can spell the end of a line
            yield " ".join(translation.split("\n"))


def _texts(files: Sequence[Path]) -> Iterator[list[str]]:
    """Lines of the files, or of standard input, some at a time. Raises: ValueError that says what cannot be read."""
    if not files:
        # where a shell closed it, there is none
        if sys.stdin is None:
            raise ValueError("standard input is closed; pipe lines of text into it, or name files")
        if sys.stdin.isatty():
            log.info("reading lines to translate from the terminal; Ctrl-D ends it")
        yield from _lines(cast(BufferedReader, sys.stdin.buffer), "standard input")
    for path in files:
        try:
            with path.open("rb") as file:
                yield from _lines(file, str(path))
        except OSError as error:
            raise ValueError(f"cannot read {path}: {error.strerror}") from error


def _lines(stream: BufferedReader, name: str) -> Iterator[list[str]]:
    """Lines that are there, without waiting for more. Raises: ValueError at one that is not UTF-8, after the others."""
    number = 0
    for chunk in _chunks(stream):
        lines: list[str] = []
        for line in chunk:
            number += 1
            try:
                lines.append(line.rstrip(b"\r").decode("utf-8"))
            except UnicodeDecodeError as error:
                yield lines
                what = f"{name}, line {number:,} is not UTF-8 ({error.reason} at byte {error.start})"
                raise ValueError(f"{what}; convert it to UTF-8") from error
        yield lines


def _chunks(stream: BufferedReader) -> Iterator[list[bytes]]:
    rest = b""
    while block := stream.read1(BLOCK):
        # at "\n" alone: splitlines() would also cut at "\r"
        *lines, rest = (rest + block).split(b"\n")
        yield from (lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK))
    if rest:
        yield [rest]


class Pixels(NamedTuple):
    """What a network takes of an image, by the names of the export's preprocessing."""

    image_size: int
    channels: int
    max_value: int
    mean: list[float]
    std: list[float]


def _classes(exported: Exported, files: Sequence[Path]) -> Iterator[str]:
    (names,) = exported.preprocessing("class_names")
    pixels = Pixels(*exported.preprocessing(*Pixels._fields))
    if pixels.channels not in MODES:
        raise ValueError(f"image files have 1 or 3 channels; {exported.folder} takes images of {pixels.channels}")
    for path in files:
        with torch.no_grad():
            scores_C = exported.network(_network_input(_image(path, pixels), pixels).to(default_device()))[0]
        probability, place = scores_C.softmax(-1).max(-1)
        yield f"{path}\t{names[int(place)]}\t{float(probability):.4f}"


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


def _network_input(image: Image.Image, pixels: Pixels) -> Tensor:
    """Of batch 1, (1, C, S, S)."""
    image_SSC = np.atleast_3d(np.asarray(image))
    # a task's pixels are whole numbers
    image_1CSS = torch.from_numpy(image_SSC * (pixels.max_value / 255)).round().permute(2, 0, 1)[None]
    return normalised(image_1CSS, pixels.max_value, pixels.mean, pixels.std)
