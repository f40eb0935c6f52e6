"""Linear attention: a feature map in place of softmax, so that cost grows with N instead of N*N.

Source: Katharopoulos et al. 2020, arXiv:2006.16236, eq. 4-7.
Shapes: B batch, H heads, N tokens, F features of a query or key, K head width, V = K + 1.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor

from nas.models.attention.base import AttentionKind, Grid

EPS = 1e-6


class LinearAttention(AttentionKind):
    """Weights are phi(q).phi(k) with phi = elu + 1, divided by their sum over the keys."""

    def forward(self, q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        return mix_normalised(elu_plus_one(q_BHNK), elu_plus_one(k_BHNK), v_BHNK)


def elu_plus_one(x: Tensor) -> Tensor:
    """Above zero everywhere: x + 1 where x > 0, else exp(x)."""
    # elu in place has its gradient from its result, which saves an exp; the copy is one that the products need anyway
    return F.elu(x.clone(memory_format=torch.contiguous_format), inplace=True) + 1


def mix_normalised(q_BHNF: Tensor, k_BHNF: Tensor, v_BHNK: Tensor) -> Tensor:
    """Means of the values with weights q.k >= 0, never forming the N x N weights; BHNK."""
    dtype = v_BHNK.dtype
    q_BHNF, k_BHNF, v_BHNK = map(at_least_float32, (q_BHNF, k_BHNF, v_BHNK))
    with without_autocast(v_BHNK.device):
        # values transposed, not keys: so the gradient of the keys is born in their own layout
        vk_BHVF = torch.cat((v_BHNK.mT @ k_BHNF, k_BHNF.sum(-2, keepdim=True)), -2)
        sums_BHNV = q_BHNF @ vk_BHVF.mT
        return (sums_BHNV[..., :-1] * sums_BHNV[..., -1:].clamp_min(EPS).reciprocal()).to(dtype)


def at_least_float32(x: Tensor) -> Tensor:
    """Sums over many keys overflow float16 and lose digits in bfloat16."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Where autocast is active, a context without it; else nothing, so that traces and exports stay free of it."""
    active = torch.is_autocast_enabled(device.type)
    return torch.autocast(device.type, enabled=False) if active else nullcontext()


def build(num_heads: int, head_dim: int, grid: Grid) -> AttentionKind:
    return LinearAttention()
