"""Cross-entropy with label smoothing, against torch's own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from nas.tasks.texts.smoothed_loss import smoothed_cross_entropy


@given(st.integers(1, 9), st.integers(2, 12), st.floats(0, 0.9), st.integers(0, 2**16))
def test_it_is_torch_s_loss_and_gradient(tokens, vocabulary, smoothing, seed):
    generator = torch.Generator().manual_seed(seed)
    scores = (5 * torch.randn(tokens, vocabulary, generator=generator, dtype=torch.float64)).requires_grad_()
    targets = torch.randint(0, vocabulary, (tokens,), generator=generator)
    targets[0] = 1
    found, expected = (
        smoothed_cross_entropy(scores, targets, smoothing, 0),
        cross_entropy(scores, targets, ignore_index=0, label_smoothing=smoothing),
    )
    assert_close(found, expected)
    assert_close(*(torch.autograd.grad(3 * loss, scores)[0] for loss in (found, expected)))


def test_a_share_too_small_to_be_written_costs_what_it_should():
    scores = torch.tensor([[0.0, 0.0, 200.0]], requires_grad=True)
    loss = smoothed_cross_entropy(scores, torch.tensor([1]), 0.0, 0)
    assert loss.item() == pytest.approx(200)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_summed_in_float32(dtype):
    scores = torch.randn(50, 1_000).to(dtype).requires_grad_()
    targets = torch.randint(1, 1_000, (50,))
    loss = smoothed_cross_entropy(scores, targets, 0.1, 0)
    loss.backward()
    assert scores.grad.dtype == dtype
    assert_close(loss, cross_entropy(scores.float(), targets, label_smoothing=0.1), rtol=1e-3, atol=1e-3)
