"""Feature fixation: a learned gate on the features of any linear kind, and a look at a token's neighbours before it.

g = sigmoid(W [phi(q); phi(k); v] + b), one for all heads of a layer; then g * phi(q) and g * phi(k) take the place of
phi(q) and phi(k). Before, keys and values may take some of their channels from neighbours in time or in space.

Source: Lu et al. 2022, arXiv:2210.08164, where phi = ReLU + K^(-1/2).
Shapes: B batch, H heads, N tokens, K head width.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from nas.models.attention.base import Site
from nas.models.attention.linear import Linear
from nas.models.attention.parts.linear_mixer import LinearKind, LinearMixer
from nas.models.attention.parts.padding import kept
from nas.models.attention.parts.positions import Extent
from nas.models.attention.parts.shifts import check_shift, shifted

Gate = Literal["shared", "unshared"]
Shift = Literal["none", "temporal", "spatial"]


@dataclass(frozen=True)
class Fixation(LinearKind):
    """Lets a token say which of its features matter. Raises: ValueError if settings contradict one another."""

    name = "fixation"

    of: LinearKind = Linear(feature_map="relu_shifted")
    """The linear kind whose features are gated."""
    gate: Gate = "shared"
    """One gate for queries and keys, or one for each."""
    shift: Shift = "none"
    """Neighbours whose channels keys and values take: the frames before and after, or the 8 cells around."""
    fold: Literal[4, 8] = 4
    """One channel in so many comes from the next frame, and as many from the one before; temporal shift only."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.of, Fixation):
            raise ValueError(f"{self.name}: of needs another kind than {self.name} itself")
        if self.shift != "temporal" and self.fold != 4:
            raise ValueError(f"{self.name}: fold belongs to shift temporal, found {self.shift}")

    def build(self, num_heads: int, head_dim: int, site: Site) -> LinearMixer:
        if site.cross:
            raise ValueError(
                f"{self.name} has no meaning between two sequences: its gate reads query and key of a token"
            )
        if self.shift != "none":
            check_shift(self.shift, self.fold, head_dim, site)
        return FixationMixer(self, num_heads, head_dim, site)


class FixationMixer(LinearMixer):
    """The mixer of a linear kind with gated features."""

    def __init__(self, kind: Fixation, num_heads: int, head_dim: int, site: Site) -> None:
        super().__init__(site)
        self.shift, self.fold = kind.shift, kind.fold
        self.of = kind.of.build(num_heads, head_dim, site)
        self.normalised = self.of.normalised
        self.gate = FeatureGate(head_dim)
        self.key_gate = FeatureGate(head_dim) if kind.gate == "unshared" else None

    def features(self, x_BHNK: Tensor) -> Tensor:
        return self.of.features(x_BHNK)

    def factors(self, first: int, last: int, extent: Extent, like: Tensor) -> tuple[Tensor, ...]:
        return self.of.factors(first, last, extent, like)

    def place(self, x_BHNK: Tensor, factors: tuple[Tensor, ...]) -> Tensor:
        return self.of.place(x_BHNK, factors)

    def finish(self, mixed_BHNK: Tensor) -> Tensor:
        return self.of.finish(mixed_BHNK)

    def prepare(
        self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        if self.shift != "none":
            k_BHMK, v_BHMK = (shifted(x, self.shift, self.fold, self.site) for x in kept(keep_BM, k_BHMK, v_BHMK))
        q_BHNK, k_BHMK = self.features(q_BHNK), self.features(k_BHMK)
        gate_BHNK = self.gate(q_BHNK, k_BHMK, v_BHMK)
        key_gate_BHNK = gate_BHNK if self.key_gate is None else self.key_gate(q_BHNK, k_BHMK, v_BHMK)
        return gate_BHNK * q_BHNK, key_gate_BHNK * k_BHMK, v_BHMK


class FeatureGate(nn.Module):
    """sigmoid(W [q; k; v] + b): one matrix for each of the three, so that leading slices keep their role."""

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.q = nn.Linear(head_dim, head_dim)
        self.k = nn.Linear(head_dim, head_dim, bias=False)
        self.v = nn.Linear(head_dim, head_dim, bias=False)
        for part in (self.q, self.k, self.v):
            # as one layer of 3 * K inputs would start
            nn.init.uniform_(part.weight, -((3 * head_dim) ** -0.5), (3 * head_dim) ** -0.5)

    def forward(self, q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        """Between 0 and 1, BHNK."""
        dtype = q_BHNK.dtype
        weights = (part.weight.to(dtype) for part in (self.q, self.k, self.v))
        summed = sum(x @ weight.mT for x, weight in zip((q_BHNK, k_BHNK, v_BHNK), weights, strict=True))
        return torch.sigmoid(summed + self.q.bias.to(dtype))
