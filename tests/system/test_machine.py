"""Cores are those allotted to the process, not those of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nas.system.machine import allotted_cores

PROGRAM = """
import os
from nas.system.machine import allotted_cores
from nas.system.devices import default_workers
from nas.system.provenance import environment
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
print(allotted_cores(), default_workers(), environment()["cores"])
"""

here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def group(root: Path, path: str, **files: str) -> None:
    (root / path).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / path / name.replace("_", ".", 1)).write_text(text)


@pytest.fixture
def member(tmp_path: Path) -> Path:
    return tmp_path / "membership"


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_affinity_bounds_workers_and_is_recorded() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("own", "above", "cores"),
    [
        ("100000 100000\n", "max 100000\n", 1),
        ("50000 100000\n", "max 100000\n", 1),
        ("max 100000\n", "100000 100000\n", 1),
        ("max 100000\n", "max 100000\n", here),
        ("900000000 100000\n", "max 100000\n", here),
        ("150000 100000\n", "max 100000\n", min(2, here)),
        ("damaged", "max 100000\n", here),
    ],
)
def test_quota_of_version_2_holds_from_any_group_above(
    tmp_path: Path, member: Path, own: str, above: str, cores: int
) -> None:
    member.write_text("0::/jobs/one\n")
    group(tmp_path, "jobs", cpu_max=above)
    group(tmp_path, "jobs/one", cpu_max=own)
    assert allotted_cores(tmp_path, member) == cores


@pytest.mark.parametrize(("quota", "cores"), [("100000", 1), ("-1", here)])
def test_quota_of_version_1(tmp_path: Path, member: Path, quota: str, cores: int) -> None:
    member.write_text("4:cpu,cpuacct:/jobs\n3:memory:/jobs\n0::/\n")
    group(tmp_path, "cpu,cpuacct/jobs", **{"cpu_cfs_quota_us": quota, "cpu_cfs_period_us": "100000"})
    assert allotted_cores(tmp_path, member) == cores


def test_without_control_groups_affinity_counts(tmp_path: Path, member: Path) -> None:
    assert allotted_cores(tmp_path, member) == here
