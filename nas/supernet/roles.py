"""Roles of tensors: whether a name means the same in all networks of a space, as far as that can be seen."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nas.models.layout import needs_declaration
from nas.search_space import Space
from nas.supernet.meta import build_on_meta
from nas.supernet.slicing import Found, tensors_of, to_table

SAMPLES = 2
"""Random networks, beside the smallest, whose constants are compared."""

Shapes = dict[str, dict[int, dict[str, tuple[int, ...]]]]
"""Shapes of tensors by the path of a module, the number of its child, and the rest of their names."""


class Roles:
    """The networks seen so far, the first of which is the largest."""

    def __init__(self) -> None:
        self._shapes: Shapes | None = None
        self._layers: dict[str, nn.Module] = {}

    def see(self, network: nn.Module) -> None:
        """Raises: ValueError if a tensor has another role than in a network seen before."""
        shapes = _numbered(network)
        if self._shapes is not None:
            _check_renamed(self._shapes, shapes)
        self._shapes = self._shapes or shapes
        for path, layer in network.named_modules():
            before = self._layers.setdefault(path, layer)
            if wrong := needs_declaration(layer, before):
                raise ValueError(f"{path} {wrong} in nas.supernet.slicing, as its docstrings say")


def check_constants(build: Callable[[Any], nn.Module], space: Space, table: Mapping[str, Tensor]) -> None:
    """Compare what does not learn and is not random, in a sample of networks, with what they read from the table.

    Raises: ValueError that names a tensor of which they differ.
    """
    rng = np.random.default_rng(0)
    for architecture in (space.smallest(), *(space.sample(rng) for _ in range(SAMPLES))):
        if not _constants(build_on_meta(build, architecture)):
            continue
        first, second = (_constants(_seeded(build, architecture, seed)) for seed in range(2))
        for name, found in first.items():
            whole = table.get(name)
            own = to_table(found.like.detach(), found.layouts)
            # what is drawn anew each time is a start, not a constant
            if whole is None or found.layouts or not torch.equal(found.like, second[name].like):
                continue
            cut = whole[tuple(slice(n) for n in own.shape)]
            if not torch.allclose(cut.cpu(), own, equal_nan=True):
                raise ValueError(
                    f"{name} of a narrow network is not the leading slice of a wide one's "
                    f"({_few(own)} there, {_few(cut)} here), so it depends on the width; "
                    "compute it in `forward`, or declare how it is cut in nas.supernet.slicing"
                )


def _seeded(build: Callable[[Any], nn.Module], architecture: Any, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(architecture)


def _constants(network: nn.Module) -> dict[str, Found]:
    return {found.name: found for found in tensors_of(network) if not found.like.requires_grad}


def _few(tensor: Tensor) -> str:
    values = [f"{value:.4g}" for value in tensor.flatten()[:4].tolist()]
    return f"[{', '.join(values)}{', ...' if tensor.numel() > len(values) else ''}]"


def _numbered(network: nn.Module) -> Shapes:
    """Shapes of the tensors of children that have numbers, as those of a Sequential."""
    shapes: Shapes = {}
    for name, tensor in network.named_parameters():
        parts = name.split(".")
        for place, part in enumerate(parts):
            if part.isdigit():
                children = shapes.setdefault(".".join(parts[:place]), {})
                children.setdefault(int(part), {})[".".join(parts[place + 1 :])] = tuple(tensor.shape)
    return shapes


def _check_renamed(large: Shapes, small: Shapes) -> None:
    """Raises: ValueError if a child of a module has, where the module has more of them, another number.

    Then the child's shape stands further behind, and another one stands at its number.
    """
    for path in large.keys() & small.keys():
        many, few = large[path], small[path]
        if len(many) <= len(few) or not few.keys() <= many.keys():
            continue
        for number, child in few.items():
            moved = [place for place in many if place > number and many[place] == child and few.get(place) != child]
            if many[number] != child and moved:
                name = f"{path}.{number}".strip(".")
                raise ValueError(
                    f"{name} has the shapes {_shapes(child)} in a network of {len(few)} parts and "
                    f"{_shapes(many[number])} in one of {len(many)}, where {path or 'it'} has the former at "
                    f"{moved[0]}: it is renamed with the depth; put what repeats into a Sequential of its own"
                )


def _shapes(child: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}".strip() for name, shape in child.items())
