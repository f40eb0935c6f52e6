"""Linear attention to all keys: the products of keys and values first, so that cost grows with N + M.

Shapes: B batch, H heads, N queries, M keys, F features of a query or key, V value width.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from nas.models.attention.parts.precision import EPS


def full_product(q_BHNF: Tensor, k_BHMF: Tensor, v_BHMV: Tensor, normalised: bool) -> Tensor:
    """Sum of all values with weights q.k, BHNV; their mean if normalised, for weights >= 0."""
    sums = sums_of(k_BHMF, v_BHMV, normalised)
    if normalised and torch.is_grad_enabled() and (q_BHNF.requires_grad or sums[0].requires_grad):
        return _Means.apply(q_BHNF, *sums)  # type: ignore[no-any-return, no-untyped-call]
    return from_sums(q_BHNF, sums)


def sums_of(k_BHMF: Tensor, v_BHMV: Tensor, normalised: bool) -> tuple[Tensor, ...]:
    """All that queries need of the keys: their products with the values, BHVF; normalised, also their sum, BH1F."""
    # values transposed, not keys: so the gradient of the keys is born in their own layout
    products_BHVF = v_BHMV.mT @ k_BHMF
    return (products_BHVF, k_BHMF.sum(-2, keepdim=True)) if normalised else (products_BHVF,)


def with_one_more(
    sums: tuple[Tensor, ...], k_BH1F: Tensor, v_BH1V: Tensor, normalised: bool, in_place: bool
) -> tuple[Tensor, ...]:
    """The sums with one more key and value; before the first there are none."""
    if not sums:
        return sums_of(k_BH1F, v_BH1V, normalised)
    if not in_place:
        return tuple(old + new for old, new in zip(sums, sums_of(k_BH1F, v_BH1V, normalised), strict=True))
    products_BHVF, *keys = sums
    products_BHVF.addcmul_(v_BH1V.mT, k_BH1F)
    for keys_BH1F in keys:
        keys_BH1F.add_(k_BH1F)
    return sums


def from_sums(q_BHNF: Tensor, sums: tuple[Tensor, ...]) -> Tensor:
    """The result of `full_product`, from the sums over its keys."""
    products_BHVF, *keys = sums
    mixed_BHNV = q_BHNF @ products_BHVF.mT
    return mixed_BHNV * _shares(q_BHNF, keys[0]) if keys else mixed_BHNV


def _shares(q_BHNF: Tensor, keys_BH1F: Tensor) -> Tensor:
    """The factor that makes a query's sum a mean."""
    return (q_BHNF @ keys_BH1F.mT).clamp_min(EPS).reciprocal()


class _Means(torch.autograd.Function):
    """`from_sums` with a backward pass that makes no more tensors of the size of the queries than it must."""

    @staticmethod
    def forward(ctx: Any, q_BHNF: Tensor, products_BHVF: Tensor, keys_BH1F: Tensor) -> Tensor:
        share_BHN1 = _shares(q_BHNF, keys_BH1F)
        mixed_BHNV = (q_BHNF @ products_BHVF.mT).mul_(share_BHN1)
        ctx.save_for_backward(q_BHNF, products_BHVF, keys_BH1F, share_BHN1, mixed_BHNV)
        return mixed_BHNV

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BHNV: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q_BHNF, products_BHVF, keys_BH1F, share_BHN1, mixed_BHNV = ctx.saved_tensors
        grad_BHNV = grad_BHNV.clone(memory_format=torch.contiguous_format).mul_(share_BHN1)
        # of the sum of weights; where EPS stood in for it, it has none
        total_grad_BHN1 = (grad_BHNV * mixed_BHNV).sum(-1, keepdim=True).neg_().mul_(share_BHN1 < 1 / EPS)
        q_grad_BHNF = (grad_BHNV @ products_BHVF).addcmul_(total_grad_BHN1, keys_BH1F)
        return q_grad_BHNF, grad_BHNV.mT @ q_BHNF, total_grad_BHN1.mT @ q_BHNF
