"""The device of a run: its name, its abilities, memory and threads."""

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nas.system.machine import allotted_cores

MALLOC_SETTINGS = (
    ("MALLOC_TRIM_THRESHOLD_", -1, 2**31 - 1),
    ("MALLOC_TOP_PAD_", -2, 64 * 2**20),
    ("MALLOC_MMAP_THRESHOLD_", -3, 32 * 2**20),
)
"""Variables, which a process reads when it starts, numbers of the same in malloc.h, and bytes."""


@cache
def default_device() -> torch.device:
    """The first GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def default_workers() -> int:
    """Processes that evaluate networks unless asked otherwise: one for each allotted core, or one beside a GPU."""
    # a GPU is shared badly by processes that do not know of one another
    return 1 if default_device().type == "cuda" else allotted_cores()


@cache
def device_name(device: torch.device | None = None) -> str:
    """Name of the device as a person knows it."""
    device = device or default_device()
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU {_processor()}"


def fast_bf16(device: torch.device) -> bool:
    """Whether bf16 matrix products have instructions of their own; without, they are 5 to 30 times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("arm_bf16"))


def keep_freed_memory() -> bool:
    """Have the C library keep freed memory for the next tensors, here and in processes started from here.

    Else glibc gives it back to the system after every step, and the next one pays for each page anew.

    Returns: False if the library has no such settings.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    for variable, number, value in MALLOC_SETTINGS:
        os.environ.setdefault(variable, str(value))
        if not mallopt(number, value):
            return False
    return True


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Inside, torch computes with so many CPU threads; results are equal to the bit for an equal number only."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def autocast(precision: str, device: torch.device) -> Any:
    """The context in which a network runs at a precision, `float32` or `bf16`.

    Raises: ValueError if bf16 is asked for where it is emulated.
    """
    check_precision(precision, device)
    return nullcontext() if precision == "float32" else torch.autocast(device.type, torch.bfloat16)


def check_precision(precision: str, device: torch.device) -> None:
    """Raises: ValueError if bf16 is asked for where it is emulated."""
    if precision == "bf16" and not fast_bf16(device):
        raise ValueError(f"precision bf16 has no instructions on {device_name(device)}; use precision float32")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
