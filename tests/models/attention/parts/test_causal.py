"""Causal products in chunks against the masked N x N matrix, forward and gradient."""

import itertools

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention.parts import causal
from nas.models.attention.parts.causal import causal_product

# least sum of weights that means are divided by
EPS = 1e-6
CHUNKS = (1, 2, 3, 7, 16, 64)


def quadratic(q: Tensor, k: Tensor, v: Tensor, normalised: bool) -> Tensor:
    weights = (q @ k.mT).tril()
    return weights / weights.sum(-1, keepdim=True).clamp_min(EPS) @ v if normalised else weights @ v


def weighing(length: int, features: int = 3, values: int = 2, batch: int = 2, heads: int = 2) -> list[Tensor]:
    """Queries and keys whose products can be weights, and values."""
    torch.manual_seed(length)
    q, k = torch.rand(2, batch, heads, length, features, dtype=torch.float64)
    v = torch.randn(batch, heads, length, values, dtype=torch.float64)
    return [x.requires_grad_() for x in (q, k, v)]


@pytest.mark.parametrize("looping", [causal.LOOPING, frozenset()], ids=["loop", "cumsum"])
@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_equals_the_masked_matrix_at_every_length(chunk, normalised, looping, monkeypatch):
    monkeypatch.setattr(causal, "LOOPING", looping)
    for length in range(1, 41):
        leaves = weighing(length)
        actual, expected = causal_product(*leaves, normalised, chunk), quadratic(*leaves, normalised)
        assert_close(actual, expected)
        direction = torch.randn_like(expected)
        assert_close(torch.autograd.grad(actual, leaves, direction), torch.autograd.grad(expected, leaves, direction))
        with torch.no_grad():
            assert_close(causal_product(*leaves, normalised, chunk), expected)


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("learning", list(itertools.product([True, False], repeat=3))[:-1])
def test_gradients_are_the_same_whichever_inputs_need_one(learning, normalised):
    leaves = [x.detach().requires_grad_(learns) for x, learns in zip(weighing(10), learning, strict=True)]
    learned = [x for x in leaves if x.requires_grad]
    actual, expected = causal_product(*leaves, normalised, 4), quadratic(*leaves, normalised)
    # the gradient of a sum is one number, expanded
    assert_close(torch.autograd.grad(actual.sum(), learned), torch.autograd.grad(expected.sum(), learned))


@pytest.mark.parametrize("normalised", [True, False])
def test_gradients_are_the_differences_of_outputs(normalised):
    leaves = weighing(7, batch=1)
    assert torch.autograd.gradcheck(lambda q, k, v: causal_product(q, k, v, normalised, 3), leaves)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_rows_whose_weights_are_all_zero_give_zero_and_finite_gradients(chunk):
    q, k, v = (x.detach() for x in weighing(20))
    # no key up to token 8, and some queries that match none
    k[:, :, :9] = 0
    q[:, :, 12::3] = 0
    leaves = [x.requires_grad_() for x in (q, k, v)]
    actual, expected = causal_product(*leaves, True, chunk), quadratic(*leaves, True)
    assert_close(actual, expected)
    assert not actual[:, :, [*range(9), *range(12, 20, 3)]].any()
    direction = torch.randn_like(expected)
    assert_close(torch.autograd.grad(actual, leaves, direction), torch.autograd.grad(expected, leaves, direction))


@pytest.mark.parametrize("share", [0.1, 10])
def test_means_are_means_down_to_the_least_sum_of_weights_and_fade_below(share):
    q, k, v = (x.detach() for x in weighing(5, batch=1, heads=1))
    # only the first key counts, with the same tiny weight for every query
    q[:], k[:] = 1, 0
    k[:, :, 0, 0] = share * EPS
    leaves = [x.requires_grad_() for x in (q, k, v)]
    actual, expected = causal_product(*leaves, True, 2), quadratic(*leaves, True)
    assert_close(actual, v[:, :, :1].expand_as(v) * min(share, 1))
    direction = torch.randn_like(expected)
    assert_close(torch.autograd.grad(actual, leaves, direction), torch.autograd.grad(expected, leaves, direction))


@pytest.mark.parametrize("normalised", [True, False])
def test_heads_and_samples_do_not_see_one_another(normalised):
    leaves = weighing(30, batch=3)
    together = causal_product(*leaves, normalised, 4)
    for sample, head in itertools.product(range(3), range(2)):
        alone = [x[sample : sample + 1, head : head + 1] for x in leaves]
        assert_close(causal_product(*alone, normalised, 4), together[sample : sample + 1, head : head + 1])


@pytest.mark.parametrize("normalised", [True, False])
def test_what_is_kept_for_the_gradient_grows_with_the_length_and_not_its_square(normalised):
    def kept(length: int) -> int:
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            causal_product(*weighing(length, batch=1, heads=1), normalised)
        return sum(sizes)

    assert kept(4096) == 2 * kept(2048)


def test_inputs_laid_out_heads_side_by_side_give_the_same():
    leaves = weighing(25)
    transposed = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in leaves]
    assert_close(causal_product(*transposed, True, 4), causal_product(*leaves, True, 4), rtol=0, atol=0)
