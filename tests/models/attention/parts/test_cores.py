"""What a position does to the channels: Lambda(s)^H Lambda(t) is Lambda(t - s), and frequencies are the paper's."""

import itertools

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from nas.models.attention.parts.cores import build_core

CORES = [
    *(("rotation", learned, False) for learned in (True, False)),
    *(("mixed", learned, False) for learned in (True, False)),
    ("permutation", True, False),
    *(("complex", learned, of_fourier) for learned in (True, False) for of_fourier in (True, False)),
]
WIDTH, PLACES = 24, 6


def core_of(name: str, learned: bool, complex_input: bool, axes: int) -> nn.Module:
    """In float64, with learned frequencies away from their start."""
    core = build_core(name, WIDTH, axes, learned, complex_input, PLACES).double()
    for theta in core.parameters():
        theta.data += torch.rand_like(theta)
    return core


def matrices_at(core: nn.Module, places_NA: Tensor, width: int = WIDTH) -> Tensor:
    """Lambda of every place, from what becomes of each channel alone; complex if it makes two features of each."""
    identity = torch.eye(width, dtype=torch.float64)
    factors = core.factors(places_NA, identity[:, :WIDTH])
    # each channel is a sample, which stands at every place
    columns = core(identity[:, None, None].expand(-1, 1, len(places_NA), -1), *factors)[:, 0]
    matrices = columns.permute(1, 2, 0).detach()
    return matrices if matrices.shape[1] == width else torch.complex(*matrices.split(width, 1))


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("name", "learned", "complex_input"), CORES)
def test_products_of_two_places_are_their_difference(name, learned, complex_input, axes):
    torch.manual_seed(0)
    core = core_of(name, learned, complex_input, axes)
    width = 2 * WIDTH if complex_input else WIDTH
    earlier_SA = torch.tensor(list(itertools.product((0, 1, 2), repeat=axes)))
    steps_TA = torch.tensor(list(itertools.product((0, 1, 3), repeat=axes)))
    later_SA = (earlier_SA[:, None] + steps_TA).flatten(0, 1)
    later = matrices_at(core, later_SA, width).unflatten(0, (len(earlier_SA), len(steps_TA)))
    differences = matrices_at(core, steps_TA, width)
    products = matrices_at(core, earlier_SA, width).mH[:, None] @ later
    assert_close(products, differences.expand_as(products))
    identity = torch.eye(width, dtype=products.dtype)
    assert [bool(torch.allclose(matrix, identity)) for matrix in differences] == [not step.any() for step in steps_TA]


@pytest.mark.parametrize("name", ["rotation", "mixed", "permutation", "complex"])
def test_axes_that_share_the_channels_see_the_sum_of_the_places(name):
    core = core_of(name, True, False, axes=1)
    assert_close(*(matrices_at(core, torch.tensor([place])) for place in ((1, 3), (4, 0))), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["rotation", "mixed", "permutation", "complex"])
def test_every_axis_moves_channels_of_its_own(name):
    matrices = matrices_at(core_of(name, True, False, axes=2), torch.eye(2, dtype=torch.int64))
    down, right = (matrices - torch.eye(WIDTH)).abs().amax(1) > 1e-6
    assert down.any() and right.any()
    assert not (down & right).any()


def frequencies(name: str, width: int, axes: int, learned: bool) -> Tensor:
    """The angle of every plane at place 1 of each axis, radians, axes by planes."""
    core = build_core(name, width, axes, learned, False, PLACES).double()
    factors = core.factors(torch.eye(axes, dtype=torch.int64), torch.empty(1, width, dtype=torch.float64))
    return (factors[0].angle() if len(factors) == 1 else torch.atan2(factors[1], factors[0])).detach()


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize(("name", "angles", "turning"), [("rotation", 4, 8), ("mixed", 2, 4), ("complex", 8, 8)])
def test_frequencies_fall_as_in_the_paper(name, angles, turning, learned):
    expected = [10_000 ** (-2 * j / turning) for j in range(angles)]
    assert_close(frequencies(name, 8, 1, learned)[0], torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=0)


@pytest.mark.parametrize("learned", [True, False])
def test_every_axis_has_the_same_frequencies(learned):
    # of 8 channels each axis has 4, in two planes: 10000^(-2j / 4), the axes by turns
    expected = [[1, 0, 0.01, 0], [0, 1, 0, 0.01]]
    assert_close(frequencies("rotation", 8, 2, learned), torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("name", "axes", "together"),
    [
        ("rotation", 1, 2),
        ("rotation", 3, 6),
        ("mixed", 1, 4),
        ("mixed", 2, 8),
        ("permutation", 3, 3),
        ("complex", 2, 2),
    ],
)
def test_channels_that_do_not_divide_into_those_moved_together_are_refused(name, axes, together):
    build_core(name, 2 * together, axes, True, False, PLACES)
    with pytest.raises(ValueError, match=rf"core {name}.* divides by {together}, found {2 * together + 1}"):
        build_core(name, 2 * together + 1, axes, True, False, PLACES)
