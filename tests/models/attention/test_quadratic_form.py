"""Every variant of every attention kind against its slow twin: outputs, and gradients of inputs and parameters."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention import (
    AttentionKind,
    Cosformer,
    Fixation,
    Linear,
    Lrpe,
    Mixer,
    Site,
    SoftmaxRelative,
    attention_kinds,
)
from tests.models.attention.twins import TWINS, Call, twin
from tests.models.attention.variants import VARIANTS, channels, sites


@dataclass(frozen=True)
class Case:
    """A kind in a place, and what it is called with."""

    kind: AttentionKind
    site: Site
    batch: int
    num_heads: int
    head_dim: int
    length: int
    keys: int
    transposed: bool
    """Laid out as a block does, heads side by side in each token; else each head by itself."""
    padding: Literal["none", "right", "left", "holes"]
    spans: tuple[int, ...]
    """What each sample may grow to; one number for all of them; or nothing."""
    seed: int


@st.composite
def cases(draw: st.DrawFn, kind: AttentionKind) -> Case:
    axes = draw(st.sampled_from(list(sites(kind))))
    mode = draw(st.sampled_from(sites(kind)[axes]))
    grid = draw(st.tuples(*[st.integers(2, 8 if axes == 1 else 4 if axes == 2 else 3)] * axes))
    if axes == 1 or mode == "causal":
        length = draw(st.integers(1, math.prod(grid)))
    else:
        length = math.prod(grid) + draw(st.integers(0, 1))
    keys = draw(st.integers(1, grid[0])) if mode == "cross" else length
    if mode == "cross" and isinstance(kind, Lrpe):
        kind = dataclasses.replace(kind, across=True)
    batch = draw(st.integers(1, 3))
    reach = st.integers(max(length, keys), max(length, keys) + 4)
    return Case(
        kind,
        Site(grid, causal=mode == "causal", cross=mode == "cross"),
        batch,
        num_heads=draw(st.integers(1, 2)),
        head_dim=draw(st.integers(1, 2)) * channels(kind, axes),
        length=length,
        keys=keys,
        transposed=draw(st.booleans()),
        padding=draw(st.sampled_from(("none", "right", "left", "holes"))),
        spans=draw(st.sampled_from((0, 1, batch)).flatmap(lambda count: st.tuples(*[reach] * count))),
        seed=draw(st.integers(0, 999)),
    )


def made(case: Case) -> tuple[Mixer, Call]:
    """A mixer in float64 away from its initial values, and inputs for it."""
    torch.manual_seed(case.seed)
    mixer = case.kind.build(case.num_heads, case.head_dim, case.site).double()
    for parameter in mixer.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    leaves = []
    for length in (case.length, case.keys, case.keys):
        sizes = (length, case.num_heads) if case.transposed else (case.num_heads, length)
        x = torch.randn(case.batch, *sizes, case.head_dim, dtype=torch.float64)
        leaves.append((x.transpose(1, 2) if case.transposed else x).requires_grad_())
    span = torch.tensor(case.spans) if len(case.spans) > 1 else case.spans[0] if case.spans else None
    return mixer, Call(case.site, *leaves, mask(case), span)


def mask(case: Case) -> Tensor | None:
    """Which keys are kept, BM; some samples may have none."""
    if case.padding == "none":
        return None
    if case.padding == "holes":
        return torch.rand(case.batch, case.keys) < 0.5
    right = torch.arange(case.keys) < torch.randint(0, case.keys + 1, (case.batch, 1))
    return right if case.padding == "right" else right.flip(-1)


def assert_equals_twin(case: Case) -> None:
    mixer, call = made(case)
    leaves = [call.q, call.k, call.v, *mixer.parameters()]
    actual, expected = mixer(call.q, call.k, call.v, call.keep, call.span), twin(case.kind, mixer, call)
    # no one reads what stands at padding
    read = 1.0 if call.keep is None or call.site.cross else call.keep.double()[:, None, :, None]
    direction = torch.randn_like(expected) * read
    gradients, expected_gradients = (torch.autograd.grad(x, leaves, direction) for x in (actual, expected))
    # digits that float32 anywhere on the way would lose
    assert_close(actual * read, expected * read, rtol=1e-9, atol=1e-9)
    assert_close(gradients, expected_gradients, rtol=1e-9, atol=1e-9)
    with torch.no_grad():
        assert_close(mixer(call.q, call.k, call.v, call.keep, call.span), actual, rtol=1e-9, atol=1e-9)


def test_every_kind_of_the_folder_has_a_twin():
    assert set(attention_kinds()) == set(TWINS)


@pytest.mark.parametrize("kind", VARIANTS, ids=str)
@settings(max_examples=8)
@given(data=st.data())
def test_a_kind_equals_its_quadratic_form(kind, data):
    assert_equals_twin(data.draw(cases(kind)))


@pytest.mark.parametrize(
    "kind",
    [
        SoftmaxRelative(clip=3),
        Linear(),
        Linear("relu"),
        Cosformer(),
        Cosformer(axes="flat"),
        Lrpe(),
        Lrpe("mixed", "dct"),
        Lrpe("permutation", "odd_even"),
        Lrpe("complex", "fourier"),
        Lrpe("complex", learn_theta=False),
        Fixation(),
        Fixation(Cosformer(), "unshared"),
        Fixation(Lrpe()),
    ],
    ids=str,
)
@pytest.mark.parametrize("grid", [(200,), (13, 14)])
@settings(max_examples=3)
@given(length=st.integers(60, 180), padding=st.sampled_from(("none", "right", "left", "holes")))
def test_a_causal_kind_equals_its_quadratic_form_over_several_chunks(kind, grid, length, padding):
    site, head_dim = Site(grid, causal=True), channels(kind, len(grid))
    assert_equals_twin(Case(kind, site, 2, 1, head_dim, length, length, True, padding, (), seed=length))
