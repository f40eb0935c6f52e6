"""LRPE attention: linear attention whose scores depend on relative positions, by rotating queries and keys.

The score of tokens s and t is (R_s P phi(q)).(R_t P phi(k)): P is a frozen reflection, R_s rotates pairs of channels by
the position of s times a learned frequency, so only t - s remains in the product. Rotated features can give negative
weights, hence a norm over the joined heads in place of the denominator.

Source: Qin et al. 2023, arXiv:2307.09270: rotation, Householder, learned theta. Their image model rotates all channels
by row and then by column, which sees row + column only; here the axes take turns over the pairs of channels.
Shapes: B batch, H heads, N tokens, K head width, D = H*K, J = K/2 pairs of channels,
A axes of the grid.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.base import AttentionKind, Grid
from nas.models.attention.linear import at_least_float32, elu_plus_one, without_autocast

BASE = 10_000.0
REFLECTION_SEED = 0


class LrpeAttention(AttentionKind):
    """Weights depend on the distance between tokens along each axis of the grid.

    Raises: ValueError if the head width does not split into pairs of channels, as many for each axis.
    """

    v: Tensor

    def __init__(self, num_heads: int, head_dim: int, grid: Grid) -> None:
        super().__init__()
        axes = len(grid)
        if head_dim % (2 * axes):
            raise ValueError(f"lrpe on {axes} axes needs a head_dim that divides by {2 * axes}, found {head_dim}")
        self.grid = grid
        self.theta = nn.Parameter(torch.empty(head_dim // 2))
        self.register_buffer("v", torch.empty(head_dim))
        self.norm = nn.LayerNorm(num_heads * head_dim)
        # a shape on the meta device has nothing to fill, and supernets make many
        if not self.theta.is_meta:
            self._reset()

    @torch.no_grad()
    def _reset(self) -> None:
        # pair j belongs to axis j mod A: every axis has fast and slow pairs, the same ones
        turn_J = torch.arange(len(self.theta)).div(len(self.grid), rounding_mode="floor")
        self.theta.copy_(BASE ** (-2 * len(self.grid) / len(self.v) * turn_J))
        self.v.normal_(generator=torch.Generator(self.v.device).manual_seed(REFLECTION_SEED))

    def forward(self, q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        """Raises: ValueError if the number of tokens is neither the grid's nor one more."""
        theta_J, v_K, q_BHNK, k_BHNK, values_BHNK = map(at_least_float32, (self.theta, self.v, q_BHNK, k_BHNK, v_BHNK))
        with without_autocast(values_BHNK.device):
            # normalised here, so that a leading slice of a longer v is a unit vector too
            v_K = F.normalize(v_K, dim=0)
            angle_NJ = self._positions(q_BHNK.shape[-2], theta_J.dtype) * theta_J
            cos_NJ, sin_NJ = angle_NJ.cos(), angle_NJ.sin()
            cos_NK, sin_NK = torch.cat((cos_NJ, cos_NJ), -1), torch.cat((-sin_NJ, sin_NJ), -1)
            q_BHNK = _rotate(_reflect(elu_plus_one(q_BHNK), v_K), cos_NK, sin_NK)
            k_BHNK = _rotate(_reflect(elu_plus_one(k_BHNK), v_K), cos_NK, sin_NK)
            # values transposed, not keys: so the gradient of the keys is born in their own layout
            mixed_BNHK = (q_BHNK @ (values_BHNK.mT @ k_BHNK).mT).transpose(1, 2)
        joined_BND = mixed_BNHK.flatten(2).to(self.theta.dtype)
        normed_BND: Tensor = self.norm(joined_BND)
        return normed_BND.view(mixed_BNHK.shape).transpose(1, 2).to(v_BHNK.dtype)

    def _positions(self, length: int, dtype: torch.dtype) -> Tensor:
        """Position of each token on the axis of each pair of channels, NJ, row-major.

        A token more than the grid has is a class token: it comes first, at 0 on every axis, and the grid counts from 1.
        """
        cells = math.prod(self.grid)
        if length not in (cells, cells + 1):
            raise ValueError(f"lrpe on the grid {self.grid} needs {cells} or {cells + 1} tokens, found {length}")
        extra = length - cells
        axes = [torch.arange(extra, extra + size, device=self.theta.device, dtype=dtype) for size in self.grid]
        positions_NA = torch.stack(torch.meshgrid(axes, indexing="ij"), -1).flatten(0, -2)
        return F.pad(positions_NA, (0, 0, extra, 0)).repeat(1, len(self.theta) // len(axes))


def _reflect(x_BHNK: Tensor, v_K: Tensor) -> Tensor:
    """(I - 2 v v^T) x for a unit vector v."""
    return torch.addcmul(x_BHNK, (x_BHNK @ v_K).unsqueeze(-1), v_K, value=-2)


def _rotate(x_BHNK: Tensor, cos_NK: Tensor, sin_NK: Tensor) -> Tensor:
    """Turn the plane of the channels j and J + j; the sine is negative in the first J channels."""
    return torch.addcmul(x_BHNK * cos_NK, x_BHNK.roll(x_BHNK.shape[-1] // 2, -1), sin_NK)


def build(num_heads: int, head_dim: int, grid: Grid) -> AttentionKind:
    return LrpeAttention(num_heads, head_dim, grid)
