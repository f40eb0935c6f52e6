"""Weight sharing over any builder: one table of weights, subnets as plain networks run with its leading slices.

The table holds, for every parameter and buffer name, the largest shape that any architecture of the space needs. A subnet is
the very module that `build` makes, made on the `meta` device and called with views of the table (`functional_call`), so there
are no elastic layers, and whatever can be built from an architecture can be searched.

Sources: weight entanglement, AutoFormer (arXiv:2107.00651); single-path sharing, SPOS (arXiv:1904.00420).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from nas.search_space import Space
from nas.supernet.meta import build_on_meta

Build = Callable[[Any], nn.Module]
"""Makes the plain network of an architecture."""

PATHS_KEPT = 64
SAMPLES_CHECKED = 32


class Path:
    """One subnet of a supernet: a stateless network and the views of the table that are its weights.

    The parameters are leaf tensors that share memory with the table; a backward pass leaves gradients of the subnet's own
    shapes in their `.grad`, so no slice is padded back to full size.
    """

    def __init__(self, module: nn.Module, parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> None:
        self.module = module
        self.parameters = parameters
        self.buffers = buffers
        self._tensors = {**parameters, **buffers}

    def __call__(self, *inputs: Tensor) -> Any:
        return functional_call(self.module, self._tensors, inputs, strict=True)

    def train(self, mode: bool = True) -> "Path":
        if self.module.training != mode:
            self.module.train(mode)
        return self

    def clear_gradients(self) -> None:
        for view in self.parameters.values():
            view.grad = None


class Supernet(nn.Module):
    """The shared weights of all architectures of a space."""

    def __init__(self, build: Build, space: Space) -> None:
        """Initial weights are those that `build` gives the largest network, drawn from torch's generator.

        Raises: ValueError if a network has a non-persistent buffer, which no table can carry.
        """
        super().__init__()
        self.build = build
        self.space = space
        self.table = _tree(*_largest_tensors(build, space))
        self._paths: OrderedDict[Any, Path] = OrderedDict()
        self._index()

    def path(self, architecture: Any) -> Path:
        """The subnet as views of the table. Training it trains the table.

        Raises: ValueError if the table lacks a weight that the architecture needs.
        """
        path = self._paths.pop(architecture, None) or self._new_path(architecture)
        self._paths[architecture] = path
        if len(self._paths) > PATHS_KEPT:
            self._paths.popitem(last=False)
        return path

    def forward(self, *inputs: Tensor, architecture: Any) -> Any:
        """Outputs of the subnet; gradients go to the leaf views of `path(architecture)`."""
        return self.path(architecture).train(self.training)(*inputs)

    def subnet(self, architecture: Any) -> nn.Module:
        """A plain network of its own, with copies of the subnet's weights."""
        path = self._new_path(architecture)
        copies = {name: view.detach().clone() for name, view in path.buffers.items()}
        copies |= {name: nn.Parameter(view.detach().clone()) for name, view in path.parameters.items()}
        path.module.load_state_dict(copies, assign=True)
        return path.module.train(self.training)

    def weights(self) -> dict[str, Tensor]:
        """The table: every parameter at its largest shape, by the name that it has in the plain networks."""
        return dict(self._parameters_by_name)

    def _new_path(self, architecture: Any) -> Path:
        module = build_on_meta(self.build, architecture)
        parameters = {}
        for name, like in module.named_parameters():
            view = _leading_slice(name, self._parameters_by_name, like.shape)
            parameters[name] = view.requires_grad_(like.requires_grad)
        buffers = {name: _leading_slice(name, self._buffers_by_name, like.shape) for name, like in module.named_buffers(remove_duplicate=False)}
        return Path(module, parameters, buffers)

    def _index(self) -> None:
        self._paths.clear()
        self._parameters_by_name = dict(self.table.named_parameters())
        self._buffers_by_name = dict(self.table.named_buffers())

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Supernet":
        super()._apply(fn, recurse)
        self._index()
        return self


def _leading_slice(name: str, table: dict[str, Tensor], shape: torch.Size) -> Tensor:
    whole = table.get(name)
    if whole is None or whole.dim() != len(shape) or any(n > most for n, most in zip(shape, whole.shape, strict=True)):
        found = "no such weight" if whole is None else f"{tuple(whole.shape)}"
        raise ValueError(
            f"the architecture needs {name} of shape {tuple(shape)}, the table of shared weights has {found}; "
            "is the architecture in the space, and does its shape depend on its choices alone?"
        )
    return whole.detach().as_strided(shape, whole.stride())


def _largest_tensors(build: Build, space: Space) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Freshly initialised parameters and buffers at the largest shape that any architecture needs."""
    parameters: dict[str, Tensor] = {}
    buffers: dict[str, Tensor] = {}
    for architecture in _extremes(space):
        probe = build_on_meta(build, architecture)
        _check_buffers(probe)
        if _covered(parameters, probe.named_parameters()) and _covered(buffers, probe.named_buffers(remove_duplicate=False)):
            continue
        network = build(architecture)
        for name, tensor in network.named_parameters():
            parameters[name] = _grown(parameters.get(name), tensor.detach())
        for name, tensor in network.named_buffers(remove_duplicate=False):
            buffers[name] = _grown(buffers.get(name), tensor)
    return parameters, buffers


def _extremes(space: Space) -> Iterator[Any]:
    """The largest network, variants of it that show every option, and samples that would show an option missed."""
    largest = space.largest()
    yield largest
    genes, groups = space.genes(largest), {}
    for name, options in space.options(largest).items():
        groups.setdefault((name.rsplit(".", 1)[-1], options), []).append(name)
    for (_, options), names in groups.items():
        for option in options:
            yield space.replay({**genes, **dict.fromkeys(names, option)}, otherwise=lambda _, options: options[-1])
    rng = np.random.default_rng(0)
    for _ in range(SAMPLES_CHECKED):
        yield space.sample(rng)


def _check_buffers(network: nn.Module) -> None:
    lost = {name for name, _ in network.named_buffers()} - set(network.state_dict())
    if lost:
        raise ValueError(
            f"the network has non-persistent buffers ({', '.join(sorted(lost))}), which shared weights cannot carry; "
            "compute them in forward, or register them as persistent"
        )


def _covered(table: dict[str, Tensor], tensors: Iterator[tuple[str, Tensor]]) -> bool:
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
