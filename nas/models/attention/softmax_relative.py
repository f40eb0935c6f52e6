"""Softmax attention with learned relative keys: softmax((q k^T + q r^T) / sqrt(K)) v.

r is looked up by the distance from query to key, clipped; on several axes it is the sum of one such vector for each.
Tokens before the grid (a class token) are at no distance and add nothing. All heads share the vectors.

Source: Shaw et al. 2018, arXiv:1803.02155, eq. 4-5, keys only; two axes as in AutoFormer, arXiv:2107.00651.
Shapes: B batch, H heads, N queries, M keys, K head width, A axes of the grid, R = 2 * clip + 1 distances.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.base import AttentionKind, Mixer, Site, Span, State
from nas.models.attention.parts.padding import kept
from nas.models.attention.parts.positions import positions
from nas.models.attention.softmax import grown, visible
from nas.system.ranges import Range

INITIAL_STD = 0.02


@dataclass(frozen=True)
class SoftmaxRelative(AttentionKind):
    """Softmax that knows how far apart two tokens are. Raises: ValueError if `clip` is out of range."""

    name = "softmax_relative"
    growth = "quadratic"

    clip: Annotated[int, Range(1, 1_000_000)] = 14
    """Distances beyond this count as this; 14 on images, 8 or 16 on text."""

    def build(self, num_heads: int, head_dim: int, site: Site) -> Mixer:
        if site.cross:
            raise ValueError(f"{self.name} has no meaning between two sequences: there is no distance between them")
        return SoftmaxRelativeMixer(self.clip, head_dim, site)


class SoftmaxRelativeMixer(Mixer):
    """Adds to each score the product of the query with the vector of its distance to the key."""

    def __init__(self, clip: int, head_dim: int, site: Site) -> None:
        super().__init__(site)
        self.clip = clip
        self.relative = nn.Parameter(torch.empty(len(site.grid), 2 * clip + 1, head_dim))
        if not self.relative.is_meta:
            nn.init.trunc_normal_(self.relative, std=INITIAL_STD)

    def mix(self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> Tensor:
        length = q_BHNK.shape[-2]
        bias_BHNM = self._bias(q_BHNK, 0, length)
        if keep_BM is not None:
            bias_BHNM = bias_BHNM.masked_fill(~visible(self.site, length, keep_BM), -math.inf)
            k_BHMK, v_BHMK = kept(keep_BM, k_BHMK, v_BHMK)
        elif self.site.causal:
            later_NN = torch.ones(length, length, dtype=torch.bool, device=q_BHNK.device).triu(1)
            bias_BHNM = bias_BHNM.masked_fill(later_NN, -math.inf)
        return F.scaled_dot_product_attention(q_BHNK, k_BHMK, v_BHMK, attn_mask=bias_BHNM)

    def advance(self, state: State, q_BH1K: Tensor, k_BH1K: Tensor, v_BH1K: Tensor) -> tuple[Tensor, State]:
        tensors, (k_BHMK, v_BHMK) = grown(state, k_BH1K, v_BH1K)
        bias_BH1M = self._bias(q_BH1K, state.queries, state.queries + 1)
        mixed_BH1K = F.scaled_dot_product_attention(q_BH1K, k_BHMK, v_BHMK, attn_mask=bias_BH1M)
        return mixed_BH1K, state.after(tensors)

    def _bias(self, q_BHNK: Tensor, first: int, keys: int) -> Tensor:
        """Bias of the scores of the queries from number `first` on, with so many keys, BHNM."""
        extra = self.site.class_tokens(keys)
        q_BHNK = q_BHNK.to(self.relative.dtype) / math.sqrt(q_BHNK.shape[-1])
        places_MA = positions(self.site.grid, 0, keys - extra, q_BHNK.device)
        queries_NA = places_MA[first : first + q_BHNK.shape[-2] - extra]
        sizes = self.site.grid if len(self.site.grid) > 1 else (keys,)
        bias_BHNM = q_BHNK.new_zeros(())
        for axis, size in enumerate(sizes):
            products_BHNR = q_BHNK[:, :, extra:] @ self.relative[axis].mT
            bias_BHNM = bias_BHNM + self._axis_bias(products_BHNR, queries_NA[:, axis], places_MA[:, axis], size)
        return F.pad(bias_BHNM, (extra, 0, extra, 0)) if extra else bias_BHNM

    def _axis_bias(self, products_BHNR: Tensor, queries_N: Tensor, keys_M: Tensor, size: int) -> Tensor:
        """The products of each query with the vectors of its distances along one axis of `size` places, BHNM."""
        # looked up once for each place on the axis, and from there for each key: an image has far fewer rows than cells
        places_P = torch.arange(size, device=keys_M.device)
        distance_NP = (places_P - queries_N[:, None]).clamp(-self.clip, self.clip) + self.clip
        found_BHNP = products_BHNR.gather(-1, distance_NP.expand(*products_BHNR.shape[:2], -1, -1))
        return found_BHNP if len(self.relative) == 1 else found_BHNP[..., keys_M]
