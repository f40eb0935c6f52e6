"""Shifts on small tensors whose numbers say where they come from."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention import Site
from nas.models.attention.parts.shifts import check_shift, shifted


def tokens(first: int, last: int, channels: int) -> Tensor:
    """One head: every channel of a token holds the token's number."""
    return torch.arange(float(first), last)[None, None, :, None].expand(1, 1, -1, channels)


def test_a_temporal_shift_takes_a_quarter_from_the_next_frame_and_a_quarter_from_the_one_before():
    found = shifted(tokens(1, 4, 4), "temporal", 4, Site((3,)))
    # next, before, own, own
    assert found[0, 0].tolist() == [[2, 0, 1, 1], [3, 1, 2, 2], [0, 2, 3, 3]]


def test_a_temporal_shift_of_an_eighth_leaves_six_of_eight_channels():
    found = shifted(tokens(1, 4, 16), "temporal", 8, Site((3,)))
    assert found[0, 0].tolist() == [
        [2, 2, 0, 0, *[1] * 12],
        [3, 3, 1, 1, *[2] * 12],
        [0, 0, 2, 2, *[3] * 12],
    ]


def test_a_temporal_shift_of_frames_of_cells_keeps_the_cell():
    found = shifted(tokens(1, 13, 4), "temporal", 4, Site((3, 2, 2)))
    # the second frame holds 5 to 8: cell 5 lies between 1 and 9
    assert found[0, 0, 4:8].tolist() == [[9, 1, 5, 5], [10, 2, 6, 6], [11, 3, 7, 7], [12, 4, 8, 8]]
    assert found[0, 0, 0].tolist() == [5, 0, 1, 1]
    assert found[0, 0, 11].tolist() == [0, 8, 12, 12]


def test_a_temporal_shift_of_one_frame_finds_no_neighbours():
    assert shifted(tokens(1, 2, 4), "temporal", 4, Site((9,)))[0, 0].tolist() == [[0, 0, 1, 1]]


def test_a_spatial_shift_takes_a_sixteenth_from_each_of_the_eight_cells_around():
    # 1 2 3
    # 4 5 6
    # 7 8 9
    found = shifted(tokens(1, 10, 16), "spatial", 4, Site((3, 3)))[0, 0].tolist()
    assert found[4] == [1, 2, 3, 4, 6, 7, 8, 9, *[5] * 8]
    assert found[0] == [0, 0, 0, 0, 2, 0, 4, 5, *[1] * 8]
    assert found[5] == [2, 3, 0, 5, 0, 8, 9, 0, *[6] * 8]
    assert found[8] == [5, 6, 0, 8, 0, 0, 0, 0, *[9] * 8]


def test_a_spatial_shift_stays_within_its_frame():
    frames = shifted(tokens(1, 13, 16), "spatial", 4, Site((2, 2, 3)))[0, 0]
    first = shifted(tokens(1, 7, 16), "spatial", 4, Site((2, 3)))[0, 0]
    second = shifted(tokens(7, 13, 16), "spatial", 4, Site((2, 3)))[0, 0]
    assert_close(frames, torch.cat((first, second)), rtol=0, atol=0)


@pytest.mark.parametrize(("shift", "grid"), [("spatial", (2, 3)), ("temporal", (3, 1, 2)), ("spatial", (3, 1, 2))])
def test_a_class_token_stays_and_is_no_ones_neighbour(shift, grid):
    cells = shifted(tokens(1, 7, 16), shift, 4, Site(grid))
    with_class_token = shifted(torch.cat((torch.full((1, 1, 1, 16), 99.0), tokens(1, 7, 16)), 2), shift, 4, Site(grid))
    assert_close(with_class_token[:, :, 1:], cells, rtol=0, atol=0)
    assert (with_class_token[:, :, 0] == 99).all()


@pytest.mark.parametrize(
    ("shift", "fold", "head_dim", "site", "message"),
    [
        ("temporal", 4, 16, Site((4,), causal=True), "no meaning in causal attention"),
        ("spatial", 4, 16, Site((4, 4), causal=True), "no meaning in causal attention"),
        ("temporal", 4, 16, Site((4, 4)), r"needs a grid of \(frames,\).*found \(4, 4\)"),
        ("spatial", 4, 16, Site((4,)), r"needs a grid of \(rows, columns\).*found \(4,\)"),
        ("temporal", 4, 6, Site((4,)), "divides by 4, found 6"),
        ("temporal", 8, 12, Site((4,)), "divides by 8, found 12"),
        ("spatial", 4, 24, Site((4, 4)), "divides by 16, found 24"),
    ],
)
def test_shifts_without_meaning_are_refused(shift, fold, head_dim, site, message):
    with pytest.raises(ValueError, match=message):
        check_shift(shift, fold, head_dim, site)
