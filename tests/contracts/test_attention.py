"""Every attention kind, at its defaults and with other settings, keeps the promises of `Mixer`."""

import math

import pytest
import torch
from torch.testing import assert_close

from nas.evaluators.flops import count_flops
from nas.models.attention import Site, attention_kind, grows_linearly
from nas.models.attention.parts.causal import CHUNK
from tests.models.attention.variants import (
    CAUSAL,
    GRID_OF,
    GRIDS,
    KINDS,
    MODES,
    WIDTH,
    inputs,
    made,
    padded_to_twelve,
    site,
    sites,
    sites_on,
)

GARBAGE = (1e3, math.inf, math.nan)


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("grid", [(2 * CHUNK,), (8, CHUNK // 4)])
def test_causal_outputs_and_gradients_ignore_later_tokens(kind, grid):
    length, seen = 2 * CHUNK, CHUNK + 9
    mixer = made(kind, Site(grid, causal=True))
    leaves = [x.requires_grad_() for x in inputs(length)]
    changed = [torch.cat((x[:, :, :seen], 5 * y[:, :, seen:]), 2) for x, y in zip(leaves, inputs(length), strict=True)]
    outputs = mixer(*leaves)[:, :, :seen]
    assert_close(mixer(*changed)[:, :, :seen], outputs)
    assert_close(mixer(*(x[:, :, :seen] for x in leaves)), outputs)
    found = torch.autograd.grad(outputs, leaves, torch.randn_like(outputs))
    assert not any(gradient[:, :, seen:].any() for gradient in found)
    assert all(gradient[:, :, :seen].any() for gradient in found)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize(("kind", "mode"), MODES)
def test_padding_a_batch_changes_nothing(kind, mode, side):
    mixer = made(kind, site(mode))
    kept, keep = padded_to_twelve((7, 12, 3), side)
    # here a sequence that looks at another has no padding
    asked = [slice(0, 5)] * 3 if mode == "cross" else kept
    leaves = [x.requires_grad_() for x in inputs(5 if mode == "cross" else 12, 12)]
    parts = [[x[[n], :, rows] for x, rows in zip(leaves, (asked[n], kept[n], kept[n]), strict=True)] for n in range(3)]
    alone = [mixer(*part) for part in parts]
    learned, directions = [*leaves, *mixer.parameters()], [torch.randn_like(x) for x in alone]
    expected = torch.autograd.grad(alone, learned, directions)
    for garbage in GARBAGE:
        padding = ~keep[:, None, :, None]
        together = mixer(*(x.masked_fill(padding, garbage) if x.shape[2] == 12 else x for x in leaves), keep)
        found = [together[[n], :, rows] for n, rows in enumerate(asked)]
        assert_close(found, alone)
        # what is not finite has no gradient, not even times zero
        if math.isfinite(garbage):
            assert_close(torch.autograd.grad(found, learned, directions), expected)


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_what_stands_at_padding_does_not_matter(kind, grid):
    mixer = made(kind, Site(grid))
    q, k, v = inputs(12)
    keep = torch.rand(3, 12) < 0.6
    expected = mixer(q, k, v, keep)[keep[:, None].expand(-1, 2, -1)]
    for garbage in GARBAGE:
        padded = (x.masked_fill(~keep[:, None, :, None], garbage) for x in (k, v))
        assert_close(mixer(q, *padded, keep)[keep[:, None].expand(-1, 2, -1)], expected)


@pytest.mark.parametrize(("kind", "mode"), MODES)
def test_a_sample_that_is_all_padding_gives_finite_outputs_and_gradients(kind, mode):
    mixer = made(kind, site(mode))
    keep = torch.tensor([True, False, True])[:, None].expand(-1, 12)
    leaves = [x.requires_grad_() for x in inputs(12)]
    outputs = mixer(*leaves, keep)
    assert outputs.isfinite().all()
    assert_close(outputs[::2], mixer(*(x[::2] for x in leaves)))
    found = torch.autograd.grad(outputs, [*leaves, *mixer.parameters()], torch.randn_like(outputs))
    assert all(gradient.isfinite().all() for gradient in found)


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_a_mask_that_keeps_all_is_no_mask(kind, grid):
    mixer = made(kind, Site(grid))
    leaves = inputs(12)
    assert_close(mixer(*leaves, torch.ones(3, 12, dtype=torch.bool)), mixer(*leaves))


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_inputs_are_left_as_they_were(kind, grid):
    for where in sites_on(kind, grid):
        leaves = [x.requires_grad_() for x in inputs(12)]
        copies = [x.detach().clone() for x in leaves]
        mixer = made(kind, where)
        direction = torch.ones(3, 2, 12, WIDTH, dtype=torch.float64)
        torch.autograd.grad(mixer(*leaves, torch.rand(3, 12) < 0.7), leaves, direction)
        with torch.no_grad():
            mixer(*leaves)
        assert_close([x.detach() for x in leaves], copies, rtol=0, atol=0)
        assert (direction == 1).all()


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_the_layout_of_inputs_does_not_matter(kind, grid):
    for where in sites_on(kind, grid):
        mixer = made(kind, where)
        leaves = inputs(12)
        # heads side by side in each token, as a block makes them
        transposed = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in leaves]
        assert_close(mixer(*transposed), mixer(*leaves))


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_every_parameter_and_every_input_has_a_gradient(kind, grid):
    mixer = made(kind, Site(grid))
    leaves = [x.requires_grad_() for x in inputs(12)]
    outputs = mixer(*leaves)
    found = torch.autograd.grad(outputs, [*leaves, *mixer.parameters()], torch.randn_like(outputs))
    assert all(gradient.any() for gradient in found)


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_a_mixer_made_as_a_shape_runs_on_weights_from_elsewhere(kind, grid):
    real = made(kind, Site(grid))
    with torch.device("meta"):
        shape = attention_kind(kind).build(2, WIDTH, Site(grid))
    leaves = inputs(12)
    assert_close(torch.func.functional_call(shape, real.state_dict(), tuple(leaves)), real(*leaves))


@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_training_after_inference_mode_works(kind, grid):
    mixer = made(kind, Site(grid))
    leaves = inputs(12)
    with torch.inference_mode():
        expected = mixer(*leaves)
    outputs = mixer(*(x.requires_grad_() for x in leaves))
    outputs.sum().backward()
    assert_close(outputs.detach(), expected.clone())
    assert all(x.grad is not None for x in (*leaves, *mixer.parameters()))


# sizes are meant to be constants of a trace
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(("kind", "grid"), GRIDS)
def test_a_trace_computes_the_same(kind, grid):
    for where in sites_on(kind, grid):
        mixer = made(kind, where, torch.float32)
        leaves, others = inputs(12, dtype=torch.float32), inputs(12, dtype=torch.float32)
        with torch.no_grad():
            assert_close(torch.jit.trace(mixer, leaves, check_trace=False)(*others), mixer(*others))


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_and_masks_that_do_not_fit_are_refused(kind):
    mixer = made(kind, Site(GRID_OF[kind]))
    q, k, v = inputs(12)
    keep = torch.ones(3, 12, dtype=torch.bool)
    for wrong in (keep[:2], keep[:, :11], keep[..., None], keep[0], keep[:, None, None]):
        with pytest.raises(ValueError, match=r"mask of kept keys needs shape \(3, 12\)"):
            mixer(q, k, v, wrong)
    for dtype in (torch.float32, torch.int64):
        with pytest.raises(ValueError, match=r"of torch\.bool, found .* of torch"):
            mixer(q, k, v, keep.to(dtype))
    for wrong in ((q, k[:2], v), (q, k[:, :1], v), (q, k[..., :8], v), (q, k, v[:2]), (q, k[:, :, :9], v)):
        with pytest.raises(ValueError, match="do not fit one another"):
            mixer(*wrong)
    with pytest.raises(ValueError, match="as many keys as queries, found 9 and 12"):
        mixer(q, k[:, :, :9], v[:, :, :9])


@pytest.mark.parametrize("kind", KINDS)
def test_counted_flops_grow_with_the_length_as_the_kind_says(kind):
    axes = min(sites(attention_kind(kind)))

    def flops(rows: int) -> int:
        grid = (rows, 32)[:axes] if axes > 1 else (32 * rows,)
        mixer = made(kind, Site(grid), torch.float32)
        return count_flops(mixer, tuple(torch.zeros(3, 1, 2, math.prod(grid), WIDTH)))

    ratio = flops(32) / flops(16)
    assert grows_linearly(kind) == (attention_kind(kind).growth == "linear")
    # twice the tokens, and what does not depend on them
    expected = 2 if grows_linearly(kind) else 4
    assert ratio == pytest.approx(expected, rel=0.05)


def test_a_text_that_names_no_kind_is_not_said_to_be_linear():
    assert not grows_linearly("conv3x3")
