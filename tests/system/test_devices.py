"""What is asked of the device and of the C library."""

import os
import resource
import subprocess
import sys

import pytest

from nas.system.devices import MALLOC_SETTINGS, keep_freed_memory

FAULTS = """
import resource, sys
import torch
from nas.system.devices import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(3):
    [torch.ones(2**20) for _ in range(8)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    [torch.ones(2**20) for _ in range(8)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux" or not keep_freed_memory(), reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_asking_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = {}
    for name, _, _ in MALLOC_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for how in ("keep", "leave"):
        command = [sys.executable, "-c", FAULTS, how]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
        faults[how] = int(done.stdout)
    # 8 tensors of 4 MiB, ten times: each of their pages could be missing anew
    pages = 10 * 8 * 2**22 // resource.getpagesize()
    # a machine short of memory may take a few pages back
    assert faults["keep"] < pages / 10
    assert faults["keep"] <= faults["leave"] + pages / 10
