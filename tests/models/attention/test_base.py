"""Kinds as values and as texts, the places where attention stands, and the checks of shapes that all kinds share."""

import dataclasses
import itertools

import pytest
import torch

from nas.models.attention import (
    Fixation,
    Linear,
    Lrpe,
    Site,
    SoftmaxRelative,
    State,
    attention_kind,
    attention_kinds,
    build_attention,
)
from tests.models.attention.variants import VARIANTS


@pytest.mark.parametrize("kind", VARIANTS, ids=str)
def test_the_text_of_a_kind_names_it(kind):
    assert attention_kind(str(kind)) == kind


def test_kinds_are_equal_exactly_when_their_texts_are():
    for one, other in itertools.combinations_with_replacement(VARIANTS, 2):
        assert (one == other) == (str(one) == str(other))
        assert one != other or hash(one) == hash(other)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Linear(), "linear"),
        (Linear("relu"), "linear(feature_map=relu)"),
        (SoftmaxRelative(clip=8), "softmax_relative(clip=8)"),
        (Lrpe(basis="dct", core="complex"), "lrpe(core=complex,basis=dct)"),
        (Lrpe(learn_theta=False, across=True), "lrpe(learn_theta=False,across=True)"),
        (Fixation(), "fixation"),
        (Fixation(of=Linear()), "fixation(of=linear)"),
        (Fixation(Lrpe("complex"), shift="temporal", fold=8), "fixation(of=lrpe(core=complex),shift=temporal,fold=8)"),
    ],
)
def test_a_text_has_the_settings_that_differ_from_the_usual_in_their_order(kind, text):
    assert str(kind) == text


def test_every_file_of_the_folder_is_a_kind_whose_settings_have_defaults():
    assert {"softmax", "softmax_relative", "linear", "cosformer", "lrpe", "fixation"} <= set(attention_kinds())
    for name in attention_kinds():
        assert str(attention_kind(name)) == name


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("lrpe()", "lrpe"),
        ("linear ", "linear"),
        ("lrpe(core=rotation)", "lrpe"),
        ("lrpe(basis=dct,core=complex)", "lrpe(core=complex,basis=dct)"),
        ("lrpe(core=complex, basis=dct)", "lrpe(core=complex,basis=dct)"),
        ("linear(feature_map='relu')", "linear(feature_map=relu)"),
        ("softmax_relative(clip=0x8)", "softmax_relative(clip=8)"),
        ("fixation(of=linear(feature_map=relu_shifted))", "fixation"),
    ],
)
def test_another_text_of_the_same_kind_is_refused_with_the_usual_one(text, usual):
    with pytest.raises(ValueError, match="is written") as refused:
        attention_kind(text)
    assert f"is written {usual!r}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sofmax", "no attention kind 'sofmax'; there are: cosformer, fixation, linear, lrpe, softmax"),
        ("base", "no attention kind 'base'"),
        ("parts", "no attention kind 'parts'"),
        ("sofmax(clip=2)", "no attention kind 'sofmax'"),
        ("fixation(of=linea)", "of needs a LinearKind; found 'linea'"),
        ("linear(map=relu)", "linear has no setting 'map'; there are: feature_map"),
        ("softmax(clip=2)", "softmax has no setting 'clip'; it has none"),
        ("linear(feature_map=rely)", "feature_map needs one of elu_plus_one, relu, .*; found 'rely'"),
        ("lrpe(learn_theta=1)", "learn_theta needs True or False; found 1"),
        ("softmax_relative(clip=True)", "clip needs a whole number from 1 to 1,000,000; found True"),
        ("softmax_relative(clip=8.0)", r"clip needs a whole number from 1 to 1,000,000; found 8\.0"),
        ("softmax_relative(clip=0)", "clip needs a whole number from 1 to 1,000,000; found 0"),
        ("fixation(of=softmax)", "of needs a LinearKind; found"),
        ("fixation(of=fixation)", "of needs another kind than fixation itself"),
        ("fixation(fold=8)", "fold belongs to shift temporal, found none"),
        ("lrpe(basis=fourier)", "basis fourier needs core complex, found rotation"),
        ("lrpe(core=permutation,learn_theta=False)", "permutation has no theta"),
        ("lrpe(basis=dct,learn_reflection=True)", "only basis householder has a reflection to learn, found dct"),
        ("softmax_relative(8)", "cannot be read"),
        ("lrpe(core=dct.rotation)", "cannot be read"),
        ("softmax_relative(clip=-1)", "clip needs a whole number from 1 to 1,000,000; found -1"),
        ("linear;linear", "cannot be read"),
        ("nas.lrpe", "cannot be read"),
        ("", "cannot be read"),
        ("7", "needs the name of a kind"),
    ],
)
def test_a_text_that_names_no_kind_is_refused_with_what_would_do(text, message):
    with pytest.raises(ValueError, match=message):
        attention_kind(text)


def test_a_setting_of_another_type_is_refused_even_if_it_equals_an_option():
    # 8.0 == 8, but their texts differ
    with pytest.raises(ValueError, match=r"fold needs one of 4, 8; found 8\.0"):
        Fixation(shift="temporal", fold=8.0)


def test_a_kind_is_a_value_that_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Linear().feature_map = "relu"


def test_a_module_is_built_from_the_text():
    mixer = build_attention("linear(feature_map=relu)", 2, 4, Site((3,)))
    # one key that matches no query
    assert not mixer(-torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4)).any()


@pytest.mark.parametrize("grid", [(), (0,), (4, 0), (3, -1)])
def test_a_grid_without_tokens_is_refused(grid):
    with pytest.raises(ValueError, match="at least one axis, and axes of at least one token"):
        Site(grid)


def test_a_site_is_not_both_causal_and_cross():
    with pytest.raises(ValueError, match="not causal"):
        Site((4,), causal=True, cross=True)


def test_a_grid_of_several_axes_may_have_a_class_token_before_it():
    assert Site((3, 3)).class_tokens(9) == 0
    assert Site((3, 3)).class_tokens(10) == 1
    assert Site((9,)).class_tokens(10) == 0
    assert Site((3, 3), causal=True).class_tokens(5) == 0
    for site, length in ((Site((3, 3)), 8), (Site((3, 3)), 11), (Site((3, 3), causal=True), 10)):
        with pytest.raises(ValueError, match=f"9 .*tokens, found {length}"):
            site.class_tokens(length)


def test_a_state_keeps_the_samples_that_are_asked_for_in_their_order():
    state = State((torch.arange(3.0), torch.eye(3)), queries=5, span=torch.tensor([7, 8, 9]))
    selected = state.select(torch.tensor([2, 0, 0]))
    assert selected.tensors[0].tolist() == [2, 0, 0]
    assert selected.tensors[1].tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]
    assert selected.span.tolist() == [9, 7, 7]
    assert selected.queries == 5
    assert State((torch.eye(3),), span=4).select(torch.tensor([1])).span == 4


@pytest.mark.parametrize("shape", [(4, 6, 8), (2, 4, 0, 8), (1, 2, 4, 6, 8)])
def test_what_is_not_batch_heads_tokens_and_width_is_refused(shape):
    with pytest.raises(ValueError, match="need shapes of batch, heads, tokens, width; found"):
        build_attention("linear", 4, 8, Site((6,), causal=True))(*torch.randn(3, *shape))
