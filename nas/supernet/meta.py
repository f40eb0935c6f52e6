"""Networks without storage: shapes and code, made quickly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from nas.models.guard import check_shapes_known

OWN = frozenset(vars(nn.Module())) | {"_flat_weights"}
"""Attributes that modules keep their parameters, buffers and children in."""


def build_on_meta(build: Callable[[Any], nn.Module], architecture: Any) -> nn.Module:
    """The network on the `meta` device, not initialised; torch's generators do not move.

    A network that needs values while it is built, or keeps them as plain attributes, is built with storage instead.

    Raises: ValueError if a layer waits for its first input to know its shape, or a tensor has no values even so.
    """
    try:
        with torch.device("meta"), _without_initialisation():
            network = build(architecture)
    # whatever it is, the network built with storage fails in the same way, or does not
    except Exception:
        return build_apart(build, architecture)
    return build_apart(build, architecture) if _without_values(network) else network


def build_apart(build: Callable[[Any], nn.Module], architecture: Any) -> nn.Module:
    """The network with storage; torch's generators do not move. Raises: ValueError as `build_on_meta`."""
    with torch.random.fork_rng(devices=[]):
        network = build(architecture)
    check_shapes_known(network)
    if missing := _without_values(network):
        raise ValueError(
            f"{missing} has no values: `build` takes it from a cache that was filled while shapes alone were built; "
            "fill the cache outside `build`, or make the tensor with an explicit device='cpu'"
        )
    return network


def _without_values(network: nn.Module) -> str | None:
    """The first plain attribute of a module that holds a tensor on the `meta` device."""
    for path, module in network.named_modules():
        for name, value in vars(module).items():
            if name in OWN or not isinstance(value, Tensor | list | tuple | dict):
                continue
            if any(isinstance(leaf, Tensor) and leaf.is_meta for leaf in tree_leaves(value)):
                return f"the tensor `{name}` of module {path or 'itself'} ({type(module).__name__})"
    return None


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


def _untouched(tensor: Tensor, *_: Any, **__: Any) -> Tensor:
    return tensor
