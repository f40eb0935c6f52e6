"""Feature maps: what linear attention puts in place of softmax's exponential.

Each maps to values that are not negative, so that the products of two features can serve as weights.
Sources: elu + 1, Katharopoulos et al. 2020, arXiv:2006.16236, eq. 7; ReLU + K^(-1/2), Lu et al. 2022, arXiv:2210.08164.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

FeatureMap = Literal["elu_plus_one", "relu", "relu_shifted", "squared_relu", "softplus"]


def features(name: FeatureMap, x_BHNK: Tensor) -> Tensor:
    """Features of queries or keys, contiguous, as the products after it need them."""
    return _MAPS[name](x_BHNK)


def elu_plus_one(x: Tensor) -> Tensor:
    """Above zero everywhere: x + 1 where x > 0, else exp(x)."""
    if torch.is_grad_enabled() and x.requires_grad:
        return _EluPlusOne.apply(x)  # type: ignore[no-any-return, no-untyped-call]
    return _elu_plus_one(x)


def _elu_plus_one(x: Tensor) -> Tensor:
    # max(x, 0) + 2^(min(x, 0) / ln 2): passes over memory are cheap beside the exponentials of elu and exp
    y = x.clone(memory_format=torch.contiguous_format)
    positive = y.relu()
    return y.sub_(positive).mul_(1 / math.log(2)).exp2_().add_(positive)


class _EluPlusOne(torch.autograd.Function):
    """Keeps its result alone for the gradient, which is the smaller of that and 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = _elu_plus_one(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return y.clamp_max(1.0).mul_(gradient)  # type: ignore[no-any-return]


_MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "elu_plus_one": elu_plus_one,
    "relu": lambda x: x.contiguous().relu(),
    "relu_shifted": lambda x: x.contiguous().relu() + x.shape[-1] ** -0.5,
    "squared_relu": lambda x: x.contiguous().relu().square(),
    "softplus": lambda x: F.softplus(x.contiguous()),
}
