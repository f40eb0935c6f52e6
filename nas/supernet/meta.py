"""Networks without storage: shapes and code, made quickly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


def build_on_meta(build: Callable[[Any], nn.Module], architecture: Any) -> nn.Module:
    """The network on the `meta` device, not initialised; torch's generators do not move."""
    with torch.device("meta"), _without_initialisation():
        return build(architecture)


INITIALISERS = (
    "uniform_",
    "normal_",
    "trunc_normal_",
    "constant_",
    "ones_",
    "zeros_",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "orthogonal_",
)


@contextmanager
def _without_initialisation() -> Iterator[None]:
    # a tensor on `meta` has no values, yet its initialisation takes most of the time of building a module
    saved = {name: getattr(nn.init, name) for name in INITIALISERS}
    for name in INITIALISERS:
        setattr(nn.init, name, _untouched)
    try:
        yield
    finally:
        for name, function in saved.items():
            setattr(nn.init, name, function)


def _untouched(tensor: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    return tensor
