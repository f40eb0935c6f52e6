"""Products with all keys against the N x M matrix, forward and gradient."""

import itertools

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention.parts.full import from_sums, full_product, sums_of

# least sum of weights that means are divided by
EPS = 1e-6


def quadratic(q: Tensor, k: Tensor, v: Tensor, normalised: bool) -> Tensor:
    weights = q @ k.mT
    return weights / weights.sum(-1, keepdim=True).clamp_min(EPS) @ v if normalised else weights @ v


def weighing(queries: int = 5, keys: int = 8) -> list[Tensor]:
    """Queries and keys whose products can be weights, and values; each of another length or width."""
    torch.manual_seed(0)
    sizes = ((queries, 3), (keys, 3), (keys, 2))
    return [torch.rand(2, 2, *size, dtype=torch.float64) for size in sizes]


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("learning", list(itertools.product([True, False], repeat=3))[:-1])
def test_equals_the_matrix_whichever_inputs_need_a_gradient(learning, normalised):
    leaves = [x.requires_grad_(learns) for x, learns in zip(weighing(), learning, strict=True)]
    learned = [x for x in leaves if x.requires_grad]
    actual, expected = full_product(*leaves, normalised), quadratic(*leaves, normalised)
    assert_close(actual, expected)
    direction = torch.randn_like(expected)
    assert_close(torch.autograd.grad(actual, learned, direction), torch.autograd.grad(expected, learned, direction))


@pytest.mark.parametrize("normalised", [True, False])
def test_gradients_are_the_differences_of_outputs(normalised):
    leaves = [x.requires_grad_() for x in weighing()]
    assert torch.autograd.gradcheck(lambda q, k, v: full_product(q, k, v, normalised), leaves)


@pytest.mark.parametrize("zero", [0, 1])
def test_weights_that_are_all_zero_give_zero_and_finite_gradients(zero):
    leaves = weighing()
    leaves[zero][:, :, 1 if zero == 0 else slice(None)] = 0
    actual, expected = (product(*map(Tensor.requires_grad_, leaves), True) for product in (full_product, quadratic))
    assert_close(actual, expected)
    assert not actual[:, :, 1].any()
    direction = torch.randn_like(expected)
    assert_close(torch.autograd.grad(actual, leaves, direction), torch.autograd.grad(expected, leaves, direction))


@pytest.mark.parametrize("share", [0.1, 10])
def test_means_are_means_down_to_the_least_sum_of_weights_and_fade_below(share):
    q, k, v = weighing()
    # only the first key counts, with the same tiny weight for every query
    q[:], k[:] = 1, 0
    k[:, :, 0, 0] = share * EPS
    leaves = [x.requires_grad_() for x in (q, k, v)]
    actual, expected = full_product(*leaves, True), quadratic(*leaves, True)
    assert_close(actual, v[:, :, :1].expand_as(actual) * min(share, 1))
    direction = torch.randn_like(expected)
    assert_close(torch.autograd.grad(actual, leaves, direction), torch.autograd.grad(expected, leaves, direction))


@pytest.mark.parametrize("normalised", [True, False])
def test_sums_of_parts_of_the_keys_add_up(normalised):
    q, k, v = weighing()
    parts = [sums_of(k[:, :, rows], v[:, :, rows], normalised) for rows in (slice(0, 3), slice(3, 8))]
    added = tuple(first + second for first, second in zip(*parts, strict=True))
    assert_close(from_sums(q, added), quadratic(q, k, v, normalised))
