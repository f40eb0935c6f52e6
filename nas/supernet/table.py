"""The table of shared weights as it begins: every tensor at the largest shape that any architecture needs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nas.models.guard import check_shapes_known
from nas.models.layout import Layouts
from nas.search_space import Option, Space
from nas.search_space.space import among_kinds
from nas.supernet.meta import build_apart, build_on_meta
from nas.supernet.roles import Roles, check_constants
from nas.supernet.slicing import Found, tensors_of, to_table

Build = Callable[[Any], nn.Module]
"""Makes the plain network of an architecture."""

SAMPLES_CHECKED = 32


class Table(NamedTuple):
    """Tensors by their names in the plain networks, in the order of their layouts."""

    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    layouts: dict[str, Layouts]

    def add(self, found: Found, tensor: Tensor) -> None:
        """Make room for a network's tensor; what was not there before comes from `tensor`."""
        own = self._own(found)
        own[found.name] = _grown(own.get(found.name), to_table(tensor.detach(), found.layouts))
        self.layouts[found.name] = found.layouts

    def covers(self, found: Found) -> bool:
        """Whether the table has room for a network's tensor.

        Raises: ValueError if the tensor and the one of the table have the name alone in common.
        """
        whole = self._own(found).get(found.name)
        if whole is None:
            return False
        if wrong := _apart(found, whole, self.layouts[found.name]):
            sizes = f"{tuple(found.like.shape)} in one network, {tuple(whole.shape)} in another"
            raise ValueError(f"{found.name} is {sizes}, and {wrong}")
        return all(n <= most for n, most in zip(found.like.shape, whole.shape, strict=True))

    def _own(self, found: Found) -> dict[str, Tensor]:
        own, other = (self.parameters, self.buffers)[:: 1 if found.is_parameter else -1]
        if found.name in other:
            raise ValueError(f"{found.name} is a parameter in one network and a buffer in another; give it two names")
        return own


def new_table(build: Build, space: Space) -> Table:
    """The table as freshly initialised; the weights of the largest network are those that `build` gives it.

    Raises: ValueError if a network has a tensor that no table can carry, or one name has several roles.
    """
    table, roles = Table({}, {}, {}), Roles()
    for architecture in _extremes(space):
        # the first network is built with storage at once, so that what it loads is not cached without values
        network = build(architecture) if not table.layouts else build_on_meta(build, architecture)
        tensors = _checked(network, roles)
        covered = [table.covers(found) for found in tensors]
        if all(covered):
            continue
        if table.layouts:
            tensors = list(tensors_of(build(architecture)))
        for found in tensors:
            table.add(found, found.like)
    check_constants(build, space, {**table.parameters, **table.buffers})
    return table


def given_table(build: Build, space: Space, weights: Mapping[str, Tensor]) -> Table:
    """The table whose tensors are `weights`; nothing is initialised for it.

    Raises: ValueError if they are of another space.
    """
    shapes, roles = Table({}, {}, {}), Roles()
    build_apart(build, space.smallest())
    for architecture in _extremes(space):
        tensors = _checked(build_on_meta(build, architecture), roles)
        for found in tensors:
            if not shapes.covers(found):
                shapes.add(found, torch.empty(found.like.shape, dtype=found.like.dtype, device="meta"))
    expected = {name: tuple(each.shape) for part in (shapes.parameters, shapes.buffers) for name, each in part.items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != given:
        other = next(name for name in [*expected, *given] if expected.get(name) != given.get(name))
        raise ValueError(f"{other} needs the shape {expected.get(other)}, found {given.get(other)}")
    parameters, buffers = ({name: weights[name] for name in part} for part in (shapes.parameters, shapes.buffers))
    return Table(parameters, buffers, shapes.layouts)


def _checked(network: nn.Module, roles: Roles) -> list[Found]:
    check_shapes_known(network)
    _check_buffers(network)
    roles.see(network)
    return list(tensors_of(network))


def _apart(found: Found, whole: Tensor, layouts: Layouts) -> str | None:
    """Why a network's tensor cannot be cut from one of the same name; None if it can, once there is room."""
    if found.like.dim() != whole.dim():
        return "tensors of different rank share nothing; give them two names in `build`"
    if found.layouts != layouts:
        return f"its declared layouts differ ({found.layouts} and {layouts}); declare it alike in all networks"
    sizes = zip(found.like.shape, whole.shape, strict=True)
    refusals = {dim: (n, most) for dim, (n, most) in enumerate(sizes)}
    return next((words for dim, layout in layouts if (words := layout.refusal(*refusals[dim]))), None)


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


def _check_buffers(network: nn.Module) -> None:
    lost = {name for name, _ in network.named_buffers()} - set(network.state_dict())
    if lost:
        raise ValueError(
            f"the network has non-persistent buffers ({', '.join(sorted(lost))}), which shared weights cannot carry; "
            "compute them in forward, or register them as persistent"
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
