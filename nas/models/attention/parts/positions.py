"""Positions of tokens on the axes of their grid, and the part of them that a sequence takes up.

Shapes: B batch, N tokens, M keys, A axes of the grid.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nas.models.attention.base import Site, Span


class Extent(NamedTuple):
    """Where the tokens of a call begin and how far they may reach."""

    tokens: int | None
    """Tokens of the sequence, padding included; None while they come one by one."""
    first: Span
    """Place of the first key that is not padding."""
    longest: Span | None
    """Length of the longer of both sequences, without padding; None if it is not known yet."""


def extent(site: Site, queries: int | None, keep_BM: Tensor | None, keys: int | None, span: Span | None) -> Extent:
    """The extent of a call; causal weights must not depend on what is to come, so there the site says how long."""
    first: Span = 0 if keep_BM is None else keep_BM.int().argmax(-1)
    if span is not None:
        return Extent(queries, first, span)
    if site.causal:
        return Extent(queries, first, site.cells)
    if queries is None or keys is None:
        return Extent(queries, first, None)
    if keep_BM is None:
        return Extent(queries, first, max(queries, keys))
    kept_B = keys - keep_BM.flip(-1).int().argmax(-1) - first
    return Extent(queries, first, kept_B.clamp_min(queries) if site.cross else kept_B)


def positions(grid: Sequence[int], first: int, last: int, device: torch.device) -> Tensor:
    """Places of the cells number `first` to before `last` on each axis, row-major, NA; an only axis has no end."""
    index_N = torch.arange(first, last, device=device)
    if len(grid) == 1:
        return index_N[:, None]
    columns = []
    for size in reversed(grid):
        columns.append(index_N % size)
        index_N = index_N // size
    return torch.stack(columns[::-1], -1)


def token_positions(grid: Sequence[int], first: int, last: int, class_tokens: int, device: torch.device) -> Tensor:
    """Positions of the tokens number `first` to before `last`, NA.

    A class token comes first, at 0 on every axis, and the grid then counts from 1.
    """
    if not class_tokens:
        return positions(grid, first, last, device)
    assert first == 0
    return torch.nn.functional.pad(positions(grid, 0, last - 1, device) + 1, (0, 0, 1, 0))
