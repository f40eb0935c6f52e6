"""Channels taken from neighbours in a grid of tokens, zero where there is no neighbour.

Source: Lu et al. 2022, arXiv:2210.08164, neighbourhood association.
Shapes: B batch, H heads, N tokens, K head width; grids are (frames,), (rows, columns) or (frames, rows, columns).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nas.models.attention.base import Site

NEIGHBOURS = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]


def check_shift(shift: str, fold: int, head_dim: int, site: Site) -> None:
    """Raises: ValueError if tokens have no such neighbours, or channels do not split."""
    if site.causal:
        raise ValueError(f"a {shift} shift looks at tokens to come, so it has no meaning in causal attention")
    axes, parts = len(site.grid), fold if shift == "temporal" else 16
    if axes not in ((1, 3) if shift == "temporal" else (2, 3)):
        needed = "(frames,) or (frames, rows, columns)" if shift == "temporal" else "(rows, columns), or frames before"
        raise ValueError(f"a {shift} shift needs a grid of {needed}, found {site.grid}")
    if head_dim % parts:
        raise ValueError(f"a {shift} shift needs a head_dim that divides by {parts}, found {head_dim}")


def shifted(x_BHNK: Tensor, shift: str, fold: int, site: Site) -> Tensor:
    """The tokens with some channels of their neighbours in place of their own; a class token stays as it is."""
    extra = site.class_tokens(x_BHNK.shape[-2])
    grid = site.grid if len(site.grid) > 1 else (x_BHNK.shape[-2],)
    cells = x_BHNK[:, :, extra:].reshape(*x_BHNK.shape[:2], *grid, -1)
    cells = temporal_shift(cells, fold) if shift == "temporal" else spatial_shift(cells)
    return torch.cat((x_BHNK[:, :, :extra], cells.flatten(2, -2)), 2)


def temporal_shift(x: Tensor, fold: int) -> Tensor:
    """Take one channel in `fold` from the next frame, and as many from the one before; (B, H, frames, ..., K)."""
    part = x.shape[-1] // fold
    after, before, own = torch.split(x, [part, part, x.shape[-1] - 2 * part], -1)
    return torch.cat((neighbour(after, 2, (1,)), neighbour(before, 2, (-1,)), own), -1)


def spatial_shift(x: Tensor) -> Tensor:
    """Take 1/16 of the channels from each of 8 neighbours, row by row; half stay; (B, H, ..., rows, columns, K)."""
    part = x.shape[-1] // 16
    *around, own = torch.split(x, [part] * 8 + [x.shape[-1] - 8 * part], -1)
    taken = [neighbour(own_part, x.dim() - 3, step) for own_part, step in zip(around, NEIGHBOURS, strict=True)]
    return torch.cat((*taken, own), -1)


def neighbour(x: Tensor, axis: int, step: Sequence[int]) -> Tensor:
    """At every place what stands `step` further along the axes from `axis` on; zero where nothing does."""
    for offset, dim in zip(step, range(axis, x.dim()), strict=False):
        if offset:
            size = x.shape[dim]
            # the padding of the last dimension comes first
            sides = [0, 0] * (x.dim() - 1 - dim) + [max(-offset, 0), max(offset, 0)]
            x = F.pad(x, sides).narrow(dim, max(offset, 0), size)
    return x
