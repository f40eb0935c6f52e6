"""Layouts of a plain network's tensors: which places of a wide tensor a narrow one has.

A narrow network reads the first places of each dimension, unless its layer is declared to be laid out otherwise. A
declaration is a note on the layer; networks that run by themselves ignore it.

    self.qkv = grouped(nn.Linear(width, 3 * width), 3)
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

from torch import nn
from torch.nn.modules.conv import _ConvNd

Kind = Literal["leading", "grouped", "centred", "whole"]
Layer = TypeVar("Layer", bound=nn.Module)

DECLARED = "declared_layouts"
"""Attribute of a layer that holds its declarations."""


@dataclass(frozen=True)
class Layout:
    """The order of one dimension's places, such that the places of any size are the first of every larger size."""

    kind: Kind
    groups: int = 1

    def order(self, size: int) -> list[int]:
        """The places, those that every size has before others."""
        if self.kind == "grouped":
            return [
                group * (size // self.groups) + place
                for place in range(size // self.groups)
                for group in range(self.groups)
            ]
        if self.kind == "centred":
            return sorted(range(size), key=lambda place: abs(2 * place - size + 1))
        return list(range(size))

    def refusal(self, size: int, other: int) -> str | None:
        """Why a tensor of one size cannot be cut from one of the other size; None if it can."""
        if self.kind == "whole" and size != other:
            return "is declared to be whole in all networks"
        if self.kind == "centred" and (size - other) % 2:
            return "is declared to be centred, and an even size has no centre in an odd one"
        if self.kind == "grouped" and (size % self.groups or other % self.groups):
            return f"is declared to have {self.groups} groups, which do not divide it"
        return None


Layouts = tuple[tuple[int, Layout], ...]
"""Layouts of a tensor, by dimension; dimensions without one are leading."""


def grouped(layer: Layer, groups: int, dim: int = 0, names: tuple[str, ...] = ()) -> Layer:
    """The layer, of whose tensors dimension `dim` is so many groups of equal size, each cut by itself.

    For fused projections (`qkv`: 3), gates, grouped convolutions (`dim=0`), and layers that read one of these.

    Args:
        names: Tensors that are meant; all of the layer's own that have this dimension by default.

    Raises: ValueError if the layer has no such tensor, or the groups do not divide it.
    """
    if groups < 1:
        raise ValueError(f"groups = {groups}; there must be at least 1")
    for name, shape in _tensors(layer, dim, names).items():
        if shape[dim] % groups:
            raise ValueError(f"{name} of {type(layer).__name__} has {shape[dim]} places, not {groups} equal groups")
        _declare(layer, name, {dim: Layout("grouped", groups)})
    return layer


def centred(layer: Layer, names: tuple[str, ...] = ("weight",)) -> Layer:
    """The layer, whose smaller kernels are the centres of larger ones; dimensions from the third on are the kernel's.

    Raises: ValueError if the layer has no such tensor.
    """
    for name, shape in _tensors(layer, 2, names).items():
        _declare(layer, name, {dim: Layout("centred") for dim in range(2, len(shape))})
    return layer


def whole(layer: Layer, names: tuple[str, ...] = ()) -> Layer:
    """The layer, whose tensors have one shape in all networks; another shape is refused.

    Raises: ValueError if the layer has no such tensor.
    """
    for name, shape in _tensors(layer, 0, names).items():
        _declare(layer, name, {dim: Layout("whole") for dim in range(len(shape))})
    return layer


def leading(layer: Layer, names: tuple[str, ...] = ()) -> Layer:
    """The layer, whose narrow tensors are meant to be the first places of wide ones, though they begin otherwise.

    Raises: ValueError if the layer has no such tensor.
    """
    for name, shape in _tensors(layer, 0, names).items():
        _declare(layer, name, {dim: Layout("leading") for dim in range(len(shape))})
    return layer


def layouts_of(layer: nn.Module, name: str) -> Layouts:
    """Layouts of a layer's tensor: as declared, or as they are known of PyTorch's own layers."""
    declared: dict[str, dict[int, Layout]] = vars(layer).get(DECLARED, {})
    return tuple(sorted(declared[name].items())) if name in declared else _known(layer, name)


def is_cut_apart(layouts: Layouts) -> bool:
    """Whether the places of a narrow tensor are not the first places of a wide one."""
    return any(layout.kind in ("grouped", "centred") for _, layout in layouts)


def _known(layer: nn.Module, name: str) -> Layouts:
    """Queries, keys and values, or gates, that lie one after another."""
    if isinstance(layer, nn.MultiheadAttention) and name.startswith("in_proj"):
        return ((0, Layout("grouped", 3)),)
    if isinstance(layer, nn.RNNBase) and not name.startswith("weight_hr"):
        gates = {"LSTM": 4, "GRU": 3}.get(layer.mode, 1)
        # a layer above reads both directions of the one below
        both = layer.bidirectional and name.startswith("weight_ih") and not name.startswith("weight_ih_l0")
        return ((0, Layout("grouped", gates)), *(((1, Layout("grouped", 2)),) if both else ()))
    if isinstance(layer, nn.LSTMCell | nn.GRUCell):
        return ((0, Layout("grouped", 4 if isinstance(layer, nn.LSTMCell) else 3)),)
    return ()


def _tensors(layer: nn.Module, dim: int, names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Shapes of the layer's own tensors that have dimension `dim`."""
    own = {**layer._parameters, **layer._buffers}
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items() if tensor is not None}
    found = {name: shape for name, shape in shapes.items() if len(shape) > dim and (name in names or not names)}
    if not found or set(names) - set(found):
        what = " and ".join(names) or "tensor of its own"
        there = shapes or "none; declare the layer inside it"
        raise ValueError(f"{type(layer).__name__} has no {what} with a dimension {dim}, found {there}")
    return found


def _declare(layer: nn.Module, name: str, layouts: dict[int, Layout]) -> None:
    declared = vars(layer).setdefault(DECLARED, {})
    declared[name] = {**declared.get(name, {}), **layouts}


def needs_declaration(layer: nn.Module, other: nn.Module) -> str | None:
    """Why the weights of a convolution and of the same one in another network need a declared layout; None if not."""
    if not isinstance(layer, _ConvNd) or not isinstance(other, _ConvNd) or vars(layer).get(DECLARED):
        return None
    if layer.kernel_size != other.kernel_size:
        return f"has kernels of {layer.kernel_size} and {other.kernel_size}: declare it `centred`, or `leading`"
    sizes = [(each.in_channels // each.groups, each.out_channels // each.groups) for each in (layer, other)]
    if min(layer.groups, other.groups) > 1 and sizes[0] != sizes[1]:
        return f"is a convolution of {layer.groups} groups, whose channels grow: declare it `grouped`, or `leading`"
    return None
