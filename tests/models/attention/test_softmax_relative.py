"""Relative keys: looked up by the clipped distance, of each axis, and none for a class token."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention import Mixer, Site, Softmax, SoftmaxRelative


def scores(mixer: Mixer, length: int) -> Tensor:
    """Scores of equal queries of ones with keys of zeros: the products with relative keys alone, up to a constant."""
    width = mixer.relative.shape[-1]
    names = torch.nn.functional.pad(torch.eye(length), (0, -length % width)).split(width, -1)
    zeros = torch.zeros(1, 1, length, width)
    parts = [mixer(zeros + 1, zeros, part[None, None]) for part in names]
    logarithms = torch.cat(parts, -1)[0, 0, :, :length].log() * width**0.5
    return logarithms.detach()


def mixer_with(table: list[list[float]], grid: tuple[int, ...], clip: int) -> Mixer:
    """Of width 4: every axis' vectors are such that a query of ones finds the numbers of the table."""
    mixer = SoftmaxRelative(clip).build(1, 4, Site(grid))
    mixer.relative.data.copy_(torch.tensor(table)[..., None].expand(-1, -1, 4) / 4)
    return mixer


def test_distances_beyond_the_clip_count_as_the_clip():
    # distances -2, -1, 0, 1, 2 from query to key
    found = scores(mixer_with([[1.0, 2.0, 3.0, 4.0, 5.0]], (5,), 2), 5)
    expected = torch.tensor(
        [[3.0, 4, 5, 5, 5], [2.0, 3, 4, 5, 5], [1.0, 2, 3, 4, 5], [1.0, 1, 2, 3, 4], [1.0, 1, 1, 2, 3]]
    )
    assert_close(found - found.diagonal()[:, None], expected - 3)


def test_axes_add_up():
    # rows add 0, 10, 30 and columns 0, 1, 3 for distances -1, 0, 1, all divided by 10
    found = scores(mixer_with([[0.0, 1.0, 3.0], [0.0, 0.1, 0.3]], (2, 3), 1), 6)
    # from cell (0, 1): columns -1, 0, 1 of its row, then of the next row
    assert_close(found[1] - found[1, 1], torch.tensor([1.0, 1.1, 1.3, 3.0, 3.1, 3.3]) - 1.1)


def test_a_class_token_is_at_no_distance():
    found = scores(mixer_with([[1.0, 1.0, 3.0], [1.0, 1.0, 3.0]], (2, 2), 1), 5)
    assert_close(found[0] - found[0, 0], torch.zeros(5))
    # the class token adds nothing, the query's own cell 1 + 1
    assert_close(found[1] - found[1, 0], torch.tensor([0.0, 2.0, 4.0, 4.0, 6.0]))


def test_without_relative_keys_it_is_softmax():
    torch.manual_seed(0)
    for site in (Site((6,)), Site((2, 3)), Site((6,), causal=True)):
        mixer = SoftmaxRelative().build(2, 4, site)
        mixer.relative.data.zero_()
        inputs = torch.randn(3, 2, 2, 6, 4)
        assert_close(mixer(*inputs), Softmax().build(2, 4, site)(*inputs))


def test_all_heads_share_one_small_table_for_each_axis():
    mixer = SoftmaxRelative(clip=3).build(5, 8, Site((4, 4, 4)))
    assert {name: tuple(x.shape) for name, x in mixer.named_parameters()} == {"relative": (3, 7, 8)}
    assert 0 < mixer.relative.abs().max() < 0.1


def test_there_is_no_distance_between_two_sequences():
    with pytest.raises(ValueError, match="softmax_relative has no meaning between two sequences"):
        SoftmaxRelative().build(1, 4, Site((4,), cross=True))
