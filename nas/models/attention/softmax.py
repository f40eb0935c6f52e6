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
    growth = "quadratic"

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
        # read at every step, so laid out once
        k_BHMK, v_BHMK = (x.contiguous() for x in kept(keep_BM, k_BHMK, v_BHMK))
        if keep_BM is None or bool(keep_BM.all()):
            return State((k_BHMK, v_BHMK))
        return State((k_BHMK, v_BHMK, keep_BM))

    def recall(self, state: State, q_BH1K: Tensor) -> tuple[Tensor, State]:
        k_BHMK, v_BHMK, *keep_BM = state.tensors
        seen = keep_BM[0][:, None, None] if keep_BM else None
        mixed_BH1K = F.scaled_dot_product_attention(q_BH1K, k_BHMK, v_BHMK, attn_mask=seen)
        return mixed_BH1K, state.after(state.tensors)

    def advance(self, state: State, q_BH1K: Tensor, k_BH1K: Tensor, v_BH1K: Tensor) -> tuple[Tensor, State]:
        tensors, (k_BHMK, v_BHMK) = grown(state, k_BH1K, v_BH1K)
        return F.scaled_dot_product_attention(q_BH1K, k_BHMK, v_BHMK), state.after(tensors)


def visible(site: Site, queries: int, keep_BM: Tensor) -> Tensor:
    """Which keys a query sees, B1NM or B11M; a row without any gives zeros."""
    keep_B11M = keep_BM[:, None, None]
    if not site.causal:
        return keep_B11M
    return keep_B11M & torch.ones(queries, queries, dtype=torch.bool, device=keep_BM.device).tril()


LEAST_ROOM = 16
"""Tokens that memory is set aside for at first; from there it grows by quarters."""

Pair = tuple[Tensor, Tensor]


def grown(state: State, k_BH1K: Tensor, v_BH1K: Tensor) -> tuple[Pair, Pair]:
    """The tensors of a state of keys and values with one more of each, and its keys and values, BHMK."""
    if not state.room:
        old = state.tensors or (k_BH1K[:, :, :0], v_BH1K[:, :, :0])
        k_BHMK, v_BHMK = (torch.cat((x, new), 2) for x, new in zip(old, (k_BH1K, v_BH1K), strict=True))
        return (k_BHMK, v_BHMK), (k_BHMK, v_BHMK)
    place = state.queries
    k_BHLK, v_BHLK = state.tensors or (k_BH1K[:, :, :0], v_BH1K[:, :, :0])
    if place == k_BHLK.shape[2]:
        size = max(place + 1, min(state.room, place + max(LEAST_ROOM, place // 4)))
        k_BHLK, v_BHLK = (_longer(x, size) for x in (k_BHLK, v_BHLK))
    k_BHLK.narrow(2, place, 1).copy_(k_BH1K)
    v_BHLK.narrow(2, place, 1).copy_(v_BH1K)
    return (k_BHLK, v_BHLK), (k_BHLK.narrow(2, 0, place + 1), v_BHLK.narrow(2, 0, place + 1))


def _longer(x_BHLK: Tensor, size: int) -> Tensor:
    """The tensor with room for so many tokens."""
    batch, heads, length, width = x_BHLK.shape
    longer_BHLK = x_BHLK.new_empty(batch, heads, size, width)
    longer_BHLK.narrow(2, 0, length).copy_(x_BHLK)
    return longer_BHLK
