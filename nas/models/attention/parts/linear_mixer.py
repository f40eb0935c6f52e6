"""The base of all linear kinds: features of queries and keys, positions put into them, sums over keys, an ending.

Kinds differ in their features, in how positions enter (a factor of the query and one of the key), and in the ending:
the mean of the values, or a norm where weights can be negative. Sums are in float32 at least.

Shapes: B batch, H heads, N queries, M keys, K head width, F features of a query or key after positions are in them.
"""

from abc import abstractmethod

import torch
from torch import Tensor

from nas.models.attention.base import AttentionKind, Mixer, Site, Span, State
from nas.models.attention.parts.causal import causal_product
from nas.models.attention.parts.full import from_sums, full_product, sums_of, with_one_more
from nas.models.attention.parts.padding import kept
from nas.models.attention.parts.positions import Extent, extent
from nas.models.attention.parts.precision import at_least_float32, without_autocast


class LinearKind(AttentionKind):
    """A kind whose mixer is linear, so that what is added to features can be added to it."""

    growth = "linear"

    @abstractmethod
    def build(self, num_heads: int, head_dim: int, site: Site) -> "LinearMixer":
        """A fresh module. Raises: ValueError if the kind has no meaning at the site."""


class LinearMixer(Mixer):
    """A mixer whose weights are products of features.

    Decoding keeps one matrix of sums over the keys, of constant size.
    """

    normalised = True
    """Whether values are averaged; else they are summed, and `finish` brings them to scale."""

    @abstractmethod
    def features(self, x_BHNK: Tensor) -> Tensor:
        """Features of queries or keys without positions, contiguous."""

    def factors(self, first: int, last: int, extent: Extent, like: Tensor) -> tuple[Tensor, ...]:
        """Factors by which the positions of tokens `first` to `last - 1` enter their features.

        Args:
            like: Features, to say width, precision and device.
        """
        return ()

    def place(self, x_BHNK: Tensor, factors: tuple[Tensor, ...]) -> Tensor:
        """The features with the tokens' positions in them, BHNF."""
        return x_BHNK

    def finish(self, mixed_BHNK: Tensor) -> Tensor:
        return mixed_BHNK

    def prepare(
        self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features of queries and keys without positions, and values."""
        return self.features(q_BHNK), self.features(k_BHMK), v_BHMK

    def mix(self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> Tensor:
        dtype, queries = v_BHMK.dtype, q_BHNK.shape[-2]
        with without_autocast(v_BHMK.device):
            q_BHNK, k_BHMK, v_BHMK = (at_least_float32(x) for x in (q_BHNK, k_BHMK, v_BHMK))
            q_BHNK, k_BHMK, v_BHMK = self.prepare(q_BHNK, k_BHMK, v_BHMK, keep_BM)
            reach, of_keys = self._factors_of_keys(queries, k_BHMK, keep_BM, span)
            of_queries = of_keys
            if self.site.cross:
                of_queries = self.factors(0, queries, reach._replace(first=0), q_BHNK)
            q_BHNF, k_BHMF = self.place(q_BHNK, of_queries), self.place(k_BHMK, of_keys)
            product = causal_product if self.site.causal else full_product
            k_BHMF, v_BHMK = kept(keep_BM, k_BHMF, v_BHMK)
            return self.finish(product(q_BHNF, k_BHMF, v_BHMK, self.normalised)).to(dtype)

    def remember(self, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> State:
        with without_autocast(v_BHMK.device):
            k_BHMK, v_BHMK = self.features(at_least_float32(k_BHMK)), at_least_float32(v_BHMK)
            _, factors = self._factors_of_keys(None, k_BHMK, keep_BM, span)
            k_BHMF, v_BHMK = kept(keep_BM, self.place(k_BHMK, factors), v_BHMK)
            return State(sums_of(k_BHMF, v_BHMK, self.normalised), span=span)

    def recall(self, state: State, q_BH1K: Tensor) -> tuple[Tensor, State]:
        with without_autocast(q_BH1K.device):
            features_BH1K = self.features(at_least_float32(q_BH1K))
            factors, prepared = self._factors_next(state, features_BH1K)
            q_BH1F = self.place(features_BH1K, factors)
            mixed_BH1K = self.finish(from_sums(q_BH1F, state.tensors)).to(q_BH1K.dtype)
            return mixed_BH1K, state.after(state.tensors, prepared)

    def advance(self, state: State, q_BH1K: Tensor, k_BH1K: Tensor, v_BH1K: Tensor) -> tuple[Tensor, State]:
        dtype = v_BH1K.dtype
        with without_autocast(v_BH1K.device):
            q_BH1K, k_BH1K, v_BH1K = (at_least_float32(x) for x in (q_BH1K, k_BH1K, v_BH1K))
            q_BH1K, k_BH1K, v_BH1K = self.prepare(q_BH1K, k_BH1K, v_BH1K, None)
            factors, prepared = self._factors_next(state, k_BH1K)
            # a step is as long as its number of operators, so query and key share them as if they were heads
            both_BH1K = torch.cat((q_BH1K, k_BH1K), 1)
            q_BH1F, k_BH1F = self.place(both_BH1K, factors).chunk(2, 1)
            sums = with_one_more(state.tensors, k_BH1F, v_BH1K, self.normalised, in_place=state.room > 0)
            return self.finish(from_sums(q_BH1F, sums)).to(dtype), state.after(sums, prepared)

    def _factors_of_keys(
        self, queries: int | None, k_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None
    ) -> tuple[Extent, tuple[Tensor, ...]]:
        """How far the tokens reach, and what the keys' positions do to their features."""
        copies = self.site.copies
        keys = k_BHMK.shape[-2] // copies
        keep_BM = keep_BM if keep_BM is None else keep_BM[:, :keys]
        reach = extent(self.site, queries, keep_BM, keys, span)
        factors = self.factors(0, keys, reach, k_BHMK)
        if copies == 1:
            return reach, factors
        return reach, tuple(torch.cat([factor] * copies, -2) for factor in factors)

    def _factors_next(self, state: State, like: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Factors of the next token's position, and those of all positions if the state keeps them."""
        place = state.queries
        if place < state.room:
            prepared = state.factors or self._factors_from(0, state.room, state.span, like)
            return tuple(factor.narrow(-2, place, 1) for factor in prepared), prepared
        return self._factors_from(place, place + 1, state.span, like), state.factors

    def _factors_from(self, first: int, last: int, span: Span | None, like: Tensor) -> tuple[Tensor, ...]:
        return self.factors(first, last, extent(self.site, None, None, None, span), like)
