"""Bases are unitary, and the matrices that they are named after."""

import cmath
import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention.parts.bases import build_basis

BASES = ("identity", "householder", "dct", "fourier", "odd_even")
WIDTHS = (1, 2, 5, 8, 12)


def matrix_of(basis: torch.nn.Module, width: int) -> Tensor:
    """P, from what becomes of each channel alone; complex parts stand beside each other."""
    columns = basis(torch.eye(width, dtype=torch.float64)).mT
    return columns if len(columns) == width else torch.complex(columns[0::2], columns[1::2])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("name", "learned"), [*((name, False) for name in BASES), ("householder", True)])
def test_a_basis_is_unitary(name, learned, width):
    matrix = matrix_of(build_basis(name, width, learned).double(), width)
    assert_close(matrix.mH @ matrix, torch.eye(width, dtype=matrix.dtype))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("identity", lambda row, column, width: float(row == column)),
        ("dct", lambda row, column, width: math.sqrt((1 if row == 0 else 2) / width)
         * math.cos(math.pi / width * (column + 0.5) * row)),
        ("fourier", lambda row, column, width: cmath.exp(-2j * math.pi * row * column / width) / math.sqrt(width)),
        ("odd_even", lambda row, column, width: float([*range(0, width, 2), *range(1, width, 2)][row] == column)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_fixed_basis_is_its_formula(name, formula, width):
    rows = [[formula(row, column, width) for column in range(width)] for row in range(width)]
    matrix = matrix_of(build_basis(name, width, False), width)
    assert_close(matrix, torch.tensor(rows, dtype=matrix.dtype))


def test_a_reflection_turns_its_vector_round_and_leaves_what_is_upright_to_it():
    householder = build_basis("householder", 3, False).double()
    across, upright = torch.linalg.qr(torch.cat((householder.v[:, None], torch.randn(3, 2).double()), 1))[0].mT[:2]
    assert_close(householder(torch.stack((across, upright))), torch.stack((-across, upright)))


def test_a_reflection_stays_one_while_its_vector_learns():
    householder = build_basis("householder", 4, True).double()
    before = matrix_of(householder, 4)
    householder(torch.randn(3, 4).double()).sum().backward()
    householder.v.data -= 0.1 * householder.v.grad
    after = matrix_of(householder, 4)
    assert not torch.allclose(after, before)
    assert_close(after @ after.mT, torch.eye(4).double())


def test_only_a_learned_reflection_has_parameters_and_all_have_the_same_start():
    frozen, learned = (build_basis("householder", 6, learned) for learned in (False, True))
    assert not list(frozen.parameters())
    assert_close([x.detach() for x in learned.parameters()], [frozen.v], rtol=0, atol=0)
    assert set(frozen.state_dict()) == set(learned.state_dict()) == {"v"}
