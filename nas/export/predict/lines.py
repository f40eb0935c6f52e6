"""Lines of text from files or standard input, some at a time, for networks that read text."""

import logging
import sys
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import cast

log = logging.getLogger(__name__)

BLOCK = 1 << 16
"""Most bytes that are read at once."""
CHUNK = 64
"""Most lines that are given at once: enough to batch those of like length, few enough to see answers soon."""
MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some programs write before UTF-8; it is no part of the text."""


def lines_of(files: Sequence[Path], to: str) -> Iterator[list[str]]:
    """Lines of the files, or of standard input, some at a time; `to` says for what, as `translate`.

    Raises: ValueError that says what cannot be read.
    """
    if not files:
        # where a shell closed it, there is none
        if sys.stdin is None:
            raise ValueError("standard input is closed; pipe lines of text into it, or name files")
        if sys.stdin.isatty():
            log.info("reading lines to %s from the terminal; Ctrl-D ends it", to)
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
    for chunk in _chunks(stream, name):
        lines: list[str] = []
        for line in chunk:
            number += 1
            if number == 1:
                line = line.removeprefix(MARK)
            try:
                lines.append(line.rstrip(b"\r").decode("utf-8"))
            except UnicodeDecodeError as error:
                yield lines
                what = f"{name}, line {number:,} is not UTF-8 ({error.reason} at byte {error.start})"
                raise ValueError(f"{what}; convert it to UTF-8") from error
        yield lines


def _chunks(stream: BufferedReader, name: str) -> Iterator[list[bytes]]:
    """Raises: ValueError if the lines end in carriage returns alone."""
    rest, several = b"", False
    while block := stream.read1(BLOCK):
        # at "\n" alone: splitlines() would also cut at "\r"
        *lines, rest = (rest + block).split(b"\n")
        several = several or bool(lines)
        yield from (lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK))
    if not several and b"\r" in rest.rstrip(b"\r"):
        raise ValueError(f"{name} has carriage returns and no line feed; end its lines with line feeds: tr '\\r' '\\n'")
    if rest:
        yield [rest]
