"""Standard streams whose state never decides the fate of work: they may be missing, unread, or short of letters."""

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

DUMB = ("dumb", "unknown")
"""Values of TERM for a terminal that cannot move its cursor."""


class _Unbroken(io.FileIO):
    """A stream's file that takes everything; what comes after its reader has gone is dropped."""

    is_read = True

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            self.is_read = False
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def prepare_streams() -> None:
    """Make the standard streams of this process safe to use; those that a program has replaced stay as they are."""
    _fill_missing()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _safe(stream))


def is_interactive(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal on which lines can be drawn anew."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "").lower() not in DUMB


def print_bytes(lines: Iterable[bytes]) -> None:
    """Print each line as soon as it is there, whatever the console's encoding; ends where nobody reads on."""
    stream = sys.stdout.buffer
    for line in lines:
        stream.write(line + b"\n")
        stream.flush()
        if not getattr(getattr(stream, "raw", None), "is_read", True):
            return


def _fill_missing() -> None:
    """Give closed streams the null device, or else the next file that is opened would take their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        with suppress(OSError):
            os.fstat(number)
            continue
        # the lowest number that is free is this one
        os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
        stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - kept
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _safe(stream: TextIO) -> TextIO:
    """The same file, where letters that it cannot hold become question marks and a lost reader is no error."""
    stream.flush()
    file = io.BufferedWriter(_Unbroken(stream.fileno(), "w", closefd=False))
    is_by_line = stream.isatty() or stream is sys.__stderr__
    return io.TextIOWrapper(file, stream.encoding, "replace", line_buffering=is_by_line, write_through=False)
