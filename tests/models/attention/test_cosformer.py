"""Cosformer's weights: the cosine of the distance over R, and what R is."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention import Cosformer, Mixer, Site


def weights(mixer: Mixer, queries: int, keys: int, keep: Tensor | None = None, span: int | Tensor | None = None):
    """Weights of equal queries and keys, whose features are one; each row divided by its first kept entry; BNM."""
    batch, axes = 1 if keep is None else len(keep), len(mixer.site.grid)
    names = torch.eye(keys, dtype=torch.float64).expand(batch, axes, -1, -1)
    ones = torch.ones(batch, axes, max(queries, keys), keys, dtype=torch.float64)
    shares = mixer(ones[:, :, :queries], ones[:, :, :keys], names, keep, span)[:, 0]
    return shares / shares.amax(-1, keepdim=True)


def cosines(i: Tensor, j: Tensor, reach: int) -> Tensor:
    found = torch.cos(math.pi / 2 * (i[:, None] - j) / reach)
    return found / found.amax(-1, keepdim=True)


def counting(count: int) -> Tensor:
    return torch.arange(count, dtype=torch.float64)


def mixer_at(grid: tuple[int, ...], **site: bool) -> Mixer:
    return Cosformer().build(1, 12, Site(grid, **site))


def test_a_sequence_reaches_as_far_as_it_is_long():
    assert_close(weights(mixer_at((9,)), 6, 6)[0], cosines(counting(6), counting(6), 6))


@pytest.mark.parametrize(("queries", "keys"), [(4, 7), (7, 4)])
def test_two_sequences_reach_as_far_as_the_longer(queries, keys):
    found = weights(mixer_at((9,), cross=True), queries, keys)[0]
    assert_close(found, cosines(counting(queries), counting(keys), 7))


def test_a_causal_sequence_reaches_as_far_as_its_site_at_every_length():
    mixer = mixer_at((9,), causal=True)
    for length in (5, 8):
        found = weights(mixer, length, length)[0]
        seen = torch.cos(math.pi / 2 * (counting(length)[:, None] - counting(length)) / 9).tril()
        assert_close(found, seen / seen.amax(-1, keepdim=True))


def test_padding_does_not_count():
    keep = torch.tensor([[True, True, True, False, False], [False, True, True, True, True]])
    found = weights(mixer_at((9,)), 5, 5, keep)
    assert_close(found[0, :3, :3], cosines(counting(3), counting(3), 3))
    assert_close(found[1, 1:, 1:], cosines(counting(4), counting(4), 4))
    assert not found[0, :3, 3:].any() and not found[1, 1:, 0].any()


@pytest.mark.parametrize("side", ["right", "left"])
def test_queries_at_padding_get_means_of_the_values_too(side):
    torch.manual_seed(0)
    q, k, v = torch.rand(3, 1, 2, 9, 12)
    keep = torch.arange(9)[None] < 3
    found = mixer_at((9,))(q, k, v, keep if side == "right" else keep.flip(-1))
    assert ((found >= 0) & (found <= 1)).all()


def test_a_span_is_the_reach_whatever_the_lengths():
    found = weights(mixer_at((9,)), 5, 5, span=20)[0]
    assert_close(found, cosines(counting(5), counting(5), 20))
    keep = torch.ones(2, 5, dtype=torch.bool)
    each = weights(mixer_at((9,)), 5, 5, keep, torch.tensor([6, 30]))
    assert_close(each, torch.stack([cosines(counting(5), counting(5), reach) for reach in (6, 30)]))


@pytest.mark.parametrize("shape", [(3,), (2, 2)])
def test_a_span_that_is_not_one_number_for_each_sample_is_refused(shape):
    with pytest.raises(ValueError, match="span"):
        mixer_at((9,))(*torch.randn(3, 2, 1, 5, 12), span=torch.full(shape, 9))


@pytest.mark.parametrize("causal", [True, False])
def test_a_length_beyond_the_span_is_refused(causal):
    with pytest.raises(ValueError, match="for up to 6 tokens was given 7; name a longer span"):
        mixer_at((9,), causal=causal)(*torch.randn(3, 2, 1, 7, 12), span=6)


def test_a_causal_sequence_beyond_the_site_needs_a_span():
    inputs = torch.randn(3, 2, 1, 12, 12)
    with pytest.raises(ValueError, match="for up to 9 tokens was given 12; name a longer span"):
        mixer_at((9,), causal=True)(*inputs)
    assert mixer_at((9,), causal=True)(*inputs, span=12).isfinite().all()


def test_decoding_beyond_the_site_is_refused():
    mixer = mixer_at((1,), causal=True)
    _, state = mixer.step(mixer.start(), *torch.randn(3, 1, 1, 1, 12))
    with pytest.raises(ValueError, match="for up to 1 tokens was given 2"):
        mixer.step(state, *torch.randn(3, 1, 1, 1, 12))


def test_decoding_to_another_sequence_needs_a_span():
    with pytest.raises(ValueError, match="needs to be given"):
        mixer_at((9,), cross=True).start(*torch.randn(2, 1, 1, 5, 12))


@pytest.mark.parametrize("extra", [0, 1])
def test_every_axis_of_a_grid_weighs_channels_of_its_own(extra):
    # two channels: the first sees rows, the second columns; of a query that has one of them alone
    mixer = Cosformer().build(1, 2, Site((2, 3)))
    length = 6 + extra
    rows = torch.tensor([0, 0, 0, 1, 1, 1] if not extra else [0, 1, 1, 1, 2, 2, 2], dtype=torch.float64)
    columns = torch.tensor([0, 1, 2, 0, 1, 2] if not extra else [0, 1, 2, 3, 1, 2, 3], dtype=torch.float64)
    ones = torch.ones(1, 1, length, 2, dtype=torch.float64)
    for channel, (places, size) in enumerate(((rows, 2), (columns, 3))):
        q = ones * torch.eye(2)[channel]
        expected = torch.cos(math.pi / 2 * (places[:, None] - places) / (size + extra))
        expected = expected / expected.sum(-1, keepdim=True)
        for key in range(length):
            v = torch.zeros_like(ones)
            v[:, :, key] = 1
            assert_close(mixer(q, ones, v)[0, 0, :, 0], expected[:, key])


def test_heads_that_do_not_split_and_grids_between_two_sequences_are_refused():
    with pytest.raises(ValueError, match="2 axes needs a head_dim that divides by 2, found 3"):
        Cosformer().build(1, 3, Site((2, 2)))
    with pytest.raises(ValueError, match="between two sequences needs one axis"):
        Cosformer().build(1, 4, Site((2, 2), cross=True))


def test_a_mask_does_not_let_more_tokens_in_than_the_span():
    keep = torch.ones(2, 9, dtype=torch.bool)
    with pytest.raises(ValueError, match="for up to 6 tokens was given 9; name a longer span"):
        mixer_at((6,), causal=True)(*torch.randn(3, 2, 1, 9, 12), keep)
