"""LRPE's scores know the distance between tokens alone, along every axis; and where it has a meaning."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention import Lrpe, Site
from tests.models.attention.variants import lrpe_variants

GRID = (4, 5)
WIDTH = 16


def scores_of_equal_tokens(kind: Lrpe, site: Site, query: Tensor, key: Tensor) -> Tensor:
    """Scores if every token asks with the same query and answers with the same key, NM."""
    mixer = kind.build(1, WIDTH, site).double()
    for parameter in mixer.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    # with values that name their keys, and without the norm at the end, outputs are scores
    mixer.finish = lambda mixed: mixed
    length = site.cells
    names = torch.eye(length, dtype=torch.float64)[None, None]
    parts = [mixer(*(x.expand(1, 1, length, -1) for x in (query, key)), part) for part in padded(names)]
    return torch.cat(parts, -1)[0, 0, :, :length].detach()


def padded(names: Tensor) -> list[Tensor]:
    """Values of the width of a head that together name all keys."""
    return list(torch.nn.functional.pad(names, (0, -names.shape[-1] % WIDTH)).split(WIDTH, -1))


@pytest.mark.parametrize("kind", lrpe_variants(), ids=str)
def test_scores_depend_on_the_distance_along_each_axis_alone(kind):
    torch.manual_seed(0)
    query, key = torch.randn(2, WIDTH, dtype=torch.float64)
    scores = scores_of_equal_tokens(kind, Site(GRID), query, key).unflatten(1, GRID).unflatten(0, GRID)
    down, right = scores[1:, :, 1:], scores[:, 1:, :, 1:]
    assert_close(down, scores[:-1, :, :-1])
    assert_close(right, scores[:, :-1, :, :-1])
    # one of the two tokens moves
    assert not torch.isclose(scores[0, 0, 0, 0], scores[0, 0, 1, 0])
    assert not torch.isclose(scores[0, 0, 0, 0], scores[0, 0, 0, 1])


@pytest.mark.parametrize("kind", lrpe_variants(), ids=str)
def test_scores_in_a_sequence_depend_on_the_distance_alone(kind):
    torch.manual_seed(0)
    query, key = torch.randn(2, WIDTH, dtype=torch.float64)
    scores = scores_of_equal_tokens(kind, Site((6,)), query, key)
    assert_close(scores[1:, 1:], scores[:-1, :-1])
    assert not torch.isclose(scores[0, 0], scores[0, 1])


def test_only_split_axes_tell_the_cells_of_an_anti_diagonal_apart():
    torch.manual_seed(0)
    query, key = torch.randn(2, WIDTH, dtype=torch.float64)
    for kind, alike in ((Lrpe(), False), (Lrpe(axes="shared"), True)):
        scores = scores_of_equal_tokens(kind, Site(GRID), query, key).unflatten(1, GRID)
        assert torch.isclose(scores[0, 0, 1], scores[0, 1, 0]) == alike


def test_one_set_of_frequencies_and_one_reflection_serve_all_heads():
    mixer = Lrpe(learn_reflection=True).build(3, 8, Site((6,)))
    assert {name: tuple(x.shape) for name, x in mixer.named_parameters()} == {
        "core.angles.theta": (4,),
        "basis.v": (8,),
        "norm.weight": (24,),
        "norm.bias": (24,),
    }
    assert {name for name, _ in Lrpe(learn_theta=False).build(3, 8, Site((6,))).named_parameters()} == {
        "norm.weight",
        "norm.bias",
    }


@pytest.mark.parametrize(
    ("kind", "head_dim", "grid", "message"),
    [
        (Lrpe(), 5, (4,), "core rotation needs a head_dim that divides by 2, found 5"),
        (Lrpe(), 6, (3, 3), "core rotation on 2 axes needs a head_dim that divides by 4, found 6"),
        (Lrpe("mixed"), 6, (4,), "core mixed needs a head_dim that divides by 4, found 6"),
        (Lrpe("permutation"), 5, (3, 3), "core permutation on 2 axes needs a head_dim that divides by 2, found 5"),
        (Lrpe("complex"), 5, (2, 2, 2), "core complex on 3 axes needs a head_dim that divides by 3, found 5"),
    ],
)
def test_heads_that_do_not_split_are_refused(kind, head_dim, grid, message):
    with pytest.raises(ValueError, match=message):
        kind.build(2, head_dim, Site(grid))


def test_axes_that_share_channels_need_not_divide_them():
    assert Lrpe(axes="shared").build(1, 2, Site((3, 3)))(*torch.randn(3, 1, 1, 9, 2)).shape == (1, 1, 9, 2)


@pytest.mark.parametrize("causal", [True, False])
def test_lengths_beyond_the_table_of_a_permutation_are_refused(causal):
    mixer = Lrpe("permutation").build(1, 4, Site((6,), causal=causal))
    assert mixer(*torch.randn(3, 1, 1, 6, 4)).isfinite().all()
    with pytest.raises(ValueError, match="core permutation is made for 6 tokens, found 7"):
        mixer(*torch.randn(3, 1, 1, 7, 4))


def test_decoding_beyond_the_table_of_a_permutation_is_refused():
    mixer = Lrpe("permutation").build(1, 4, Site((2,), causal=True))
    state = mixer.start()
    for _ in range(2):
        _, state = mixer.step(state, *torch.randn(3, 1, 1, 1, 4))
    with pytest.raises(ValueError, match="made for 2 tokens, found 3"):
        mixer.step(state, *torch.randn(3, 1, 1, 1, 4))


@pytest.mark.parametrize("causal", [True, False])
def test_a_length_that_is_not_the_grids_is_refused(causal):
    mixer = Lrpe().build(1, 4, Site((3, 3), causal=causal))
    with pytest.raises(ValueError, match=r"9 .*tokens, found 11"):
        mixer(*torch.randn(3, 1, 1, 11, 4))


def test_it_stands_between_two_sequences_only_if_asked_to():
    for kind, grid in ((Lrpe(), (4,)), (Lrpe(across=True), (2, 2))):
        with pytest.raises(ValueError, match="no natural meaning between two sequences"):
            kind.build(1, 4, Site(grid, cross=True))
    assert Lrpe(across=True).build(1, 4, Site((4,), cross=True)) is not None
