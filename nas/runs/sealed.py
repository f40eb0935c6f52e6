"""Lines with their sums: files of lines that a search goes on from, each line held to the run that wrote it.

The sums lie beside the lines, `trials.sums` beside `trials.jsonl`, one a line, made of the run's settings, the line's
place and its bytes. A sum is written before its line, so that a kill leaves no line without one. Files of earlier
versions have no sums and are not checked.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

from nas.system.files import append_line, json_line, whole_lines, write_text

REMEDY = "restore the file, or remove that line and those after it, to have them made again"


def append_sealed(path: Path, value: Any, settings: str, number: int | None = None) -> None:
    """Add a line and its sum.

    Args:
        settings: Hash of the run's settings.
        number: Lines that the file should have; None where they are not numbered.

    Raises: ValueError if the file has another number of lines, since somebody else wrote to it.
    """
    lines = whole_lines(path)
    if number is not None and len(lines) != number:
        raise ValueError(
            f"{path} has {len(lines)} lines and not {number}: it was changed while this command was at work; "
            "give the command again, which goes on from what is there"
        )
    known = _sums(path)
    if known is None:
        known = [_sum(settings, place, line) for place, line in enumerate(lines)]
    sums = [*known[: len(lines)], _sum(settings, len(lines), json_line(value))]
    write_text(_sums_file(path), "".join(f"{each}\n" for each in sums))
    append_line(path, value)


def check_seals(path: Path, settings: str) -> None:
    """Raises: ValueError if a line is not the one that the run wrote there."""
    known = _sums(path)
    if known is None:
        return
    for place, line in enumerate(whole_lines(path)):
        if place >= len(known) or known[place] != _sum(settings, place, line):
            what = "was changed, or comes from another run or other settings"
            raise ValueError(f"{path}, line {place + 1} {what}; {REMEDY}")


def _sums_file(path: Path) -> Path:
    return path.with_suffix(".sums")


def _sums(path: Path) -> list[str] | None:
    """The sums of a file; None if it was written by an earlier version."""
    found = _sums_file(path)
    return found.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] if found.is_file() else None


def _sum(settings: str, place: int, line: bytes) -> str:
    return sha256(f"{settings} {place} ".encode() + line).hexdigest()[:16]
