"""Decoding: what a step gives, and what searches find, is what whole passes give."""

import itertools
from functools import cache

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from nas.models.decoder_steps import PackedDecoder, Steps
from nas.models.decoding import NEVER, Decoding, Tokens, Translator, decode
from nas.models.seq2seq import BEGIN, END, PAD, Seq2Seq, longest_output
from nas.search_space import Block, Stack
from nas.search_space.presets import tiny_translation
from nas.search_space.seq2seq import CrossAttention, Decoder, DecoderBlock, SelfAttention, Seq2SeqArchitecture
from nas.supernet import Supernet

SPACE = tiny_translation(
    attention=("softmax", "linear", "cosformer", "lrpe", "softmax_relative(clip=8)", "fixation"),
    cross_attention=("softmax", "linear", "cosformer", "lrpe(across=True)"),
)
SOURCE = torch.tensor([[5, 6, 7, 8, 9, 4], [7, 5, 6, PAD, PAD, PAD], [8, 8, 5, 4, PAD, PAD], [9, PAD, *[PAD] * 4]])
KINDS = [("softmax", "softmax"), ("linear", "cosformer"), ("cosformer", "linear"), ("lrpe", "lrpe(across=True)")]


@cache
def network(kind: str = "softmax", across: str = "softmax", seed: int = 0) -> Seq2Seq:
    """Two layers of both, of a sharp taste in ten tokens, so that sentences end at different lengths."""
    torch.manual_seed(seed)
    own = SelfAttention(kind, 2, 4), CrossAttention(across, 2, 4, 2)
    blocks = (DecoderBlock(*own, 16),) * 2
    architecture = Seq2SeqArchitecture(Stack(8, (Block("softmax", 2, 4, 16),) * 2), Decoder(8, blocks))
    model = Seq2Seq(architecture, vocabulary=10, longest=32, dropout=0.0).eval().double()
    model.decoder_norm.weight.data *= 2
    return model


@pytest.fixture(params=KINDS, ids=" across ".join)
def model(request: pytest.FixtureRequest) -> Seq2Seq:
    return network(*request.param)


@pytest.mark.parametrize("seed", range(6))
def test_steps_give_the_scores_of_the_whole_pass(seed):
    torch.manual_seed(seed)
    architecture = SPACE.sample(np.random.default_rng(seed))
    model = Seq2Seq(architecture, vocabulary=20, longest=32, dropout=0.0).eval().double()
    target_BT = torch.randint(END, 20, (4, 12))
    with torch.inference_mode():
        steps = Steps(PackedDecoder(model), SOURCE, beam=1, least=0, most=None)
        found = torch.stack([steps.next(tokens_R) for tokens_R in target_BT.unbind(1)], 1)
        assert_close(found, model(SOURCE, target_BT))


def test_rows_that_are_selected_and_sentences_that_are_dropped_go_on_as_if_alone(model):
    first, later = torch.randint(END, 10, (8, 5)), torch.randint(END, 10, (4, 3))
    rows_R, sentences_B = torch.tensor([5, 4, 1, 1]), torch.tensor([2, 0])
    with torch.inference_mode():
        steps = Steps(PackedDecoder(model), SOURCE, beam=2, least=0, most=None)
        for tokens_R in first.unbind(1):
            steps.next(tokens_R)
        steps.select(rows_R)
        steps.drop(sentences_B)
        found = torch.stack([steps.next(tokens_R) for tokens_R in later.unbind(1)], 1)
        whole = model(SOURCE[[2, 2, 0, 0]], torch.cat((first[rows_R], later), 1))
    assert_close(found, whole[:, 5:])


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_takes_the_likeliest_token_each_time(seed):
    model = network(seed=seed)
    expected = [greedy(model, row[row != PAD]) for row in SOURCE]
    assert decode(model, SOURCE, Decoding(beam=1)) == expected
    assert len({len(tokens) for tokens in expected}) > 1


def greedy(model: Seq2Seq, source_S: torch.Tensor) -> Tokens:
    found: Tokens = []
    while len(found) < longest_output(len(source_S)):
        scores_V = model(source_S[None], torch.tensor([[BEGIN, *found]]))[0, -1]
        scores_V[[PAD, BEGIN]] = NEVER
        if scores_V.argmax() == END:
            break
        found.append(int(scores_V.argmax()))
    return found


@pytest.mark.parametrize(("beam", "power"), [(2, 1.0), (3, 0.0), (4, 0.6)])
@pytest.mark.parametrize(("least", "most"), [(0, None), (2, 5)])
def test_beams_find_what_an_obvious_search_finds(model, beam, power, least, most):
    decoding = Decoding(beam, power, most, least)
    assert decode(model, SOURCE, decoding) == [obvious(model, row[row != PAD], decoding) for row in SOURCE]


@torch.no_grad()
def obvious(model: Seq2Seq, source_S: torch.Tensor, decoding: Decoding) -> Tokens:
    """The best hypothesis of a beam search over lists, with a whole pass for each of them."""
    most = max(min(longest_output(len(source_S)), decoding.most_tokens or 99), decoding.least_tokens)
    going, ended = [(0.0, Tokens())], list[tuple[float, Tokens]]()
    for length in itertools.count():
        ways = []
        for score, tokens in going:
            chances_V = model(source_S[None], torch.tensor([[BEGIN, *tokens]]))[0, -1].log_softmax(-1).tolist()
            for token, chance in enumerate(chances_V):
                early, late = token == END and length < decoding.least_tokens, token != END and length == most
                if token not in (PAD, BEGIN) and not early and not late:
                    ways.append((score + chance, [*tokens, token]))
        ways.sort(reverse=True)
        best = [(score, tokens) for score, tokens in ways[: decoding.beam] if tokens[-1] == END]
        ended += [(score / (length + 1) ** decoding.length_penalty, tokens[:-1]) for score, tokens in best]
        ended = ended[: decoding.beam]
        if len(ended) == decoding.beam or length == most:
            return max(ended)[1]
        going = [(score, tokens) for score, tokens in ways if tokens[-1] != END][: decoding.beam]
    raise AssertionError


@pytest.mark.parametrize("beam", [1, 3])
def test_a_batch_is_decoded_as_each_sentence_alone(model, beam):
    translator, decoding = Translator(model), Decoding(beam)
    together = translator(SOURCE, decoding)
    assert together == [translator(row[None, row != PAD], decoding)[0] for row in SOURCE]
    # sources without padding at their ends, too
    assert translator(SOURCE[:1], decoding) == together[:1]


@pytest.mark.parametrize("beam", [1, 3])
def test_limits_hold_even_beyond_what_a_source_allows(model, beam):
    found = decode(model, SOURCE, Decoding(beam, least_tokens=40, most_tokens=40))
    assert [len(tokens) for tokens in found] == [40] * 4
    assert not {PAD, BEGIN, END} & {token for tokens in found for token in tokens}
    assert all(len(tokens) <= 3 for tokens in decode(model, SOURCE, Decoding(beam, most_tokens=3)))


def test_a_subnet_is_decoded_as_the_plain_network():
    torch.manual_seed(0)
    supernet = Supernet(lambda each: Seq2Seq(each, vocabulary=10, longest=32, dropout=0.0), SPACE).eval()
    architecture = SPACE.sample(np.random.default_rng(1))
    shared, plain = supernet.path(architecture).module, supernet.subnet(architecture)
    assert decode(shared, SOURCE, Decoding(3)) == decode(plain, SOURCE, Decoding(3))


def test_training_goes_on_after_decoding():
    model = network("cosformer", "cosformer", seed=1)
    decode(model, SOURCE, Decoding(beam=2))
    model(SOURCE, torch.full((4, 3), BEGIN)).logsumexp(-1).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_impossible_searches_are_refused():
    with pytest.raises(ValueError, match="beam needs a whole number from 1 to 100; found 0"):
        Decoding(beam=0)
    with pytest.raises(ValueError, match="most_tokens = 3 is below least_tokens = 4"):
        Decoding(most_tokens=3, least_tokens=4)
