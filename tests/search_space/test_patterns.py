import numpy as np
import pytest

from nas.models.attention import grows_linearly
from nas.search_space import SearchSpace, StackSpace
from nas.search_space.patterns import Hybrid, hybrid, hybrid_of, hybrid_periods, linear_kinds
from nas.search_space.presets import hat_wmt14


def stack(depth, attention=("linear", "softmax", "lrpe"), **changes):
    values = {"embed_dim": (8,), "depth": (depth,), "num_heads": (1, 2), "ffn_dim": (8, 16), "head_dim": 4}
    return StackSpace(**{**values, "attention": attention, **changes})


def kinds_of(network):
    return [block.attention for block in network.encoder.blocks]


def test_softmax_is_in_the_last_of_every_four_layers_and_the_shape_is_kept():
    space = SearchSpace(stack(9))
    shape = space.sample(np.random.default_rng(0))
    found = hybrid(space, shape, Hybrid(4, "lrpe"))
    assert kinds_of(found) == ["lrpe"] * 3 + ["softmax"] + ["lrpe"] * 3 + ["softmax", "lrpe"]
    assert [(b.num_heads, b.ffn_dim) for b in found.encoder.blocks] == [
        (b.num_heads, b.ffn_dim) for b in shape.encoder.blocks
    ]
    assert hybrid_of(space, found, grows_linearly) == Hybrid(4, "lrpe")
    assert kinds_of(hybrid(space, shape, Hybrid(8, "linear"))) == ["linear"] * 7 + ["softmax", "linear"]


@pytest.mark.parametrize(("depth", "periods"), [(3, []), (4, [4]), (7, [4]), (8, [4, 8])])
def test_a_pattern_needs_as_many_layers_as_it_repeats_after(depth, periods):
    assert hybrid_periods(SearchSpace(stack(depth)), grows_linearly) == periods


def test_there_is_none_without_softmax_or_a_linear_kind_or_a_choice_for_each_layer():
    for space in (
        SearchSpace(stack(8, attention=("linear", "lrpe"))),
        SearchSpace(stack(8, attention=("softmax", "softmax_relative"))),
        SearchSpace(stack(8, per_network=("attention",))),
    ):
        assert hybrid_periods(space, grows_linearly) == []


def test_a_kind_is_linear_by_its_own_word_and_not_by_its_name():
    texts = ("softmax", "linear", "softmax_relative(clip=8)", "lrpe(core=complex)")
    space = SearchSpace(stack(8, attention=texts))
    assert linear_kinds(space, grows_linearly) == ["linear", "lrpe(core=complex)"]
    # a kind of softmax that looks at a window only, and one that begins with another word and sees all
    growth = {"softmax": False, "softmax_local": True, "everything": False}
    space = SearchSpace(stack(8, attention=tuple(growth)))
    assert linear_kinds(space, growth.__getitem__) == ["softmax_local"]
    found = hybrid(space, space.largest(), Hybrid(4, "softmax_local"))
    assert hybrid_of(space, found, growth.__getitem__) == Hybrid(4, "softmax_local")
    other = hybrid(space, space.largest(), Hybrid(4, "everything"))
    assert hybrid_of(space, other, growth.__getitem__) is None


def test_every_stack_and_site_of_a_translation_has_the_pattern():
    space = hat_wmt14()
    found = hybrid(space, space.largest(), Hybrid(4, "linear"))
    expected = ["linear"] * 3 + ["softmax"] + ["linear"] * 2
    assert [block.attention for block in found.encoder.blocks] == expected
    assert [block.self_attention.kind for block in found.decoder.blocks] == expected
    assert [block.cross_attention.kind for block in found.decoder.blocks] == expected
    # the encoder has six layers, this decoder one
    assert hybrid(space, space.smallest(), Hybrid(4, "linear")) is None


def test_other_networks_have_no_pattern():
    space, rng = SearchSpace(stack(8)), np.random.default_rng(1)
    patterns = [Hybrid(period, kind) for period in (4, 8) for kind in ("linear", "lrpe")]
    hybrids = [kinds_of(hybrid(space, space.largest(), pattern)) for pattern in patterns]
    for _ in range(200):
        network = space.sample(rng)
        if kinds_of(network) not in hybrids:
            assert hybrid_of(space, network, grows_linearly) is None
