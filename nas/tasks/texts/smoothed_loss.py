"""Cross-entropy with label smoothing over large vocabularies, in half the passes over memory that autograd's own takes.

Source: Szegedy et al. 2016, arXiv:1512.00567: a share of each target is spread over all classes.
Shapes: N tokens, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def smoothed_cross_entropy(scores_NV: Tensor, targets_N: Tensor, smoothing: float, ignored: int) -> Tensor:
    """Mean over the targets that are not `ignored`, as `torch.nn.functional.cross_entropy` defines it."""
    return _Smoothed.apply(scores_NV, targets_N, smoothing, ignored)  # type: ignore[no-any-return, no-untyped-call]


class _Smoothed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores_NV: Tensor, targets_N: Tensor, smoothing: float, ignored: int) -> Tensor:
        shares_NV = scores_NV.softmax(-1, dtype=torch.promote_types(scores_NV.dtype, torch.float32))
        keep_N = targets_N != ignored
        weight_N = keep_N.to(shares_NV.dtype) / keep_N.sum()
        # the greatest share is no less than 1 / V, so its logarithm is safe
        most_N1, place_N1 = scores_NV.max(-1, keepdim=True)
        total_N = (most_N1 - shares_NV.gather(-1, place_N1).log())[:, 0]
        own_N = scores_NV.gather(-1, targets_N[:, None])[:, 0]
        loss_N = total_N - (1 - smoothing) * own_N - smoothing * scores_NV.mean(-1, dtype=total_N.dtype)
        ctx.save_for_backward(shares_NV, targets_N, weight_N)
        ctx.smoothing, ctx.dtype = smoothing, scores_NV.dtype
        return (loss_N * weight_N).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        shares_NV, targets_N, weight_N = ctx.saved_tensors
        grad_NV = shares_NV - ctx.smoothing / shares_NV.shape[-1]
        grad_NV.scatter_add_(-1, targets_N[:, None], grad_NV.new_full((len(targets_N), 1), ctx.smoothing - 1))
        return grad_NV.mul_((grad * weight_N)[:, None]).to(ctx.dtype), None, None, None
