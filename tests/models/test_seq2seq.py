"""The encoder-decoder Transformer: what it may see, its costs, and its subnets in a supernet."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from nas.evaluators.flops import Flops, count_flops
from nas.evaluators.parameters import Parameters, count_parameters
from nas.models.seq2seq import PAD, Seq2Seq
from nas.search_space import Block, Stack
from nas.search_space.presets import tiny_translation
from nas.search_space.seq2seq import CrossAttention, Decoder, DecoderBlock, SelfAttention, Seq2SeqArchitecture
from nas.supernet import Supernet
from nas.tasks.parallel import Parallel

SPACE = tiny_translation(
    attention=("softmax", "linear", "cosformer", "lrpe", "softmax_relative(clip=8)", "fixation"),
    cross_attention=("softmax", "linear", "cosformer", "lrpe(across=True)"),
)
SOURCE = torch.tensor([[5, 6, 7, 8, 9, 4], [7, 5, 11, PAD, PAD, PAD]])
TARGET = torch.tensor([[2, 9, 8, 7, 5], [2, 6, 6, 10, PAD]])


def network(architecture: Seq2SeqArchitecture, dropout: float = 0.0) -> Seq2Seq:
    torch.manual_seed(0)
    return Seq2Seq(architecture, vocabulary=20, longest=64, dropout=dropout).eval().double()


def vaswani(embed_dim: int, ffn_dim: int, num_heads: int) -> Seq2SeqArchitecture:
    """Transformer-base and -big."""
    head_dim = embed_dim // num_heads
    own, across = SelfAttention("softmax", num_heads, head_dim), CrossAttention("softmax", num_heads, head_dim, 1)
    encoder = Stack(embed_dim, (Block("softmax", num_heads, head_dim, ffn_dim),) * 6)
    return Seq2SeqArchitecture(encoder, Decoder(embed_dim, (DecoderBlock(own, across, ffn_dim),) * 6))


@pytest.fixture(params=range(8))
def architecture(request: pytest.FixtureRequest) -> Seq2SeqArchitecture:
    return SPACE.sample(np.random.default_rng(request.param))


def test_padding_changes_nothing(architecture):
    model = network(architecture)
    both = model(SOURCE, TARGET)
    assert_close(both[1:, :4], model(SOURCE[1:, :3], TARGET[1:, :4]))


def test_scores_do_not_depend_on_later_tokens(architecture):
    model, changed = network(architecture), TARGET.clone()
    changed[:, 3:] = 13
    assert_close(model(SOURCE, changed)[:, :3], model(SOURCE, TARGET)[:, :3])


def test_scores_depend_on_source_and_order(architecture):
    model, other = network(architecture), SOURCE.clone()
    other[0, :2] = other[0, :2].flip(0)
    assert not torch.allclose(model(other, TARGET)[0], model(SOURCE, TARGET)[0])


def test_gradients_reach_every_parameter(architecture):
    model = network(architecture, dropout=0.1).train()
    model(SOURCE, TARGET).logsumexp(-1).sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    torch.manual_seed(0)
    return Supernet(lambda each: Seq2Seq(each, vocabulary=20, longest=64, dropout=0.0), SPACE).eval()


def test_a_subnet_is_the_plain_network_with_leading_slices(supernet, architecture):
    subnet = supernet.subnet(architecture)
    assert torch.equal(subnet(SOURCE, TARGET), supernet(SOURCE, TARGET, architecture=architecture))


def test_several_encoder_layers_are_one_long_source():
    space = tiny_translation(attention=("softmax",), cross_attention=("softmax",))
    architecture = space.sample(np.random.default_rng(0))
    block = replace(architecture.decoder.blocks[0], cross_attention=CrossAttention("softmax", 2, 24, 2))
    model = network(replace(architecture, decoder=replace(architecture.decoder, blocks=(block,))))
    (memory, keep), _ = model.encode(SOURCE)[0][2], None
    states, x = [], model.embedding(SOURCE, model.widths[0])
    for layer in model.encoder:
        x = layer(x, SOURCE != PAD)
        states.append(model.encoder_norm(x))
    assert_close(memory, torch.cat((states[-1], states[-2]), 1))
    assert torch.equal(keep, torch.cat((SOURCE, SOURCE), 1) != PAD)


def test_copies_of_a_source_count_positions_anew():
    """Attention to a source that stands twice is attention to it once: each key twice changes no mean."""
    for kind in ("linear", "cosformer"):
        block = DecoderBlock(SelfAttention("softmax", 2, 8), CrossAttention(kind, 2, 8, 1), 16)
        encoder = Stack(16, (Block("softmax", 2, 8, 16),) * 2)
        model = network(Seq2SeqArchitecture(encoder, Decoder(16, (block,))))
        twice = replace(block, cross_attention=replace(block.cross_attention, encoder_layers=2))
        other = network(Seq2SeqArchitecture(encoder, Decoder(16, (twice,))))
        other.load_state_dict(model.state_dict())
        x = model.embedding(TARGET, 16)
        source, span = model.encode(SOURCE)
        memory, keep = source[1]
        doubled = torch.cat((memory, memory), 1), torch.cat((keep, keep), 1)
        assert_close(other.decoder[0](x, *doubled, span), model.decoder[0](x, memory, keep, span))


def test_the_output_is_the_table_of_the_input():
    model = network(SPACE.smallest())
    names = [name for name, parameter in model.named_parameters() if 20 in parameter.shape]
    assert names == ["embedding.weight"]


def test_positions_are_vaswani_s_sines_and_cosines():
    table = network(SPACE.smallest()).embedding.positions(3, 5, 6)
    for row, place in enumerate((3, 4)):
        for pair in range(3):
            angle = place / 10_000 ** (2 * pair / 6)
            assert table[row, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[row, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


@pytest.mark.parametrize("lengths", [(30, 30), (7, 19)])
def test_pieces_add_up_to_the_network(architecture, lengths):
    task = Parallel(vocabulary=50, longest=60, quoted=lengths)
    model = task.build(architecture).eval()
    assert Flops()(task, architecture) == count_flops(model, task.example_inputs())
    assert Parameters()(task, architecture) == count_parameters(model)
    assert Flops(length=lengths[0], target_length=lengths[1])(Parallel(vocabulary=50, longest=60), architecture) == (
        Flops()(task, architecture)
    )


@pytest.mark.parametrize(
    ("architecture", "flops", "weights"),
    [(vaswani(512, 2048, 8), 1_337_794_560, 44_040_192), (vaswani(1024, 4096, 16), 5_318_000_640, 176_160_768)],
    ids=["base", "big"],
)
def test_transformer_base_and_big_have_the_figures_of_hat_s_convention(architecture, flops, weights):
    """1.34 and 5.32 G multiply-adds from 30 tokens to 30; 44.04 and 176.16 M weights, without biases and norms."""
    task = Parallel()
    layers, width, ffn_dim = 6, architecture.encoder.embed_dim, architecture.encoder.blocks[0].ffn_dim
    by_hand = layers * (30 * (4 + 8) * width**2 + 2 * 30 * 2 * width * ffn_dim + 3 * 2 * 30 * 30 * width)
    assert Flops(of="body")(task, architecture) == flops == by_hand
    encoder, decoder = 4 * width + 2 * 2 * width, 8 * width + 3 * 2 * width
    biases_and_norms = layers * (encoder + decoder + 2 * (ffn_dim + width)) + 2 * 2 * width
    assert Parameters(of="body")(task, architecture) == weights + biases_and_norms
    output = 30 * width * task.vocabulary
    assert Flops()(task, architecture) == flops + output


def test_what_makes_no_network_is_refused():
    architecture = SPACE.smallest()
    with pytest.raises(ValueError, match=r"dropout needs a share of at least 0 and below 1, found 1\.0"):
        network(architecture, dropout=1.0)
    with pytest.raises(ValueError, match="a decoder layer sees 2 encoder layers, found 1"):
        network(
            replace(
                vaswani(16, 16, 2),
                encoder=Stack(16, (Block("softmax", 2, 8, 16),)),
                decoder=Decoder(
                    16, (DecoderBlock(SelfAttention("softmax", 2, 8), CrossAttention("softmax", 2, 8, 2), 16),)
                ),
            )
        )
