"""Errors of a user's own code in one line: their type, message and place."""

import sysconfig
import traceback
from pathlib import Path

LONGEST = 300
"""Characters of an error that are kept."""
_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def failure_line(error: BaseException) -> str:
    """The error in a line: `KeyError: 'x' (experiment.py, line 12)`."""
    what = " ".join(str(error).split())
    place = _place(error)
    line = f"{type(error).__name__}: {what}" if what else type(error).__name__
    shortened = line if len(line) + len(place) <= LONGEST else f"{line[: LONGEST - len(place) - 3]}..."
    return shortened + place


def _place(error: BaseException) -> str:
    """The innermost line that belongs to no library; the name of its file alone, equal on every machine."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_LIBRARIES)] or frames
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
