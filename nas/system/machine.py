"""The share of this machine that a process may use: cores by affinity and control group, and memory."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Files that say how much a container may use, of both versions of cgroups."""


def allotted_cores(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """Number of cores that this process may keep busy, at least 1.

    Args:
        cgroups: Folder where control groups are mounted.
        membership: File that names the control groups of this process.
    """
    quotas = [max(1, math.ceil(quota)) for quota in _quotas(cgroups, membership)]
    return min([_affinity(), *quotas])


def _affinity() -> int:
    # macOS and Windows have no affinity
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(cgroups: Path, membership: Path) -> Iterator[float]:
    """Cores that each control group of this process allows, from its own group up to the root."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        named = controllers.split(",")
        if number != "0" and "cpu" not in named:
            continue
        mounts = [cgroups] if number == "0" else [cgroups / controllers, cgroups / "cpu"]
        own = Path(path.lstrip("/"))
        for mount in mounts:
            for group in (own, *own.parents):
                with suppress(OSError, ValueError, ZeroDivisionError):
                    yield from _quota(mount / group)


def _quota(group: Path) -> Iterator[float]:
    """The quota of one control group in cores, by version 2 or version 1; nothing where it has none.

    Raises: OSError if the group has no such files, ValueError or ZeroDivisionError if they hold no quota.
    """
    newer = group / "cpu.max"
    if newer.is_file():
        quota, period = newer.read_text().split()
        if quota != "max":
            yield int(quota) / int(period)
        return
    quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    # -1 is no quota
    if int(quota) > 0:
        yield int(quota) / int(period)


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
