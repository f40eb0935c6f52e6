"""Feature maps against their formulas, and the gradient that is written out."""

import math
import typing

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention.parts.features import FeatureMap, features

FORMULAS = {
    "elu_plus_one": lambda x, width: x + 1 if x > 0 else math.exp(x),
    "relu": lambda x, width: max(x, 0.0),
    "relu_shifted": lambda x, width: max(x, 0.0) + 1 / math.sqrt(width),
    "squared_relu": lambda x, width: max(x, 0.0) ** 2,
    "softplus": lambda x, width: math.log(1 + math.exp(x)),
}
NAMES = typing.get_args(FeatureMap)


def numbers(width: int = 5) -> Tensor:
    return torch.linspace(-4, 4, 2 * 3 * 4 * width, dtype=torch.float64).view(2, 3, 4, width)


@pytest.mark.parametrize("name", NAMES)
def test_a_map_is_its_formula_number_by_number(name):
    x = numbers()
    expected = torch.tensor([FORMULAS[name](number, 5) for number in x.flatten().tolist()], dtype=x.dtype)
    assert_close(features(name, x), expected.view_as(x))
    assert_close(features(name, x.requires_grad_()), expected.view_as(x))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_the_differences_of_outputs(name):
    # no number at the kink
    assert torch.autograd.gradcheck(lambda x: features(name, x), numbers().add(0.01).requires_grad_())


@pytest.mark.parametrize("name", NAMES)
def test_features_are_contiguous_never_negative_and_leave_what_they_read(name):
    transposed = numbers().transpose(1, 2)
    before = transposed.clone()
    for x in (transposed, transposed.clone().transpose(1, 2).contiguous().transpose(1, 2).requires_grad_()):
        found = features(name, x)
        assert found.is_contiguous()
        assert (found >= 0).all()
        assert_close(x.detach(), before, rtol=0, atol=0)


def test_elu_plus_one_has_no_jump_at_zero_and_no_overflow():
    x = torch.tensor([-1e4, -80.0, 0.0, 80.0, 1e4]).view(1, 1, 1, 5).requires_grad_()
    found = features("elu_plus_one", x)
    assert_close(found, torch.tensor([0.0, math.exp(-80), 1.0, 81.0, 10_001.0]).view_as(x), rtol=1e-4, atol=0)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    assert_close(gradient, torch.tensor([0.0, math.exp(-80), 1.0, 1.0, 1.0]).view_as(x), rtol=1e-4, atol=0)
