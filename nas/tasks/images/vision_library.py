"""torchvision, imported here and nowhere else.

A torchvision whose compiled operators do not load (built for CUDA beside a torch for the CPU, say) fails at its
import, for two box operators that nothing here calls. They are declared, without code, so that the rest can be used.
Where the plain import works, nothing is declared.
"""

import torch

BOX_OPERATORS = ("nms", "qnms")


def _declare_box_operators() -> None:
    for name in BOX_OPERATORS:
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


try:
    import torchvision
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    _declare_box_operators()
    import torchvision

from torchvision.datasets import CIFAR10  # noqa: E402
from torchvision.transforms import v2 as transforms  # noqa: E402

VERSION: str = torchvision.__version__

__all__ = ["CIFAR10", "VERSION", "transforms"]
