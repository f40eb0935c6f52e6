"""Features: which column says what, and that they follow from the space alone."""

from dataclasses import dataclass

import numpy as np
import pytest

from nas.search_space import Architecture, Block, Choose, SearchSpace, Space, Stack, StackSpace
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import autoformer_small, small
from nas.strategies.parts.features import Features, all_choices, features, layered

SPACE = SearchSpace(
    StackSpace(embed_dim=(8, 16), depth=(1, 2), num_heads=(1, 3), head_dim=4, ffn_dim=(24,), attention=("b", "a"))
)


def row(architecture: Architecture) -> dict[str, float]:
    table = Features(SPACE)
    return dict(zip(table.names, table([architecture])[0].tolist(), strict=True))


def test_a_row_says_each_choice_then_counts_and_totals_over_layers():
    found = row(Architecture(Stack(8, (Block("a", 3, 4, 24), Block("b", 1, 4, 24)))))
    layers = "encoder.blocks."
    expected = {
        "encoder.embed_dim=8": 1,
        "encoder.depth=2": 1,
        f"{layers}0.attention=a": 1,
        f"{layers}0.num_heads=3": 1,
        f"{layers}0.ffn_dim=24": 1,
        f"{layers}1.attention=b": 1,
        f"{layers}1.num_heads=1": 1,
        f"{layers}1.ffn_dim=24": 1,
        "sum of encoder.embed_dim": 8 / 16,
        "sum of encoder.depth": 2 / 2,
        f"{layers}*.attention=a": 1 / 2,
        f"{layers}*.attention=b": 1 / 2,
        f"{layers}*.num_heads=1": 1 / 2,
        f"{layers}*.num_heads=3": 1 / 2,
        f"sum of {layers}*.num_heads": (3 + 1) / (3 + 3),
        f"{layers}*.ffn_dim=24": 2 / 2,
        f"sum of {layers}*.ffn_dim": (24 + 24) / (24 + 24),
    }
    assert {name: value for name, value in found.items() if value} == pytest.approx(expected)


def test_a_layer_that_is_absent_is_all_zeros():
    found = row(Architecture(Stack(8, (Block("a", 3, 4, 24),))))
    absent = [value for name, value in found.items() if name.startswith("encoder.blocks.1.")]
    assert absent == [0] * 5


def test_kinds_are_never_summed():
    assert not [name for name in Features(SPACE).names if name.startswith("sum of") and "attention" in name]


@pytest.mark.parametrize("space", [small(), autoformer_small()], ids=["small", "autoformer_small"])
def test_different_architectures_have_different_rows_between_0_and_1(space):
    rng = np.random.default_rng(0)
    architectures = list(dict.fromkeys(space.sample(rng) for _ in range(300)))
    rows = features(space)(architectures)
    assert len(np.unique(rows, axis=0)) == len(architectures)
    assert rows.min() == 0 and rows.max() <= 1


def test_columns_do_not_depend_on_limits_or_on_what_was_asked_before():
    space = small()
    used = Features(space)
    used([space.sample(np.random.default_rng(0))])
    limited = FeasibleSpace(space, lambda architecture: {"depth": float(architecture.encoder.depth)}, {"depth": 4})
    assert features(limited).names == used.names == Features(space).names


def test_rows_are_the_same_alone_and_together():
    space = small()
    rng = np.random.default_rng(0)
    architectures = [space.sample(rng) for _ in range(20)]
    table = Features(space)
    together = table(architectures)
    alone = [table([architecture])[0] for architecture in architectures]
    np.testing.assert_array_equal(together, alone)
    assert table([]).shape == (0, together.shape[1])


def test_answers_are_the_columns_that_are_1():
    space = small()
    architecture = space.smallest()
    table = Features(space)
    answers = dict(zip(table.choices, table.answers([architecture])[0].tolist(), strict=True))
    genes = space.genes(architecture)
    assert {name: table.names[place] for name, place in answers.items() if place >= 0} == {
        name: f"{name}={option}" for name, option in genes.items()
    }
    assert {name for name, place in answers.items() if place < 0} == set(table.choices) - set(genes)


def test_what_columns_are_worth_adds_up_over_choices():
    table = Features(SPACE)
    values = np.zeros(len(table.names))
    values[table.names.index("encoder.blocks.0.attention=a")] = 1
    values[table.names.index("encoder.blocks.*.attention=b")] = 4
    worth = table.per_choice(values)
    # a count belongs to both layers alike
    assert {name: value for name, value in worth.items() if value} == {
        "encoder.blocks.0.attention": 1 + 4 / 2,
        "encoder.blocks.1.attention": 4 / 2,
    }


@dataclass(frozen=True)
class Branch:
    arm: str
    width: int


class ArmSpace(Space):
    """The options of a choice follow from another choice."""

    architecture_type = Branch

    def build(self, choose: Choose) -> Branch:
        arm = choose("arm", ("narrow", "wide"))
        return Branch(arm, choose("width", (1, 2) if arm == "narrow" else (-8, 16)))


def test_options_that_depend_on_other_choices_all_have_columns():
    assert all_choices(ArmSpace()) == {"arm": ("narrow", "wide"), "width": (1, 2, -8, 16)}
    table = Features(ArmSpace())
    assert table([Branch("wide", -8)])[0].tolist() == [0, 1, 0, 0, 1, 0, -8 / 16]


def test_names_of_layers_are_joined():
    assert layered("encoder.blocks.12.attention") == "encoder.blocks.*.attention"
    assert layered("encoder.depth") == "encoder.depth"
