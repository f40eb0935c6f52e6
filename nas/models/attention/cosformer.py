"""Cosformer: ReLU features, reweighted by the cosine of the distance between two tokens.

The weight of query i and key j is relu(q).relu(k) cos(pi/2 (i - j)/N). As cos(a - b) = cos a cos b + sin a sin b, it
splits into a factor of i and a factor of j.

Source: Qin et al. 2022, arXiv:2202.08791, eq. 9-12; positions count from 1 along the flattened grid.
Shapes: B batch, H heads, N tokens, K head width, F = 2K features.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from nas.models.attention.base import AttentionKind, Grid
from nas.models.attention.linear import at_least_float32, mix_normalised


class CosformerAttention(AttentionKind):
    """Near tokens weigh more; positions come from the order of the tokens alone."""

    def forward(self, q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        length, head_dim = q_BHNK.shape[-2:]
        q_BHNK, k_BHNK = at_least_float32(q_BHNK), at_least_float32(k_BHNK)
        angle_N = torch.arange(1, length + 1, device=q_BHNK.device, dtype=q_BHNK.dtype) * (math.pi / 2 / length)
        # as wide as a head, so that products run over whole heads instead of single tokens
        angle_NK = angle_N.unsqueeze(-1).repeat(1, head_dim)
        cos_NK, sin_NK = angle_NK.cos(), angle_NK.sin()
        return mix_normalised(_features(q_BHNK, cos_NK, sin_NK), _features(k_BHNK, cos_NK, sin_NK), v_BHNK)


def _features(x_BHNK: Tensor, cos_NK: Tensor, sin_NK: Tensor) -> Tensor:
    """Features whose products are the weights, BHNF."""
    x_BHNK = F.relu(x_BHNK.contiguous())
    return torch.cat((x_BHNK * cos_NK, x_BHNK * sin_NK), -1)


def build(num_heads: int, head_dim: int, grid: Grid) -> AttentionKind:
    return CosformerAttention()
