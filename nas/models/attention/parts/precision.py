"""Sums over many keys overflow float16 and lose digits in bfloat16, so linear kinds sum in float32."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

EPS = 1e-6
"""Least sum of weights that means are divided by."""


def at_least_float32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Where autocast is active, a context without it; else nothing, so that traces and exports stay free of it."""
    active = torch.is_autocast_enabled(device.type)
    return torch.autocast(device.type, enabled=False) if active else nullcontext()
