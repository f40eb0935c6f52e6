"""Products of few rows with weights that stay as they are: which way is fastest depends on how many rows there are.

One row is multiplied fastest with weights whose inputs are rows, in two thirds of the time that PyTorch's own layout
takes. For 3 to 32 rows of large weights oneDNN takes 0.5 to 1 of that time, with weights in blocks of its own;
PyTorch has no public name for that, so it is used where it is there. Measured with a vocabulary of 8,000 and widths of
128 and 512, on a CPU with AVX2.

Shapes: R rows, I inputs, O outputs.
"""

import torch
from torch import Tensor

FEW_ROWS = range(3, 33)
LARGE = 2**18
"""Numbers in weights from which on blocks are worth their call."""


class Product:
    """x @ weight.T + bias, of weights that are copied."""

    def __init__(self, weight_OI: Tensor, bias_O: Tensor | None = None) -> None:
        self._weight_IO = weight_OI.detach().t().contiguous()
        self._bias_O = None if bias_O is None else bias_O.detach().clone()
        self._in_blocks: Tensor | None = None
        self._few_rows = FEW_ROWS if can_block(self._weight_IO) else range(0)

    def __call__(self, x_RI: Tensor) -> Tensor:
        if x_RI.shape[0] in self._few_rows:
            return self._of_few_rows(x_RI)
        if self._bias_O is None:
            return torch.mm(x_RI, self._weight_IO)
        return torch.addmm(self._bias_O, x_RI, self._weight_IO)

    def _of_few_rows(self, x_RI: Tensor) -> Tensor:
        if self._in_blocks is None:
            self._in_blocks = torch.ops.mkldnn._reorder_linear_weight(self._weight_IO.t().contiguous(), FEW_ROWS.stop)
        mixed_RO: Tensor = torch.ops.mkldnn._linear_pointwise(x_RI, self._in_blocks, self._bias_O, "none", [], "")
        return mixed_RO


def can_block(weight_IO: Tensor) -> bool:
    """Whether oneDNN can multiply with these weights, and is worth it."""
    fits = weight_IO.device.type == "cpu" and weight_IO.dtype == torch.float32 and weight_IO.numel() >= LARGE
    names = ("_reorder_linear_weight", "_linear_pointwise")
    there: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return fits and there and all(hasattr(torch.ops.mkldnn, name) for name in names)
