"""The space of encoder-decoder Transformers."""

from dataclasses import replace

import numpy as np
import pytest

from nas.search_space import StackSpace, architecture_id, to_json
from nas.search_space.feasible.frames import find_frames
from nas.search_space.patterns import homogeneous, kinds
from nas.search_space.presets import CROSS_KINDS, KINDS, hat_wmt14, mixformer_wmt14, tiny_translation
from nas.search_space.seq2seq import DecoderSpace, Seq2SeqSpace

ENCODER = StackSpace((8, 12), (1, 2), (1, 2), ("softmax", "linear"), qkv_dim=8, ffn_dim=(16,))
DECODER = DecoderSpace(
    embed_dim=(8,),
    depth=(1, 2),
    num_heads=(2,),
    attention=("softmax", "lrpe"),
    cross_num_heads=(1, 2),
    cross_attention=("softmax", "linear"),
    cross_layers=(1, 2),
    ffn_dim=(16,),
    qkv_dim=8,
)
SMALL = Seq2SeqSpace(ENCODER, DECODER)


def test_the_size_is_the_number_of_different_networks():
    networks = list(SMALL.enumerate())
    assert len(set(networks)) == len(networks) == SMALL.size()


def test_ids_tell_networks_apart_and_survive_json():
    networks = list(SMALL.enumerate())
    assert len({architecture_id(network) for network in networks}) == len(networks)
    assert all(SMALL.from_json(to_json(network)) == network for network in networks[::97])


@pytest.mark.parametrize("space", [SMALL, tiny_translation(), hat_wmt14(), mixformer_wmt14()])
def test_random_networks_are_made_by_their_genes(space):
    rng = np.random.default_rng(0)
    for _ in range(20):
        architecture = space.sample(rng)
        assert space.replay(space.genes(architecture)) == architecture


def test_a_decoder_layer_sees_no_more_encoder_layers_than_there_are():
    for network in SMALL.enumerate():
        assert all(block.cross_attention.encoder_layers <= network.encoder.depth for block in network.decoder.blocks)


def test_heads_share_one_width():
    for network in SMALL.enumerate():
        sites = [site for block in network.decoder.blocks for site in (block.self_attention, block.cross_attention)]
        assert all(site.num_heads * site.head_dim == 8 for site in (*sites, *network.encoder.blocks))


def test_every_site_has_its_own_kind():
    seen = {
        (block.attention, layer.self_attention.kind, layer.cross_attention.kind)
        for network in SMALL.enumerate()
        for block, layer in zip(network.encoder.blocks, network.decoder.blocks, strict=False)
    }
    assert len(seen) == 8


def test_hat_s_space_has_4e14_networks_without_kinds():
    space = hat_wmt14(attention=("softmax",), cross_attention=("softmax",))
    encoder = 2 * (3 * 2) ** 6
    decoder = 2 * sum((3 * 2 * 2 * 3) ** depth for depth in range(1, 7))
    assert space.size() == encoder * decoder == 417_846_678_672_384


def test_a_kind_without_meaning_across_leaves_the_first_there():
    space = tiny_translation()
    architecture = homogeneous(space, space.sample(np.random.default_rng(3)), "lrpe")
    sites = {"encoder": {block.attention for block in architecture.encoder.blocks}}
    sites["decoder"] = {block.self_attention.kind for block in architecture.decoder.blocks}
    sites["across"] = {block.cross_attention.kind for block in architecture.decoder.blocks}
    assert sites == {"encoder": {"lrpe"}, "decoder": {"lrpe"}, "across": {"softmax"}}
    assert set(kinds(space)) == {*map(str, KINDS), *map(str, CROSS_KINDS)}


def test_the_parts_of_a_decoder_layer_are_slots_of_their_own():
    frames = find_frames(hat_wmt14())
    assert frames is not None
    assert len(frames.frames) == 2 * 2 * 6
    names = {path[0].name for slot in frames.frames[0].slots for paths in slot.paths for path in paths}
    assert {"decoder.blocks.0.self_attention.kind", "decoder.blocks.0.cross_attention.kind"} <= names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"qkv_dim": 9}, "qkv_dim = 9 cannot be shared evenly by 2 heads"),
        ({"qkv_dim": None}, "give either head_dim or qkv_dim, found None and None"),
        ({"head_dim": 4}, "give either head_dim or qkv_dim, found 4 and 8"),
        ({"cross_layers": ()}, "cross_layers needs at least one option"),
        ({"attention": ("softmax", "softmax")}, "attention names an option twice"),
    ],
)
def test_options_that_make_no_decoder_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(DECODER, **change)


def test_an_encoder_too_shallow_for_its_decoder_is_refused():
    with pytest.raises(ValueError, match="cross_layers needs an option of at most 1, the encoder's depth; found 2"):
        Seq2SeqSpace(ENCODER, replace(DECODER, cross_layers=(2, 3)))
