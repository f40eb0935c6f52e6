"""Turns and phases: products of two features know the difference of their angles alone."""

import itertools

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention.parts.phases import turned, turns, with_phases


def rotated(x_BHNK: Tensor, angle_NJ: Tensor) -> Tensor:
    """Plane by plane: (x, y) becomes (x cos - y sin, x sin + y cos)."""
    channels = []
    for j in range(angle_NJ.shape[-1]):
        x, y, cos, sin = x_BHNK[..., 2 * j], x_BHNK[..., 2 * j + 1], angle_NJ[..., j].cos(), angle_NJ[..., j].sin()
        channels += [x * cos - y * sin, x * sin + y * cos]
    return torch.stack(channels, -1)


@pytest.mark.parametrize(("x_learns", "angle_learns"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("tokens", [(5,), (2, 1, 5)])
def test_a_turn_rotates_every_plane_and_turns_its_gradient_back(x_learns, angle_learns, whole, tokens):
    torch.manual_seed(0)
    x_BHNK = torch.randn(2, 3, 5, 8, dtype=torch.float64)
    # the leading channels alone are not contiguous
    x_BHNK = (x_BHNK if whole else x_BHNK[..., :6]).requires_grad_(x_learns)
    angle_NJ = torch.randn(*tokens, x_BHNK.shape[-1] // 2, dtype=torch.float64, requires_grad=angle_learns)
    learned = [leaf for leaf in (x_BHNK, angle_NJ) if leaf.requires_grad]
    actual, expected = turned(x_BHNK, turns(angle_NJ)), rotated(x_BHNK, angle_NJ)
    assert_close(actual, expected)
    direction = torch.randn_like(expected)
    assert_close(torch.autograd.grad(actual, learned, direction), torch.autograd.grad(expected, learned, direction))
    with torch.no_grad():
        assert_close(turned(x_BHNK, turns(angle_NJ)), expected)


def test_gradients_of_turns_are_the_differences_of_outputs():
    x_BHNK = torch.randn(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    angle_NJ = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, angle: turned(x, turns(angle)), (x_BHNK, angle_NJ))


def test_products_of_phases_weigh_each_channel_with_the_cosine_of_the_difference():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 4, 3, dtype=torch.float64)
    a, b = torch.randn(2, 4, 3, dtype=torch.float64)
    actual = with_phases(q, a.cos(), a.sin()) @ with_phases(k, b.cos(), b.sin()).mT
    for n, m in itertools.product(range(4), range(4)):
        expected = sum(q[0, 0, n, c] * k[0, 0, m, c] * torch.cos(a[n, c] - b[m, c]) for c in range(3))
        assert_close(actual[0, 0, n, m], expected)
