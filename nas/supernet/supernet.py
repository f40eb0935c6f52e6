"""Weight sharing over any builder: one table of weights, subnets as plain networks run with its leading slices.

The table holds, for every parameter and buffer name, the largest shape that any architecture of the space needs. A
subnet is the very module that `build` makes, made on the `meta` device and then given views of the table as its
parameters and buffers, so there are no elastic layers, and whatever can be built from an architecture can be searched.
Layers that are declared in `nas.supernet.slicing` are cut otherwise.

Sources: weight entanglement, AutoFormer (arXiv:2107.00651); single-path sharing, SPOS (arXiv:1904.00420).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nas.models.layout import is_cut_apart
from nas.search_space import Space
from nas.supernet.meta import build_on_meta
from nas.supernet.slicing import Arranged, Found, tensors_of
from nas.supernet.table import Build, given_table, new_table

PATHS_KEPT = 64


class Path:
    """One subnet of a supernet: a plain network whose parameters and buffers are views of the table.

    The parameters are leaf tensors that share memory with the table; a backward pass leaves gradients of the subnet's
    own shapes in their `.grad`, so no slice is padded back to full size. Subnets in which a weight has the same shape
    share its tensor, and so its gradient, which is cleared before another subnet is trained by itself.
    """

    def __init__(self, module: nn.Module, parameters: dict[str, Tensor], arranged: list[Arranged]) -> None:
        self.parameters = parameters
        self._module = module
        self._arranged = arranged

    @property
    def module(self) -> nn.Module:
        """The plain network, with the table's present values."""
        for each in self._arranged:
            each.read()
        return self._module

    def __call__(self, *inputs: Tensor) -> Any:
        outputs = self.module(*inputs)
        if self._module.training:
            for each in self._arranged:
                each.write_back()
        return outputs

    def train(self, mode: bool = True) -> "Path":
        if self._module.training != mode:
            self._module.train(mode)
        return self

    def clear_gradients(self) -> None:
        for view in self.parameters.values():
            view.grad = None


class Supernet(nn.Module):
    """The shared weights of all architectures of a space."""

    def __init__(self, build: Build, space: Space, weights: Mapping[str, Tensor] | None = None) -> None:
        """Initial weights are those that `build` gives the largest network, drawn from torch's generator.

        Args:
            weights: What `table.state_dict()` gave, to be the table itself, without a copy.

        Raises: ValueError if a network has a tensor that no table can carry, one name has several roles, or the weights
            are those of another space.
        """
        super().__init__()
        self.build = build
        self.space = space
        made = new_table(build, space) if weights is None else given_table(build, space, weights)
        self.table = _tree(made.parameters, made.buffers)
        self._layouts = made.layouts
        self._paths: OrderedDict[Any, Path] = OrderedDict()
        self._views: dict[tuple[str, torch.Size, bool], Tensor] = {}
        self._index()

    def path(self, architecture: Any) -> Path:
        """The subnet as views of the table. Training it trains the table.

        Raises: ValueError if the table lacks a weight that the architecture needs.
        """
        path = self._paths.pop(architecture, None) or self._path(architecture)
        self._paths[architecture] = path
        if len(self._paths) > PATHS_KEPT:
            self._paths.popitem(last=False)
        return path

    def forward(self, *inputs: Tensor, architecture: Any) -> Any:
        """Outputs of the subnet; gradients go to the leaf views of `path(architecture)`."""
        return self.path(architecture).train(self.training)(*inputs)

    def subnet(self, architecture: Any) -> nn.Module:
        """A plain network of its own, with copies of the subnet's weights."""
        network = build_on_meta(self.build, architecture)
        for found in tensors_of(network):
            found.put(self._copy(found))
        return network.train(self.training)

    def reader(self, architecture: Any) -> nn.Module:
        """A plain network in evaluation mode that reads the table's weights and has buffers of its own.

        Raises: ValueError if the table lacks a weight that the architecture needs.
        """
        network = build_on_meta(self.build, architecture)
        for found in tensors_of(network):
            views = found.is_parameter and not is_cut_apart(found.layouts)
            found.put(self._view(found) if views else self._copy(found))
        return network.eval()

    def weights(self) -> dict[str, Tensor]:
        """The table: every parameter at its largest shape, by the name that it has in the plain networks."""
        return dict(self.table.named_parameters())

    def _path(self, architecture: Any) -> Path:
        network = build_on_meta(self.build, architecture)
        parameters: dict[str, Tensor] = {}
        arranged: list[Arranged] = []
        for found in tensors_of(network):
            view = self._view(found)
            if found.is_parameter:
                parameters[found.name] = view
            if is_cut_apart(found.layouts):
                arranged.append(Arranged(found, view))
            else:
                found.put(view)
        return Path(network, parameters, arranged)

    def _view(self, found: Found) -> Tensor:
        """A leaf that shares memory with the table; the same one for all subnets in which it has this shape."""
        key = (found.name, found.like.shape, found.like.requires_grad)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = _as(found.like, self._cut(found))
        return view

    def _copy(self, found: Found) -> Tensor:
        return _as(found.like, found.arranged(self._cut(found)).clone())

    def _cut(self, found: Found) -> Tensor:
        """The slice of the table, in the table's order, that a network's tensor is."""
        layouts = self._layouts.get(found.name, found.layouts)
        if layouts != found.layouts:
            raise ValueError(f"{found.name} is declared as {found.layouts} here, as {layouts} in other networks")
        return _leading_slice(found.name, self._tensors_by_name.get(found.name), found.like.shape)

    def _index(self) -> None:
        self._paths.clear()
        self._views.clear()
        tensors = (*self.table.named_parameters(), *self.table.named_buffers())
        self._tensors_by_name = {name: tensor.detach() for name, tensor in tensors}

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Supernet":
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._index()
        return self


def _leading_slice(name: str, whole: Tensor | None, shape: torch.Size) -> Tensor:
    if whole is None or whole.dim() != len(shape) or any(n > most for n, most in zip(shape, whole.shape, strict=True)):
        found = "no such weight" if whole is None else f"{tuple(whole.shape)}"
        raise ValueError(
            f"the architecture needs {name} of shape {tuple(shape)}, the table of shared weights has {found}; "
            "is the architecture in the space, and does its shape depend on its choices alone?"
        )
    return whole.as_strided(shape, whole.stride())


def _as(like: Tensor, tensor: Tensor) -> Tensor:
    return nn.Parameter(tensor, like.requires_grad) if isinstance(like, nn.Parameter) else tensor


def _tree(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> nn.Module:
    """A module without behaviour that holds the tensors under their dotted names."""
    root = nn.Module()
    for name, tensor in parameters.items():
        parent, leaf = _parent(root, name)
        parent.register_parameter(leaf, nn.Parameter(tensor))
    for name, tensor in buffers.items():
        parent, leaf = _parent(root, name)
        parent.register_buffer(leaf, tensor)
    return root


def _parent(root: nn.Module, name: str) -> tuple[nn.Module, str]:
    *parts, leaf = name.split(".")
    for part in parts:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    return root, leaf
