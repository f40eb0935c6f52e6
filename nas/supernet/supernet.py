"""Weight sharing over any builder: one table of weights, subnets as plain networks run with its leading slices.

The table holds, for every parameter and buffer name, the largest shape that any architecture of the space needs. A
subnet is the very module that `build` makes, made on the `meta` device and then given views of the table as its
parameters and buffers, so there are no elastic layers, and whatever can be built from an architecture can be searched.

Sources: weight entanglement, AutoFormer (arXiv:2107.00651); single-path sharing, SPOS (arXiv:1904.00420).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nas.search_space import Option, Space
from nas.search_space.space import among_kinds
from nas.supernet.meta import build_on_meta

Build = Callable[[Any], nn.Module]
"""Makes the plain network of an architecture."""

Cut = Callable[[str, Tensor], Tensor]
"""Makes a network's tensor of a name, given one without storage of its shape."""

PATHS_KEPT = 64
SAMPLES_CHECKED = 32


class Path:
    """One subnet of a supernet: a plain network whose parameters and buffers are views of the table.

    The parameters are leaf tensors that share memory with the table; a backward pass leaves gradients of the subnet's
    own shapes in their `.grad`, so no slice is padded back to full size. Subnets in which a weight has the same shape
    share its tensor, and so its gradient, which is cleared before another subnet is trained by itself.
    """

    def __init__(self, module: nn.Module, parameters: dict[str, Tensor]) -> None:
        self.module = module
        self.parameters = parameters

    def __call__(self, *inputs: Tensor) -> Any:
        return self.module(*inputs)

    def train(self, mode: bool = True) -> "Path":
        if self.module.training != mode:
            self.module.train(mode)
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

        Raises: ValueError if a network has a non-persistent buffer, which no table can carry, or the weights are those
            of another space.
        """
        super().__init__()
        self.build = build
        self.space = space
        made = _largest_tensors(build, space) if weights is None else _given_tensors(build, space, weights)
        self.table = _tree(*made)
        self._paths: OrderedDict[Any, Path] = OrderedDict()
        self._views: dict[tuple[str, torch.Size, bool], Tensor] = {}
        self._index()

    def path(self, architecture: Any) -> Path:
        """The subnet as views of the table. Training it trains the table.

        Raises: ValueError if the table lacks a weight that the architecture needs.
        """
        path = self._paths.pop(architecture, None) or Path(*self._network(architecture, self._view))
        self._paths[architecture] = path
        if len(self._paths) > PATHS_KEPT:
            self._paths.popitem(last=False)
        return path

    def forward(self, *inputs: Tensor, architecture: Any) -> Any:
        """Outputs of the subnet; gradients go to the leaf views of `path(architecture)`."""
        return self.path(architecture).train(self.training)(*inputs)

    def subnet(self, architecture: Any) -> nn.Module:
        """A plain network of its own, with copies of the subnet's weights."""
        network, _ = self._network(architecture, self._copy)
        return network.train(self.training)

    def weights(self) -> dict[str, Tensor]:
        """The table: every parameter at its largest shape, by the name that it has in the plain networks."""
        return dict(self.table.named_parameters())

    def _network(self, architecture: Any, cut: Cut) -> tuple[nn.Module, dict[str, Tensor]]:
        """The plain network of an architecture with tensors that `cut` takes from the table, and its parameters."""
        network = build_on_meta(self.build, architecture)
        parameters: dict[str, Tensor] = {}
        known: dict[int, Tensor] = {}
        for path, module in network.named_modules():
            for tensors in (module._parameters, module._buffers):
                for leaf, like in tensors.items():
                    if like is None:
                        continue
                    # what stands in several places is one tensor, under the name of the first
                    if id(like) not in known:
                        name = f"{path}.{leaf}" if path else leaf
                        known[id(like)] = cut(name, like)
                        if tensors is module._parameters:
                            parameters[name] = known[id(like)]
                    _put(module, tensors, leaf, known[id(like)])
        return network, parameters

    def _view(self, name: str, like: Tensor) -> Tensor:
        """A leaf that shares memory with the table; the same one for all subnets in which it has this shape."""
        key = (name, like.shape, like.requires_grad)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = _as(like, _leading_slice(name, self._tensors_by_name.get(name), like.shape))
        return view

    def _copy(self, name: str, like: Tensor) -> Tensor:
        return _as(like, _leading_slice(name, self._tensors_by_name.get(name), like.shape).clone())

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


def _put(module: nn.Module, tensors: dict[str, Any], leaf: str, tensor: Tensor) -> None:
    # setting an attribute takes ten times as long, but a module that overrides it, as nn.LSTM, keeps a list besides
    if type(module).__setattr__ is nn.Module.__setattr__:
        tensors[leaf] = tensor
    else:
        setattr(module, leaf, tensor)


def _as(like: Tensor, tensor: Tensor) -> Tensor:
    return nn.Parameter(tensor, like.requires_grad) if isinstance(like, nn.Parameter) else tensor


def _largest_tensors(build: Build, space: Space) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Freshly initialised parameters and buffers at the largest shape that any architecture needs."""
    parameters: dict[str, Tensor] = {}
    buffers: dict[str, Tensor] = {}
    for architecture in _extremes(space):
        probe = build_on_meta(build, architecture)
        _check_buffers(probe)
        if _covered(parameters, probe.named_parameters()) and _covered(buffers, probe.named_buffers()):
            continue
        network = build(architecture)
        for name, parameter in network.named_parameters():
            parameters[name] = _grown(parameters.get(name), parameter.detach())
        for name, buffer in network.named_buffers():
            buffers[name] = _grown(buffers.get(name), buffer)
    return parameters, buffers


def _extremes(space: Space) -> Iterator[Any]:
    """The largest network, variants of it that show every option, and samples that would show an option missed.

    Every kind is shown with every number: heads that share a width are the wider the fewer they are, and so may be what
    belongs to the kind.
    """
    largest = space.largest()
    yield largest
    genes = space.genes(largest)
    groups: dict[tuple[str, tuple[Option, ...]], list[str]] = {}
    for name, options in space.options(largest).items():
        groups.setdefault((name.rsplit(".", 1)[-1], options), []).append(name)
    singles = [dict.fromkeys(names, option) for (_, options), names in groups.items() for option in options]
    kinds = [answers for answers in singles if among_kinds(tuple(answers.values()))]
    numbers = [answers for answers in singles if answers not in kinds]
    for answers in (*singles, *(kind | number for kind in kinds for number in numbers)):
        yield space.replay({**genes, **answers}, otherwise=lambda _, options: options[-1])
    rng = np.random.default_rng(0)
    for _ in range(SAMPLES_CHECKED):
        yield space.sample(rng)


def _given_tensors(
    build: Build, space: Space, weights: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """`weights` apart as parameters and buffers; nothing is initialised for it."""
    tables = _largest_tensors(lambda architecture: build_on_meta(build, architecture), space)
    shapes = {name: tuple(tensor.shape) for table in tables for name, tensor in table.items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if shapes != found:
        other = next(name for name in [*shapes, *found] if shapes.get(name) != found.get(name))
        raise ValueError(f"{other} needs the shape {shapes.get(other)}, found {found.get(other)}")
    parameters, buffers = ({name: weights[name] for name in table} for table in tables)
    return parameters, buffers


def _check_buffers(network: nn.Module) -> None:
    lost = {name for name, _ in network.named_buffers()} - set(network.state_dict())
    if lost:
        raise ValueError(
            f"the network has non-persistent buffers ({', '.join(sorted(lost))}), which shared weights cannot carry; "
            "compute them in forward, or register them as persistent"
        )


def _covered(table: dict[str, Tensor], tensors: Iterable[tuple[str, Tensor]]) -> bool:
    return all(
        name in table and all(n <= most for n, most in zip(tensor.shape, table[name].shape, strict=True))
        for name, tensor in tensors
    )


def _grown(whole: Tensor | None, tensor: Tensor) -> Tensor:
    """`whole` at the larger of both shapes; what it did not have comes from `tensor`."""
    if whole is None:
        return tensor.clone()
    shape = [max(sizes) for sizes in zip(whole.shape, tensor.shape, strict=True)]
    grown = whole.new_zeros(shape)
    for part in (tensor, whole):
        grown[tuple(slice(n) for n in part.shape)] = part
    return grown


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
