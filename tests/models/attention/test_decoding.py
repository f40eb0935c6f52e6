"""Decoding: one token at a time gives what the full pass gives, for every kind."""

from contextlib import nullcontext

import pytest
import torch
from torch.testing import assert_close

from nas.models.attention import Site, attention_kind
from nas.models.attention.parts.linear_mixer import LinearKind
from tests.models.attention.variants import CAUSAL, CROSS, GRID_OF, KINDS, inputs, made, padded_to_twelve

LINEAR = [kind for kind in CAUSAL if isinstance(attention_kind(kind), LinearKind)]


ROOMS = [0, 30, 20]
"""Tokens that memory is set aside for: none, as many as come, and fewer."""


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("grid", [(30,), (5, 6)])
@pytest.mark.parametrize("room", ROOMS)
def test_causal_steps_equal_the_full_pass(kind, grid, room):
    mixer = made(kind, Site(grid, causal=True))
    leaves = inputs(30)
    state, outputs = mixer.start(room=room), []
    for token in range(30):
        output, state = mixer.step(state, *(x[:, :, token : token + 1] for x in leaves))
        outputs.append(output)
    assert_close(torch.cat(outputs, 2), mixer(*leaves))


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", CROSS)
@pytest.mark.parametrize("room", [0, 5, 3])
def test_steps_to_another_sequence_equal_the_full_pass(kind, side, room):
    mixer = made(kind, Site((12,), cross=True))
    q, k, v = inputs(5, 12)
    _, keep = padded_to_twelve((7, 12, 3), side)
    for mask, span in ((None, 15), (keep, 15), (keep, torch.tensor([15, 12, 20]))):
        state, outputs = mixer.start(k, v, mask, span, room), []
        for token in range(5):
            output, state = mixer.step(state, q[:, :, token : token + 1])
            outputs.append(output)
        assert_close(torch.cat(outputs, 2), mixer(q, k, v, mask, span))


@pytest.mark.parametrize("kind", CROSS)
def test_several_queries_at_one_place_are_answered_as_each_alone(kind):
    mixer = made(kind, Site((12,), cross=True))
    q, k, v = inputs(3, 12)
    state = mixer.start(k, v, torch.rand(3, 12) < 0.7, 15)
    alone = [mixer.step(state, query)[0] for query in q.split(1, 2)]
    assert_close(mixer.step(state, q)[0], torch.cat(alone, 2))


@pytest.mark.parametrize("kind", CROSS)
def test_a_query_without_keys_gets_what_the_full_pass_gives(kind):
    mixer = made(kind, Site((12,), cross=True))
    q, k, v = inputs(1, 12)
    keep = torch.tensor([True, False, True])[:, None].expand(-1, 12)
    assert_close(mixer.step(mixer.start(k, v, keep, 15), q)[0], mixer(q, k, v, keep, 15))


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("room", [0, 8])
def test_selected_samples_go_on_as_if_they_had_always_been_there(kind, room):
    mixer = made(kind, Site((8,), causal=True))
    leaves, rows, span = inputs(8), torch.tensor([2, 0, 0, 1]), torch.tensor([8, 9, 10])
    state = mixer.start(span=span, room=room)
    for token in range(7):
        if token == 4:
            state, leaves = state.select(rows), [x[rows] for x in leaves]
        output, state = mixer.step(state, *(x[:, :, token : token + 1] for x in leaves))
    assert_close(output, mixer(*(x[:, :, :7] for x in leaves), span=span[rows])[:, :, 6:])


@pytest.mark.parametrize("kind", CROSS)
def test_selected_samples_keep_the_sequence_that_they_look_at(kind):
    mixer = made(kind, Site((8,), cross=True))
    q, k, v = inputs(2, 8)
    keep, rows, span = torch.rand(3, 8) < 0.7, torch.tensor([2, 0, 0, 1]), torch.tensor([8, 9, 10])
    _, state = mixer.step(mixer.start(k, v, keep, span), q[:, :, :1])
    output, _ = mixer.step(state.select(rows), q[rows, :, 1:])
    assert_close(output, mixer(q, k, v, keep, span)[rows, :, 1:])


@pytest.mark.parametrize("kind", LINEAR)
def test_the_state_of_linear_kinds_has_one_size_and_is_in_float32(kind):
    mixer = made(kind, Site((30,), causal=True), torch.bfloat16)
    state, sizes = mixer.start(), []
    for token in inputs(30, dtype=torch.bfloat16)[0].split(1, 2):
        _, state = mixer.step(state, token, token, token)
        sizes.append([tuple(x.shape) for x in state.tensors])
        assert {x.dtype for x in state.tensors} == {torch.float32}
    assert sizes == sizes[:1] * 30


@pytest.mark.parametrize("kind", LINEAR)
def test_sums_of_decoding_stay_float32_under_autocast(kind):
    mixer = made(kind, Site((4,), causal=True), torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, state = mixer.step(mixer.start(), *inputs(1, dtype=torch.bfloat16))
    assert {x.dtype for x in state.tensors} == {torch.float32}


@pytest.mark.parametrize("kind", [kind for kind in LINEAR if kind in CROSS])
@pytest.mark.parametrize("autocast", [True, False])
def test_sums_of_another_sequence_are_in_float32(kind, autocast):
    mixer = made(kind, Site((4,), cross=True), torch.float32)
    _, k, v = inputs(4, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        assert {x.dtype for x in mixer.start(k, v, span=4).tensors} == {torch.float32}


@pytest.mark.parametrize("kind", KINDS)
def test_only_causal_sequences_and_those_that_look_at_another_go_step_by_step(kind):
    with pytest.raises(ValueError, match="can be computed step by step"):
        made(kind, Site(GRID_OF[kind])).start()


@pytest.mark.parametrize("kind", CAUSAL)
def test_steps_that_are_not_one_token_are_refused(kind):
    mixer = made(kind, Site((2, 2), causal=True))
    q, k, v = inputs(1)
    with pytest.raises(ValueError, match="starts empty"):
        mixer.start(k, v)
    with pytest.raises(ValueError, match="needs its token's key and value"):
        mixer.step(mixer.start(), q)
    with pytest.raises(ValueError, match="do not fit one another"):
        mixer.step(mixer.start(), q, k[:2], v)
    with pytest.raises(ValueError, match="one token"):
        mixer.step(mixer.start(), *inputs(2))


@pytest.mark.parametrize("kind", CAUSAL)
def test_steps_beyond_the_grid_are_refused_as_the_full_pass_is(kind):
    """Kinds that are blind to positions take any number of tokens, in a pass and in steps."""
    mixer = made(kind, Site((2, 2), causal=True))
    leaves = inputs(5)
    state = mixer.start()
    for token in range(4):
        _, state = mixer.step(state, *(x[:, :, token : token + 1] for x in leaves))
    blind = (kind.startswith(("linear", "softmax")) and "relative" not in kind) or kind == "fixation"
    expected = nullcontext() if blind else pytest.raises(ValueError, match=r"4 tokens.* 5")
    with expected:
        mixer(*leaves)
    with expected:
        mixer.step(state, *(x[:, :, 4:] for x in leaves))


@pytest.mark.parametrize("kind", CROSS)
def test_steps_to_another_sequence_take_queries_and_nothing_else(kind):
    mixer = made(kind, Site((12,), cross=True))
    q, k, v = inputs(1, 12)
    with pytest.raises(ValueError, match="all of its keys and values, found none"):
        mixer.start()
    with pytest.raises(ValueError, match="mask of kept keys"):
        mixer.start(k, v, torch.ones(3, 11, dtype=torch.bool), 12)
    state = mixer.start(k, v, span=12)
    with pytest.raises(ValueError, match="another sequence"):
        mixer.step(state, q, k[:, :, :1], v[:, :, :1])
