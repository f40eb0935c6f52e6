"""The memory of this machine, and what would not fit in it."""

import os
from contextlib import suppress
from pathlib import Path

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Files that say how much a container may use, of both versions of cgroups."""


def machine_bytes() -> int:
    """Bytes of memory that processes here may use: the machine's, or less where a container is given less."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in CGROUP_LIMITS:
        # the file may be missing, or say `max`
        with suppress(OSError, ValueError):
            found = min(found, int(path.read_text()))
    return found


def check_fits(what: str, needed: int, available: int, instead: str) -> None:
    """Raises: ValueError if `what` needs more bytes than are available; `instead` says what would do."""
    if needed > available:
        raise ValueError(f"{what} takes {_gigabytes(needed)} of memory, there are {_gigabytes(available)}; {instead}")


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
