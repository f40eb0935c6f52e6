"""Causal linear attention in linear time and memory: chunks of tokens instead of an N x N matrix.

Inside a chunk the weights are formed and masked; what came before a chunk is one matrix of F x V sums, which grows from
chunk to chunk. The backward pass is written out: it keeps the weights inside chunks and the sums, and adds up the
gradients of the sums from the last chunk to the first.

Source: chunkwise form, Hua et al. 2022, arXiv:2202.10447, section 3.2.
Shapes: G batch times heads, N tokens, J chunks, C tokens of a chunk, T = G * J, F features, V value width.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from nas.models.attention.parts.precision import EPS

LOOPING = frozenset({"cpu"})
"""Types of devices where a loop over chunks adds up faster than cumsum, which walks single numbers there."""

CHUNK = 64
"""Most tokens of a chunk; the fastest of 16 to 256 in benchmarks/results/attention.md."""


def causal_product(q_BHNF: Tensor, k_BHNF: Tensor, v_BHNV: Tensor, normalised: bool, chunk: int = CHUNK) -> Tensor:
    """Sum of the values up to each token with weights q.k, BHNV; their mean if normalised, for weights >= 0."""
    if torch.compiler.is_exporting():
        return _of_any_length(q_BHNF, k_BHNF, v_BHNV, normalised)
    length = q_BHNF.shape[-2]
    # as few tokens of padding as the number of chunks allows
    chunks = -(-length // chunk)
    size = -(-length // chunks)
    padding = chunks * size - length
    q_TCF, k_TCF, v_TCV = (_chunked(x, padding, size) for x in (q_BHNF, k_BHNF, v_BHNV))
    if torch.is_grad_enabled() and (q_TCF.requires_grad or k_TCF.requires_grad or v_TCV.requires_grad):
        mixed_TCV = _CausalProduct.apply(q_TCF, k_TCF, v_TCV, chunks, normalised)  # type: ignore[no-untyped-call]
    else:
        mixed_TCV, _ = _forward(q_TCF, k_TCF, v_TCV, chunks, normalised)
    whole_BHNV: Tensor = mixed_TCV.view(*v_BHNV.shape[:2], length + padding, v_BHNV.shape[-1])
    return whole_BHNV[:, :, :length] if padding else whole_BHNV


def _of_any_length(q_BHNF: Tensor, k_BHNF: Tensor, v_BHNV: Tensor, normalised: bool) -> Tensor:
    """The same as one chunk: a program that is written out for all lengths cannot have as many as each length needs."""
    weights_BHNN = (q_BHNF @ k_BHNF.mT).tril()
    mixed_BHNV = weights_BHNN @ v_BHNV
    return mixed_BHNV / weights_BHNN.sum(-1, keepdim=True).clamp_min(EPS) if normalised else mixed_BHNV


def _chunked(x_BHNF: Tensor, padding: int, size: int) -> Tensor:
    """The tokens of all heads in chunks, TCF."""
    padded = F.pad(x_BHNF, (0, 0, 0, padding)) if padding else x_BHNF
    return padded.reshape(-1, size, x_BHNF.shape[-1])


def _forward(
    q_TCF: Tensor, k_TCF: Tensor, v_TCV: Tensor, chunks: int, normalised: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The mixed values, TCV, and what the backward pass needs besides the inputs."""
    weights_TCC = torch.bmm(q_TCF, k_TCF.mT).tril_()
    mixed_TCV = torch.bmm(weights_TCC, v_TCV)
    total_TC1 = weights_TCC.sum(-1, keepdim=True) if normalised else None
    carried: tuple[Tensor, ...] = ()
    if chunks > 1:
        sums_TFV = _up_to(torch.bmm(k_TCF.mT, v_TCV), chunks)
        mixed_TCV[1:].baddbmm_(q_TCF[1:], sums_TFV[:-1])
        carried = (sums_TFV,)
        if total_TC1 is not None:
            keys_T1F = _up_to(k_TCF.sum(-2, keepdim=True), chunks)
            # a row times a matrix: a matrix times a column takes four times as long here
            total_TC1[1:].add_(torch.bmm(keys_T1F[:-1], q_TCF[1:].mT).mT)
            carried = (sums_TFV, keys_T1F)
    if total_TC1 is None:
        return mixed_TCV, (weights_TCC, *carried)
    share_TC1 = total_TC1.clamp_min(EPS).reciprocal_()
    return mixed_TCV.mul_(share_TC1), (weights_TCC, *carried, mixed_TCV, total_TC1, share_TC1)


class _CausalProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q_TCF: Tensor, k_TCF: Tensor, v_TCV: Tensor, chunks: int, normalised: bool) -> Tensor:
        mixed_TCV, kept = _forward(q_TCF, k_TCF, v_TCV, chunks, normalised)
        ctx.save_for_backward(q_TCF, k_TCF, v_TCV, *kept)
        ctx.chunks, ctx.normalised = chunks, normalised
        return mixed_TCV

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_TCV: Tensor) -> tuple[Tensor | None, ...]:
        q_TCF, k_TCF, v_TCV, weights_TCC, *carried = ctx.saved_tensors
        total_grad_TC1 = None
        if ctx.normalised:
            *carried, mixed_TCV, total_TC1, share_TC1 = carried
            grad_TCV = grad_TCV.clone(memory_format=torch.contiguous_format).mul_(share_TC1)
            # of the sum of weights that a mean is divided by, unless EPS stood in for it
            total_grad_TC1 = (grad_TCV * mixed_TCV).sum(-1, keepdim=True).neg_().mul_(total_TC1 > EPS)
        weights_grad_TCC = torch.bmm(grad_TCV, v_TCV.mT)
        if total_grad_TC1 is not None:
            weights_grad_TCC += total_grad_TC1
        weights_grad_TCC.tril_()
        q_grad_TCF = torch.bmm(weights_grad_TCC, k_TCF)
        k_grad_TCF = torch.bmm(weights_grad_TCC.mT, q_TCF)
        v_grad_TCV = torch.bmm(weights_TCC.mT, grad_TCV)
        if carried:
            sums_grad_TFV = _from(torch.bmm(q_TCF.mT, grad_TCV), ctx.chunks)
            q_grad_TCF[1:].baddbmm_(grad_TCV[1:], carried[0][:-1].mT)
            k_grad_TCF[:-1].baddbmm_(v_TCV[:-1], sums_grad_TFV[1:].mT)
            v_grad_TCV[:-1].baddbmm_(k_TCF[:-1], sums_grad_TFV[1:])
            if total_grad_TC1 is not None:
                q_grad_TCF[1:].addcmul_(total_grad_TC1[1:], carried[1][:-1])
                k_grad_TCF[:-1].add_(_from(torch.bmm(total_grad_TC1.mT, q_TCF), ctx.chunks)[1:])
        return q_grad_TCF, k_grad_TCF, v_grad_TCV, None, None


def _up_to(sums_TXY: Tensor, chunks: int) -> Tensor:
    """In place, the sum of each chunk and those before it in its head.

    A chunk reads what stands one place before its own; so a head's last chunk holds zero, for the next head's first.
    """
    sums_GJXY = sums_TXY.view(-1, chunks, *sums_TXY.shape[1:])
    if sums_TXY.device.type in LOOPING:
        for earlier, later in pairwise(sums_GJXY.unbind(1)[:-1]):
            later.add_(earlier)
    else:
        sums_GJXY[:, :-1] = sums_GJXY[:, :-1].cumsum(1)
    sums_GJXY[:, -1].zero_()
    return sums_TXY


def _from(sums_TXY: Tensor, chunks: int) -> Tensor:
    """In place, the sum of each chunk and those after it in its head; zero in the first, as `_up_to` in the last."""
    sums_GJXY = sums_TXY.view(-1, chunks, *sums_TXY.shape[1:])
    if sums_TXY.device.type in LOOPING:
        for later, earlier in pairwise(sums_GJXY.unbind(1)[:0:-1]):
            earlier.add_(later)
    else:
        sums_GJXY[:, 1:] = sums_GJXY[:, 1:].flip(1).cumsum(1).flip(1)
    sums_GJXY[:, 0].zero_()
    return sums_TXY
