"""Softmax attention: softmax(q k^T / sqrt(K)) v, at a cost that grows with N*M.

Source: Vaswani et al. 2017, arXiv:1706.03762, eq. 1.
Shapes: B batch, H heads, N queries, M keys, K head width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nas.models.attention.base import AttentionKind, Mixer, Site, Span, State
from nas.models.attention.parts.padding import kept


@dataclass(frozen=True)
class Softmax(AttentionKind):
    """The best at short lengths, and the yardstick at all."""

    name = "softmax"

    def build(self, num_heads: int, head_dim: int, site: Site) -> Mixer:
        return SoftmaxMixer(site)


class SoftmaxMixer(Mixer):
    """Weights are the softmax of the scaled products of queries and keys; decoding keeps all keys and values."""

    def mix(self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> Tensor:
        if keep_BM is None:
            return F.scaled_dot_product_attention(q_BHNK, k_BHMK, v_BHMK, is_causal=self.site.causal)
        seen = visible(self.site, q_BHNK.shape[-2], keep_BM)
        k_BHMK, v_BHMK = kept(keep_BM, k_BHMK, v_BHMK)
        return F.scaled_dot_product_attention(q_BHNK, k_BHMK, v_BHMK, attn_mask=seen)

    def remember(self, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> State:
        k_BHMK, v_BHMK = kept(keep_BM, k_BHMK, v_BHMK)
        return State((k_BHMK, v_BHMK) if keep_BM is None else (k_BHMK, v_BHMK, keep_BM))

    def recall(self, state: State, q_BH1K: Tensor) -> Tensor:
        k_BHMK, v_BHMK, *keep_BM = state.tensors
        seen = keep_BM[0][:, None, None] if keep_BM else None
        return F.scaled_dot_product_attention(q_BH1K, k_BHMK, v_BHMK, attn_mask=seen)

    def advance(
        self, state: State, q_BH1K: Tensor, k_BH1K: Tensor, v_BH1K: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        k_BHMK, v_BHMK = grown(state, k_BH1K, v_BH1K)
        return F.scaled_dot_product_attention(q_BH1K, k_BHMK, v_BHMK), (k_BHMK, v_BHMK)


def visible(site: Site, queries: int, keep_BM: Tensor) -> Tensor:
    """Which keys a query sees, B1NM or B11M; a row without any gives zeros."""
    keep_B11M = keep_BM[:, None, None]
    if not site.causal:
        return keep_B11M
    return keep_B11M & torch.ones(queries, queries, dtype=torch.bool, device=keep_BM.device).tril()


def grown(state: State, k_BH1K: Tensor, v_BH1K: Tensor) -> tuple[Tensor, Tensor]:
    """All keys and values of the state, BHMK, with one more of each."""
    if not state.tensors:
        return k_BH1K, v_BH1K
    k_BHMK, v_BHMK = state.tensors
    return torch.cat((k_BHMK, k_BH1K), -2), torch.cat((v_BHMK, v_BH1K), -2)
