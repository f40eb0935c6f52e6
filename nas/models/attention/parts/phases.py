"""Factors of queries and keys whose product depends on the distance between two tokens.

Shapes: B batch, H heads, N tokens, K features, J = K/2 planes; angles are NK or NJ, or B1NK where samples differ.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def with_phases(x_BHNK: Tensor, cos_NK: Tensor, sin_NK: Tensor) -> Tensor:
    """[x cos, x sin], twice as wide: of products, channel j's is multiplied by the cosine of the angles' difference."""
    return torch.cat((x_BHNK * cos_NK, x_BHNK * sin_NK), -1)


def turns(angle_NJ: Tensor) -> Tensor:
    """Unit complex numbers at the angles."""
    return torch.complex(angle_NJ.cos(), angle_NJ.sin())


def turned(x_BHNK: Tensor, turns_NJ: Tensor) -> Tensor:
    """The plane of the channels 2j and 2j + 1 turned by angle j; of products, only the difference of angles remains."""
    if torch.is_grad_enabled() and (x_BHNK.requires_grad or turns_NJ.requires_grad):
        return _Turned.apply(x_BHNK, turns_NJ)  # type: ignore[no-any-return, no-untyped-call]
    return _times(x_BHNK, turns_NJ)


def _times(x_BHNK: Tensor, turns_NJ: Tensor) -> Tensor:
    # a plane is a complex number: one pass over memory instead of several over halves
    return torch.view_as_real(_planes(x_BHNK) * turns_NJ).flatten(-2)


def _planes(x_BHNK: Tensor) -> Tensor:
    return torch.view_as_complex(x_BHNK.contiguous().view(*x_BHNK.shape[:-1], -1, 2))


class _Turned(torch.autograd.Function):
    """Turns the gradient back; autograd would keep complex copies of all it reads."""

    @staticmethod
    def forward(ctx: Any, x_BHNK: Tensor, turns_NJ: Tensor) -> Tensor:
        ctx.save_for_backward(turns_NJ, *([x_BHNK] if ctx.needs_input_grad[1] else []))
        return _times(x_BHNK, turns_NJ)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BHNK: Tensor) -> tuple[Tensor | None, Tensor | None]:
        turns_NJ, *given = ctx.saved_tensors
        back_BHNK = _times(grad_BHNK, turns_NJ.conj().resolve_conj())
        if not given:
            return back_BHNK, None
        return back_BHNK, (_planes(given[0]).conj() * _planes(grad_BHNK)).sum_to_size(turns_NJ.shape)
