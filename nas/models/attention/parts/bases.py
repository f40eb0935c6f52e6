"""LRPE's P: a unitary change of the channels, the same for queries and keys, applied before positions.

Source: Qin et al. 2023, arXiv:2307.09270, section 3.3.
Shapes: B batch, H heads, N tokens, K head width.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.parts.precision import at_least_float32
from nas.models.layout import leading

Basis = Literal["identity", "householder", "dct", "fourier", "odd_even"]

REFLECTION_SEED = 0


class Fixed(nn.Module):
    """A change of channels that has nothing to learn."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.change = change

    def forward(self, x_BHNK: Tensor) -> Tensor:
        return self.change(x_BHNK)


class Householder(nn.Module):
    """I - 2 v v^T, v a random unit vector, frozen or learned."""

    v: Tensor

    def __init__(self, head_dim: int, learned: bool) -> None:
        super().__init__()
        v_K = torch.empty(head_dim)
        # a shape on the meta device has nothing to fill, and supernets make many
        if not v_K.is_meta:
            v_K.normal_(generator=torch.Generator(v_K.device).manual_seed(REFLECTION_SEED))
        if learned:
            self.v = nn.Parameter(v_K)
        else:
            # the drawn vector of another width begins otherwise; a narrow head reads the first of the widest one
            self.register_buffer("v", v_K)
            leading(self, ("v",))

    def forward(self, x_BHNK: Tensor) -> Tensor:
        # normalised here, so that v stays a unit vector while it learns, and as a leading slice of a longer one
        v_K = F.normalize(at_least_float32(self.v), dim=0).to(x_BHNK.dtype)
        return torch.addcmul(x_BHNK, (x_BHNK @ v_K).unsqueeze(-1), v_K, value=-2)


def build_basis(basis: Basis, head_dim: int, learned: bool) -> nn.Module:
    """The module of a basis; `fourier` gives each channel's real part and beside it the imaginary one."""
    if basis == "householder":
        return Householder(head_dim, learned)
    return Fixed({"identity": _unchanged, "dct": dct, "fourier": fourier, "odd_even": odd_even}[basis])


def _unchanged(x: Tensor) -> Tensor:
    return x


def dct(x_BHNK: Tensor) -> Tensor:
    """Orthonormal discrete cosine transform, type II."""
    width = x_BHNK.shape[-1]
    row_K = torch.arange(width, device=x_BHNK.device, dtype=x_BHNK.dtype)
    matrix_KK = torch.cos(math.pi / width * torch.outer(row_K, row_K + 0.5)) * math.sqrt(2 / width)
    matrix_KK[0] /= math.sqrt(2)
    return x_BHNK @ matrix_KK.mT


def fourier(x_BHNK: Tensor) -> Tensor:
    """Orthonormal discrete Fourier transform, as a product: at the widths of heads faster than a fast transform."""
    width = x_BHNK.shape[-1]
    row_K = torch.arange(width, device=x_BHNK.device)
    # the product of two numbers below K modulo K is exact, that of large angles is not
    angle_KK = (torch.outer(row_K, row_K) % width).to(x_BHNK.dtype) * (-2 * math.pi / width)
    return x_BHNK @ (torch.stack((angle_KK.cos(), angle_KK.sin()), -1).flatten(-2) / math.sqrt(width))


def odd_even(x_BHNK: Tensor) -> Tensor:
    """Even channels, then odd ones."""
    return torch.cat((x_BHNK[..., 0::2], x_BHNK[..., 1::2]), -1)
