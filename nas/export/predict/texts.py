"""Lines of text to their translations, by a network of PyTorch."""

import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

from nas.export.read.network import Exported, open_export
from nas.models.decoding import Decoding
from nas.models.seq2seq import Seq2Seq
from nas.system.devices import default_device
from nas.tasks.translate import translate

log = logging.getLogger(__name__)

BLOCK = 1 << 16
"""Bytes that are read at once, at most."""
CHUNK = 64
"""Lines that are translated at once, at most: enough to batch those of like length, few enough to see them soon."""
LARGEST_PENALTY = 10.0
"""Of a length; powers beyond overflow, and change nothing any more."""


def translations(folder: Path, files: Sequence[Path], beam: int | None, length_penalty: float | None) -> Iterator[str]:
    """The translation of each line of the files, or of standard input, as they come.

    Raises: ValueError if the export or an option will not do, at once; if a text cannot be read, after those before.
    """
    exported = open_export(folder)
    network = exported.network.to(default_device())
    assert isinstance(network, Seq2Seq)
    return _translations(exported, network, _decoding(exported.decoding, beam, length_penalty), files)


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
