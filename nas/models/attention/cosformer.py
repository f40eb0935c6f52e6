"""Cosformer: ReLU features, reweighted by the cosine of the distance between two tokens.

The weight of query i and key j is relu(q).relu(k) cos(pi/2 (i - j)/R), R the longer of both sequences. As
cos(a - b) = cos a cos b + sin a sin b, it splits into a factor of i and a factor of j.

On a grid each axis has its own share of the channels and its own R, unless it is read flat, as one sequence. Of a
causal sequence R must not depend on tokens still to come: it is the span that the caller names, else the longest that
the site is made for. Where samples have spans of their own, what lies beyond, such as padding, counts as at the end.

Source: Qin et al. 2022, arXiv:2202.08791, eq. 9-12; the axes' shares as of LRPE here.
Shapes: B batch, H heads, N tokens, M keys, K head width, A axes of the grid, F = 2K features.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from nas.models.attention.base import Site
from nas.models.attention.parts.linear_mixer import LinearKind, LinearMixer
from nas.models.attention.parts.phases import with_phases
from nas.models.attention.parts.positions import Extent, token_positions


@dataclass(frozen=True)
class Cosformer(LinearKind):
    """Near tokens weigh more."""

    name = "cosformer"

    axes: Literal["split", "flat"] = "split"
    """On a grid, whether each axis has its own channels, or the tokens count in their order, row by row."""

    def build(self, num_heads: int, head_dim: int, site: Site) -> LinearMixer:
        axes = 1 if self.axes == "flat" else len(site.grid)
        if head_dim % axes:
            raise ValueError(f"{self.name} on {axes} axes needs a head_dim that divides by {axes}, found {head_dim}")
        if site.cross and axes > 1:
            raise ValueError(f"{self.name} between two sequences needs one axis of positions, found {site.grid}")
        return CosformerMixer(axes == 1, site)


class CosformerMixer(LinearMixer):
    """Two features of each channel: its value times the cosine and the sine of the token's place."""

    def __init__(self, in_sequence: bool, site: Site) -> None:
        super().__init__(site)
        self.in_sequence = in_sequence

    def features(self, x_BHNK: Tensor) -> Tensor:
        return x_BHNK.contiguous().relu()

    def factors(self, first: int, last: int, extent: Extent, like: Tensor) -> tuple[Tensor, ...]:
        shares = self._on_sequence if self.in_sequence else self._on_grid
        angle_NA = shares(first, last, extent, like) * (math.pi / 2)
        # axes take turns over the channels
        times = [1] * (angle_NA.dim() - 1) + [like.shape[-1] // angle_NA.shape[-1]]
        return angle_NA.cos().repeat(times), angle_NA.sin().repeat(times)

    def place(self, x_BHNK: Tensor, factors: tuple[Tensor, ...]) -> Tensor:
        return with_phases(x_BHNK, *factors)

    def _on_grid(self, first: int, last: int, extent: Extent, like: Tensor) -> Tensor:
        """Positions as shares of the axes' lengths, NA."""
        extra = self.site.class_tokens(last if extent.tokens is None else extent.tokens)
        places_NA = token_positions(self.site.grid, first, last, extra, like.device).to(like.dtype)
        return places_NA / (torch.tensor(self.site.grid, device=like.device) + extra)

    def _on_sequence(self, first: int, last: int, extent: Extent, like: Tensor) -> Tensor:
        """Positions as shares of R, N1, or B1N1 where samples differ."""
        place_N1 = torch.arange(first, last, device=like.device, dtype=like.dtype)[:, None]
        if extent.longest is None:
            raise ValueError("cosformer to another sequence is decoded within a span, which it needs to be given")
        if isinstance(extent.longest, int):
            _check_span(last, extent.longest)
            if isinstance(extent.first, int):
                return place_N1 / extent.longest
        first_B, longest_B = (torch.as_tensor(x, device=like.device).view(-1) for x in (extent.first, extent.longest))
        # padding lies beyond R, and may lie beyond a span; it stays at the end, so that no weight is below zero
        return ((place_N1 - first_B[:, None, None, None]) / longest_B[:, None, None, None]).clamp(0, 1)


def _check_span(tokens: int, span: int) -> None:
    if tokens > span:
        raise ValueError(f"cosformer for up to {span} tokens was given {tokens}; name a longer span")
