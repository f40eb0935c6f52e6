"""Softmax attention: softmax(q k^T / sqrt(K)) v, at a cost that grows with N*N.

Source: Vaswani et al. 2017, arXiv:1706.03762, eq. 1.
"""

import torch.nn.functional as F
from torch import Tensor

from nas.models.attention.base import AttentionKind, Grid


class SoftmaxAttention(AttentionKind):
    """Weights are the softmax of the scaled products of queries and keys."""

    def forward(self, q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q_BHNK, k_BHNK, v_BHNK)


def build(num_heads: int, head_dim: int, grid: Grid) -> AttentionKind:
    return SoftmaxAttention()
