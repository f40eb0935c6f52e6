"""Places of tokens on their grid, and of padded sequences in their batch."""

import itertools

import pytest
import torch

from nas.models.attention import Site
from nas.models.attention.parts.positions import extent, positions, token_positions

CPU = torch.device("cpu")


@pytest.mark.parametrize("grid", [(5,), (2, 3), (2, 3, 2)])
def test_cells_are_numbered_row_by_row(grid):
    cells = list(itertools.product(*map(range, grid)))
    assert positions(grid, 0, len(cells), CPU).tolist() == [list(cell) for cell in cells]
    assert positions(grid, 2, 4, CPU).tolist() == [list(cell) for cell in cells[2:4]]


def test_a_class_token_stands_at_zero_and_moves_the_grid_on_by_one():
    assert token_positions((2, 2), 0, 5, 1, CPU).tolist() == [[0, 0], [1, 1], [1, 2], [2, 1], [2, 2]]


def test_an_only_axis_has_no_end():
    assert positions((3,), 5, 7, CPU).tolist() == [[5], [6]]


def test_padding_before_and_after_a_sequence_does_not_count_to_its_length():
    keep_BM = torch.tensor([[True, True, True, False], [False, True, True, False], [False, True, False, True]])
    reach = extent(Site((4,)), 4, keep_BM, 4, None)
    assert reach.first.tolist() == [0, 1, 1]
    assert reach.longest.tolist() == [3, 2, 3]


def test_the_longer_of_two_sequences_says_how_far_they_reach():
    keep_BM = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    assert extent(Site((9,), cross=True), 3, keep_BM, 5, None).longest.tolist() == [5, 3]
    assert extent(Site((9,), cross=True), 3, None, 5, None).longest == 5


def test_a_causal_sequence_reaches_as_far_as_its_site_and_any_as_far_as_its_span():
    assert extent(Site((9,), causal=True), 4, None, 4, None).longest == 9
    for site in (Site((9,), causal=True), Site((9,)), Site((9,), cross=True)):
        assert extent(site, 4, None, 4, 12).longest == 12
