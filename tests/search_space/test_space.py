"""Spaces: choices to architectures and back, and how many there are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.search_space import (
    Architecture,
    Block,
    Choose,
    Genes,
    SearchSpace,
    Space,
    Stack,
    StackSpace,
    architecture_id,
    to_json,
)
from nas.search_space.presets import (
    autoformer_base,
    autoformer_small,
    autoformer_tiny,
    mixformer_cifar10,
    small,
    tiny,
)
from nas.search_space.space import among_kinds

PLAIN = StackSpace(
    embed_dim=(8, 12), depth=(1, 2), num_heads=(1, 2), head_dim=4, ffn_dim=(16, 24), attention=("softmax", "linear")
)
# at width 10, 2.0 and 2.05 both make 20; at width 20 they make 40 and 41
RATIOS = replace(PLAIN, embed_dim=(10, 20), ffn_dim=(), ffn_ratio=(2.0, 2.05, 3.0))
SPACES = {
    "tiny": tiny(),
    "small": small(),
    "autoformer_tiny": autoformer_tiny(),
    "mixformer_cifar10": mixformer_cifar10(),
    "plain": SearchSpace(PLAIN),
    "ratios that round to one width": SearchSpace(RATIOS),
    "kind per network": SearchSpace(replace(PLAIN, per_network=("attention",))),
    "ratio per network": SearchSpace(replace(RATIOS, per_network=("ffn_ratio", "num_heads"))),
    "depths in falling order": SearchSpace(replace(PLAIN, depth=(3, 1))),
}
SMALL_SPACES = [name for name, space in SPACES.items() if space.size() <= 10_000]

any_space = st.sampled_from(list(SPACES.values()))
any_rng = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@dataclass(frozen=True)
class Channels:
    widths: tuple[int, ...]
    kernel: int

    @property
    def depth(self) -> int:
        return len(self.widths)


class ConvSpace(Space):
    """A user's own space: nothing but a type and a function."""

    architecture_type = Channels

    def build(self, choose: Choose) -> Channels:
        kernel = choose("kernel", (3, 5))
        return Channels(tuple(choose(f"widths.{n}", (8, 16, 32)) for n in range(choose("depth", (1, 2)))), kernel)


def decisions(architecture: Architecture) -> dict[str, Any]:
    """All that the architecture shows, by place; the width of the FFN as it is."""
    shown: dict[str, Any] = {"embed_dim": architecture.encoder.embed_dim}
    for n, block in enumerate(architecture.encoder.blocks):
        shown |= {f"{n}.attention": block.attention, f"{n}.num_heads": block.num_heads, f"{n}.ffn_dim": block.ffn_dim}
    return shown


@given(any_space, any_rng)
@settings(deadline=None)
def test_samples_are_in_the_space_and_are_rebuilt_from_their_genes(space, rng):
    architecture = space.sample(rng)
    assert space.contains(architecture)
    assert space.replay(space.genes(architecture)) == architecture
    assert list(space.options(architecture)) == list(space.genes(architecture))


@given(any_space, any_rng)
@settings(deadline=None)
def test_json_gives_back_an_equal_value_with_an_equal_id(space, rng):
    architecture = space.sample(rng)
    read = space.from_json(to_json(architecture))
    assert read == architecture
    assert hash(read) == hash(architecture)
    assert architecture_id(read) == architecture_id(architecture)


def test_the_id_is_the_same_for_ever():
    # python -c 'import hashlib; print(hashlib.sha256(TEXT).hexdigest()[:10])' with the keys sorted and no blanks, TEXT:
    # {"encoder":{"blocks":[{"attention":"softmax","ffn_dim":16,"head_dim":4,"num_heads":2}],"embed_dim":8}}
    assert architecture_id(Architecture(Stack(8, (Block("softmax", 2, 4, 16),)))) == "9054951eae"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": {"embed_dim": 8}}, r"expected the fields \['embed_dim', 'blocks'\], found \['embed_dim'\]"),
        ({"encoder": {"embed_dim": "8", "blocks": []}}, "embed_dim: expected int, found '8'"),
        ({"encoder": {"embed_dim": 8, "blocks": 3}}, "blocks: expected a list, found 3"),
    ],
)
def test_json_of_another_shape_is_an_error_that_says_where(change, message):
    with pytest.raises(ValueError, match=message):
        SearchSpace(PLAIN).from_json(change)


@given(any_space, any_rng)
@settings(deadline=None, max_examples=40)
def test_neighbours_differ_in_one_decision_and_none_comes_twice(space, rng):
    architecture = space.sample(rng)
    genes = space.genes(architecture)
    neighbours = space.neighbours(architecture)
    assert len({architecture, *neighbours}) == 1 + len(neighbours)
    for neighbour in neighbours:
        theirs = space.genes(neighbour)
        changed = [name for name in genes.keys() & theirs.keys() if not _same(neighbour, name, genes, theirs)]
        assert len(changed) == 1
        # layers come and go only with the depth
        assert genes.keys() == theirs.keys() or changed == ["encoder.depth"]


def test_neighbours_are_all_of_them():
    # one block of PLAIN: another width, another depth, other heads, another ffn, another kind
    assert len(SearchSpace(PLAIN).neighbours(SearchSpace(PLAIN).smallest())) == 5


@given(any_space, any_rng)
@settings(deadline=None)
def test_a_mutation_of_rate_zero_changes_nothing(space, rng):
    architecture = space.sample(rng)
    assert space.mutate(architecture, rng, lambda name: 0.0) == architecture


@given(any_space, any_rng)
@settings(deadline=None)
def test_mutation_changes_only_what_has_a_rate(space, rng):
    architecture = space.sample(rng)
    mutant = space.mutate(architecture, rng, lambda name: float(name.endswith("num_heads")))
    before, after = decisions(architecture), decisions(mutant)
    assert all(before[name] == after[name] for name in before if not name.endswith("num_heads"))


@given(any_space, any_rng)
@settings(deadline=None)
def test_a_child_has_each_gene_from_one_of_its_parents(space, rng):
    first, second = space.sample(rng), space.sample(rng)
    child = space.cross(first, second, rng)
    options = space.options(child)
    genes = space.genes(child)
    parents = [space.genes(first), space.genes(second)]
    for name, value in genes.items():
        assert value in options[name]
        having = [parent for parent in parents if name in parent]
        assert not having or any(_same(child, name, genes, parent) for parent in having)


def _same(architecture: Architecture, name: str, genes: Genes, others: Genes) -> bool:
    """Whether a gene says the same in both; of ratios that round to one width, the first stands for all."""
    width = architecture.encoder.embed_dim if name.endswith("ratio") else None
    return genes[name] == others[name] or (width is not None and int(genes[name] * width) == int(others[name] * width))


def test_a_child_of_equal_parents_is_their_equal():
    architecture = tiny().sample(np.random.default_rng(0))
    assert tiny().cross(architecture, architecture, np.random.default_rng(1)) == architecture


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_size_is_the_number_of_different_architectures(name):
    assert SPACES[name].size() == len(set(SPACES[name].enumerate()))


def test_small_sizes_by_hand():
    # per layer 2 kinds x 2 heads x 2 ffn = 8; 2 widths; depths 1 and 2
    assert SearchSpace(PLAIN).size() == 2 * (8 + 8**2)
    # width 10 has 2 different ffn, width 20 has 3
    assert SearchSpace(RATIOS).size() == (8 + 8**2) + (12 + 12**2)
    # one kind for all layers, 4 choices a layer
    assert SPACES["kind per network"].size() == 2 * 2 * (4 + 4**2)
    assert len(SMALL_SPACES) >= 5


@pytest.mark.parametrize(
    ("space", "networks"),
    [
        # width x sum over depths of (kinds x heads x ffn) ** depth
        (mixformer_cifar10(), 3 * sum((3 * 3 * 5) ** depth for depth in (12, 13, 14))),
        (autoformer_tiny(("softmax",)), 3 * sum((2 * 2) ** depth for depth in (12, 13, 14))),
        (autoformer_small(("softmax", "linear")), 3 * sum((2 * 3 * 3) ** depth for depth in (12, 13, 14))),
        (autoformer_base(("softmax",)), 3 * sum((2 * 3) ** depth for depth in (14, 15, 16))),
        (tiny(), 3 * sum((4 * 3 * 3) ** depth for depth in (2, 3, 4))),
        (small(), 3 * sum((4 * 3 * 3) ** depth for depth in (4, 5, 6))),
    ],
)
def test_sizes_of_the_presets(space, networks):
    assert space.size() == networks


def test_mixformer_has_the_published_size():
    assert f"{mixformer_cifar10().size():.1e}" == "4.3e+23"


def test_smallest_and_largest_bound_every_number():
    space = SearchSpace(replace(PLAIN, depth=(3, 1)))
    assert space.smallest() == Architecture(Stack(8, (Block("softmax", 1, 4, 16),)))
    assert space.largest() == Architecture(Stack(12, (Block("softmax", 2, 4, 24),) * 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ffn_ratio": (2.0,)}, r"either ffn_dim or ffn_ratio"),
        ({"ffn_dim": ()}, r"either ffn_dim or ffn_ratio"),
        ({"depth": ()}, r"depth needs at least one option; found \(\)"),
        ({"depth": 3}, r"depth needs a tuple, each a whole number from 1 to 1,000; found 3"),
        ({"num_heads": (2, 2)}, r"num_heads names an option twice"),
        ({"embed_dim": (0, 8)}, r"embed_dim needs a tuple, each a whole number from 1 to 100,000; found \(0, 8\)"),
        (
            {"per_network": ("attention", "depth")},
            r"per_network needs a tuple, each one of attention, num_heads, ffn_dim",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(PLAIN, **change)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Architecture(Stack(9, (Block("softmax", 1, 4, 16),))), r"embed_dim = 9 is not in the space; there are: 8, 12"),
        (Architecture(Stack(8, (Block("lrpe", 1, 4, 16),))), r"blocks.0.attention = 'lrpe' is not in the space"),
        (Architecture(Stack(8, (Block("softmax", 1, 5, 16),))), r"is not in the space: its choices make"),
    ],
)
def test_what_is_not_in_the_space_is_said(architecture, message):
    assert not SearchSpace(PLAIN).contains(architecture)
    with pytest.raises(ValueError, match=message):
        SearchSpace(PLAIN).genes(architecture)


def test_replay_without_an_answer_says_what_is_missing():
    with pytest.raises(ValueError, match=r"no choice for encoder\.depth: 7 is none of 1, 2"):
        SearchSpace(PLAIN).replay({"encoder.embed_dim": 8, "encoder.depth": 7})


@given(any_rng)
@settings(deadline=None)
def test_a_users_own_space_needs_nothing_but_a_type_and_build(rng):
    space = ConvSpace()
    architecture, other = space.sample(rng), space.sample(rng)
    assert space.contains(architecture)
    assert space.from_json(to_json(architecture)) == architecture
    assert space.contains(space.mutate(architecture, rng, lambda name: 0.5))
    assert space.contains(space.cross(architecture, other, rng))
    assert all(space.contains(neighbour) for neighbour in space.neighbours(architecture))
    assert space.smallest() == Channels((8,), 3)
    assert space.largest() == Channels((32, 32), 5)
    assert space.size() == len(set(space.enumerate())) == 2 * (3 + 3**2)


def test_every_choice_is_drawn_uniformly():
    rng = np.random.default_rng(0)
    draws = [ConvSpace().sample(rng).widths[0] for _ in range(3_000)]
    # 1,000 expected of each; the standard deviation is sqrt(3,000 x 1/3 x 2/3) = 26
    assert all(abs(draws.count(width) - 1_000) < 4 * 26 for width in (8, 16, 32))


def test_too_large_a_space_asks_for_a_size_of_its_own(monkeypatch):
    class Long(Space):
        architecture_type = Channels

        def build(self, choose: Choose) -> Channels:
            return Channels(tuple(choose(f"widths.{n}", tuple(range(1, 10))) for n in range(2)), 3)

    monkeypatch.setattr("nas.search_space.space.MOST_ENUMERATED", 80)
    with pytest.raises(ValueError, match="Long has over 80 networks; give it a `size` of its own"):
        Long().size()


@pytest.mark.parametrize(
    ("options", "kinds"), [(("softmax", "linear"), True), ((8, 16), False), ((0.5, 1), False), ((3, "none"), True)]
)
def test_a_choice_is_among_kinds_if_an_option_is_a_string(options, kinds):
    assert among_kinds(options) == kinds


def test_a_choice_that_the_architecture_does_not_show_is_named():
    @dataclass(frozen=True)
    class Shown:
        width: int

    class Hidden(Space):
        architecture_type = Shown

        def build(self, choose):
            return Shown(2 * choose("halved", (1, 2)))

    with pytest.raises(ValueError, match=r"Shown has no 'halved' where the choice 'halved' is read back; name the"):
        Hidden().genes(Shown(4))
