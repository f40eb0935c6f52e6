"""Checks that queries, keys, values, masks and spans fit one another and the place of their layer.

Shapes: B batch, H heads, N queries, M keys, K head width.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from nas.models.attention.base import Site, Span


def check_shapes(site: "Site", q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None) -> None:
    """Raises: ValueError if a shape does not fit the others or the site."""
    if any(x.dim() != 4 or not x.shape[-2] for x in (q_BHNK, k_BHMK, v_BHMK)):
        found = ", ".join(str(tuple(x.shape)) for x in (q_BHNK, k_BHMK, v_BHMK))
        raise ValueError(f"queries, keys and values need shapes of batch, heads, tokens, width; found {found}")
    batch, heads, queries, width = q_BHNK.shape
    keys = k_BHMK.shape[-2]
    if k_BHMK.shape != (batch, heads, keys, width) or v_BHMK.shape[:3] != k_BHMK.shape[:3]:
        found = ", ".join(str(tuple(x.shape)) for x in (q_BHNK, k_BHMK, v_BHMK))
        raise ValueError(f"queries, keys and values do not fit one another: {found}")
    if keys % site.copies:
        raise ValueError(f"{keys} keys are not {site.copies} sequences of equal length")
    if not site.cross and queries != keys:
        raise ValueError(f"a sequence that sees itself has as many keys as queries, found {keys} and {queries}")
    if keep_BM is not None and (keep_BM.shape != (batch, keys) or keep_BM.dtype != torch.bool):
        found = f"{tuple(keep_BM.shape)} of {keep_BM.dtype}"
        raise ValueError(f"the mask of kept keys needs shape ({batch}, {keys}) of torch.bool, found {found}")


def check_span(span: "Span | None", batch: int) -> None:
    """Raises: ValueError if there are spans of samples, and not one for each."""
    if isinstance(span, Tensor) and span.shape != (batch,):
        raise ValueError(f"a span is one number, or one for each of the {batch} samples; found {tuple(span.shape)}")
