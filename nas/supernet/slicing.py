"""Cuts of the shared weights: how a narrow tensor is read from a wide one, and declarations where it is not leading.

The table keeps a tensor in the order of its layout, places that every network has before others. So the slices of all
layouts are leading slices of the table, for gradients and optimizer too. A tensor that is declared grouped or centred
is put into the network's own order each time it is read; all others are views.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nas.models.layout import Layouts, centred, grouped, is_cut_apart, layouts_of, leading, whole

__all__ = ["Arranged", "Found", "centred", "grouped", "leading", "put", "tensors_of", "to_table", "whole"]


class Place(NamedTuple):
    """An attribute of a module that holds a tensor."""

    module: nn.Module
    tensors: dict[str, Any]
    leaf: str


class Found(NamedTuple):
    """A tensor of a plain network."""

    name: str
    like: Tensor
    is_parameter: bool
    layouts: Layouts
    places: list[Place]
    """Where it stands; one that stands in several places has the name of the first."""

    def arranged(self, cut: Tensor) -> Tensor:
        """A slice of the table in the network's own order; gradients flow back."""
        for dim, layout in self.layouts:
            if is_cut_apart(((dim, layout),)):
                order = torch.tensor(layout.order(cut.shape[dim]), device=cut.device)
                cut = cut.index_select(dim, order.argsort())
        return cut

    def put(self, tensor: Tensor) -> None:
        for place in self.places:
            put(place, tensor)


class Arranged:
    """A tensor of a path that is put into the network's own order whenever the network is read."""

    def __init__(self, found: Found, view: Tensor) -> None:
        self._found = found
        self._view = view
        self._put: Tensor | None = None

    def read(self) -> None:
        """Give the network the present values."""
        self._put = self._found.arranged(self._view)
        self._found.put(self._put)

    def write_back(self) -> None:
        """Give the table what the network has changed, such as running statistics."""
        if self._put is not None and not self._found.is_parameter:
            self._view.copy_(to_table(self._put, self._found.layouts))


def tensors_of(network: nn.Module) -> Iterator[Found]:
    """Parameters and buffers of a network, each once, in their order."""
    found: dict[int, Found] = {}
    for path, module in network.named_modules():
        for tensors in (module._parameters, module._buffers):
            for leaf, like in tensors.items():
                if like is None:
                    continue
                if id(like) not in found:
                    name = f"{path}.{leaf}" if path else leaf
                    is_parameter = tensors is module._parameters
                    found[id(like)] = Found(name, like, is_parameter, layouts_of(module, leaf), [])
                found[id(like)].places.append(Place(module, tensors, leaf))
    yield from found.values()


def to_table(tensor: Tensor, layouts: Layouts) -> Tensor:
    """A network's tensor in the order of the table."""
    for dim, layout in layouts:
        if is_cut_apart(((dim, layout),)):
            tensor = tensor.index_select(dim, torch.tensor(layout.order(tensor.shape[dim]), device=tensor.device))
    return tensor


def put(place: Place, tensor: Tensor) -> None:
    module, tensors, leaf = place
    # setting an attribute takes ten times as long, but a module that overrides it, as nn.LSTM, keeps a list besides
    if type(module).__setattr__ is not nn.Module.__setattr__:
        del tensors[leaf]
        setattr(module, leaf, tensor)
        vars(module).pop(leaf, None)
    tensors[leaf] = tensor
