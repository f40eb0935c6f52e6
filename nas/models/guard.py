"""Where a number that is not finite first appears: the layer, and its attention kind.

Checks cost nothing while all is well: a training calls this once its loss is not finite, and the forward pass is made
again with an eye on every module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from nas.models.attention.base import Mixer
from nas.models.blocks import Attention


class NotFinite(ValueError):
    """A module's output holds NaN or infinity; the message names it."""


@contextmanager
def guarded(network: nn.Module) -> Iterator[None]:
    """Inside, a forward pass of the network raises NotFinite at the first module whose output is not finite."""
    hooks = [
        module.register_forward_hook(_check(_layer(network, name)))
        for name, module in network.named_modules()
        # of nested modules the innermost says it best; a mixer computes more than its parts do
        if isinstance(module, Mixer | Attention) or not list(module.children())
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _layer(network: nn.Module, name: str) -> str:
    """`blocks.3.attention.lrpe (attention kind lrpe)`: the module's name, and the kind of the layer it belongs to."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = network.get_submodule(".".join(parts[:length]))
        if isinstance(module, Attention):
            return f"{name} (attention kind {module.kind})"
    return name


def first_not_finite(network: nn.Module, inputs: tuple[Tensor, ...]) -> str | None:
    """Where a forward pass first gives a number that is not finite, in words; None if it does not."""
    for x in inputs:
        if not _finite(x):
            return "the inputs"
    try:
        with guarded(network), torch.no_grad():
            network(*inputs)
    except NotFinite as error:
        return str(error)
    return None


def _check(name: str) -> Any:
    def check(module: nn.Module, inputs: Any, outputs: Any) -> None:
        if all(map(_finite, tree_leaves(outputs))):
            return
        broken = [own for own, tensor in module.named_parameters() if not _finite(tensor)]
        why = f"its {broken[0]} is not finite" if broken else _of_inputs(inputs)
        raise NotFinite(f"{name}: {why}")

    return check


def _of_inputs(inputs: Any) -> str:
    most = max(
        (float(x.detach().abs().max()) for x in tree_leaves(inputs) if isinstance(x, Tensor) and x.numel()), default=0.0
    )
    return f"its inputs reach {most:.3g}"


def _finite(value: Any) -> bool:
    return not isinstance(value, Tensor) or not value.is_floating_point() or bool(value.isfinite().all())


def check_shapes_known(network: nn.Module) -> None:
    """Raises: ValueError that names a layer whose parameters wait for its first input, as those of LazyLinear."""
    for name, parameter in network.named_parameters():
        if is_lazy(parameter):
            layer = network.get_submodule(name.rpartition(".")[0])
            path = name.rpartition(".")[0] or "the network"
            raise ValueError(
                f"{path} ({type(layer).__name__}) has no shape before its first input; give it its sizes in `build`"
            )
