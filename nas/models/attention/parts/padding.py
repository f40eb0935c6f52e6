"""Keys and values without what stands at padding.

Shapes: B batch, H heads, M keys, K width.
"""

from torch import Tensor


def kept(keep_BM: Tensor | None, k_BHMK: Tensor, v_BHMK: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values with zeros where there is padding, whatever stood there, even what is not finite."""
    if keep_BM is None:
        return k_BHMK, v_BHMK
    padding_B1M1 = ~keep_BM[:, None, :, None]
    return k_BHMK.masked_fill(padding_B1M1, 0.0), v_BHMK.masked_fill(padding_B1M1, 0.0)
