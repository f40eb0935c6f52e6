"""Sampling inside limits: always inside, whatever the share of the space that is."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.search_space import Architecture, Choose, SearchSpace, Space
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.patterns import homogeneous, kinds, sample_homogeneous, single_kind
from nas.search_space.presets import autoformer_small, small, tiny, tiny_translation

any_rng = st.integers(0, 2**32 - 1).map(np.random.default_rng)
MIXING = {"softmax": 64, "linear": 8, "cosformer": 16, "lrpe": 9}


def cost(architecture: Architecture) -> dict[str, float]:
    """Multiply-adds of a token: projections, mixing over 64 tokens (softmax dear, linear cheap), FFN."""
    stack = architecture.encoder
    mixing = sum(2 * block.num_heads * block.head_dim * MIXING[block.attention] for block in stack.blocks)
    weights = sum(stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks)
    return {"flops": float(weights + mixing), "parameters": float(weights)}


def quantile(space: Space, share: float, name: str = "flops") -> float:
    rng = np.random.default_rng(0)
    return float(np.quantile([cost(space.sample(rng))[name] for _ in range(4_000)], share))


UNLIMITED = {
    name: FeasibleSpace(space, cost, {})
    for name, space in (("tiny", tiny()), ("small", small()), ("autoformer_small", autoformer_small()))
}
LIMITED = {
    f"{name}, {share:.1%} inside": space.under({"flops": quantile(space.space, share)})
    for name, space in UNLIMITED.items()
    for share in (0.14, 0.001)
}
LIMITED["two limits"] = UNLIMITED["small"].under(
    {"flops": quantile(small(), 0.05), "parameters": quantile(small(), 0.02, "parameters")}
)
LIMITED["only the smallest"] = FeasibleSpace(tiny(("linear", "softmax")), cost, cost(tiny(("linear",)).smallest()))
any_limited = st.sampled_from(list(LIMITED.values()))


@given(any_limited, any_rng)
@settings(deadline=None, max_examples=40)
def test_draws_mutants_and_children_are_inside(space, rng):
    first, second = space.sample(rng), space.sample(rng)
    for architecture in (first, second, space.mutate(first, rng, lambda name: 0.5), space.cross(first, second, rng)):
        assert space.space.contains(architecture)
        assert space.violation(cost(architecture)) == 0
        assert space.contains(architecture)


@given(any_limited, any_rng)
@settings(deadline=None, max_examples=20)
def test_architectures_outside_have_mutants_and_children_inside(space, rng):
    outside = space.space.largest()
    assert not space.contains(outside)
    assert space.contains(space.mutate(outside, rng, lambda name: 0.0))
    assert space.contains(space.cross(outside, outside, rng))
    assert all(space.contains(neighbour) for neighbour in space.neighbours(space.sample(rng)))


@pytest.mark.parametrize("name", ["small, 0.1% inside", "autoformer_small, 0.1% inside"])
def test_repaired_draws_still_differ(name):
    rng = np.random.default_rng(0)
    assert len({LIMITED[name].sample(rng) for _ in range(40)}) > 20


def test_equal_generators_draw_equal_architectures():
    space = LIMITED["small, 0.1% inside"]
    draws = [[space.sample(rng) for _ in range(5)] for rng in (np.random.default_rng(3), np.random.default_rng(3))]
    assert draws[0] == draws[1]


def test_without_limits_it_is_the_space_itself():
    space = FeasibleSpace(small(), cost, {})
    assert space.sample(np.random.default_rng(1)) == small().sample(np.random.default_rng(1))
    assert space.size() == small().size()
    assert space.architecture_type is Architecture
    assert space.check_limits() == {}
    assert space.share_inside(np.random.default_rng(0)) == 1


def test_violation_is_the_sum_of_the_relative_excesses():
    space = FeasibleSpace(small(), cost, {"flops": 100.0, "parameters": 10.0})
    assert space.violation({"flops": 100.0, "parameters": 10.0, "latency": 5.0}) == 0
    assert space.violation({"flops": 90.0, "parameters": 10.0}) == 0
    # 150 / 100 - 1 + 12 / 10 - 1
    assert space.violation({"flops": 150.0, "parameters": 12.0}) == pytest.approx(0.7)


@pytest.mark.parametrize("order", [("linear", "softmax"), ("softmax", "linear"), ("cosformer", "softmax", "lrpe")])
def test_bounds_are_those_of_the_enumerated_space(order):
    space = tiny(order)
    limited = SearchSpace(replace(space.encoder, depth=(1, 2), num_heads=(2, 4), ffn_dim=(32, 96)))
    costs = [cost(architecture) for architecture in limited.enumerate()]
    for name in ("flops", "parameters"):
        values = [each[name] for each in costs]
        assert FeasibleSpace(limited, cost, {}).bounds(name) == (min(values), max(values))


def test_check_says_which_limits_bind():
    _, most = FeasibleSpace(small(), cost, {}).bounds("flops")
    space = FeasibleSpace(small(), cost, {"flops": most, "parameters": quantile(small(), 0.5, "parameters")})
    assert space.check_limits() == {"flops": False, "parameters": True}
    # the largest network with linear attention, the first kind, is inside; with softmax it is not
    space = FeasibleSpace(small(("linear", "softmax")), cost, {"flops": most - 1})
    assert cost(space.largest())["flops"] < most - 1
    assert space.check_limits() == {"flops": True}


def test_a_limit_that_only_a_cheaper_kind_meets_is_met():
    # the smallest network as such has softmax, the first kind: only the same with linear attention fits
    least = cost(tiny(("linear",)).smallest())["flops"]
    space = FeasibleSpace(tiny(("softmax", "linear")), cost, {"flops": least})
    assert space.violation(cost(space.smallest())) > 0
    assert space.check_limits() == {"flops": True}
    assert space.sample(np.random.default_rng(0)) == tiny(("linear",)).smallest()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"latency": 5.0}, r"limit on 'latency', which is not among the costs: flops, parameters"),
        # two blocks of width 24: 24 x (4 x 2 x 8 + 2 x 32) x 2 = 6,144 weights and 2 x 2 x 8 x 8 x 2 = 512 mixing
        ({"flops": 1_000}, r"limit flops <= 1,000 cannot be met: the smallest architecture needs 6,656"),
        ({"parameters": 1e6, "flops": 6_655.0}, r"limit flops <= 6,655 cannot be met: the smallest .* needs 6,656"),
    ],
)
def test_limits_that_make_no_sense_are_refused_with_the_numbers(limits, message):
    with pytest.raises(ValueError, match=message):
        FeasibleSpace(tiny(), cost, limits).check_limits()


@dataclass(frozen=True)
class Channels:
    widths: tuple[int, ...]


class ConvSpace(Space):
    """A user's own space, with no choice among strings."""

    architecture_type = Channels

    def build(self, choose: Choose) -> Channels:
        return Channels(tuple(choose(f"widths.{n}", (8, 16, 32)) for n in range(3)))


def opposed(architecture: Channels) -> dict[str, float]:
    """Two costs that cannot both be low: 24 to 96, and 120 - 24 to 120 - 96."""
    return {"wide": float(sum(architecture.widths)), "narrow": 120.0 - sum(architecture.widths)}


def test_limits_that_cannot_be_met_together_are_refused_with_the_numbers():
    # each alone can be met, but together they ask for a sum of at least 80 and of at most 50
    with pytest.raises(ValueError, match=r"limits wide <= 50 and narrow <= 40 cannot be met together: the nearest"):
        FeasibleSpace(ConvSpace(), opposed, {"wide": 50, "narrow": 40}).check_limits()


def test_limits_that_only_the_middle_meets_are_met():
    space = FeasibleSpace(ConvSpace(), opposed, {"wide": 56, "narrow": 64})
    # sums of 56 only: 8 + 16 + 32 in any order
    assert space.check_limits() == {"wide": True, "narrow": True}
    rng = np.random.default_rng(0)
    assert {tuple(sorted(space.sample(rng).widths)) for _ in range(20)} == {(8, 16, 32)}


def test_the_search_for_a_network_inside_starts_anew_from_the_cheapest_of_each_cost():
    # from (8, 8, 8) the way to less "mass" leads through the trap, sums of 48 to 79; (32, 32, 32) lies beyond it
    def costs(architecture: Channels) -> dict[str, float]:
        total = sum(architecture.widths)
        return {"trap": 1.0 if total < 48 else 9.0 if total < 80 else 2.0, "mass": 100.0 - total}

    space = FeasibleSpace(ConvSpace(), costs, {"trap": 2.0, "mass": 20.0})
    assert space.violation(costs(space.smallest())) > 0
    assert space.violation(costs(space.anchor)) == 0


def test_bounds_sweep_until_nothing_changes():
    # the first width pays only once the last is changed: 5 -> 4 in the first sweep, 4 -> 3 in the second
    table = {(8, 8): 5.0, (16, 8): 6.0, (8, 16): 4.0, (16, 16): 3.0}

    def costs(architecture: Channels) -> dict[str, float]:
        return {"flops": table.get((architecture.widths[0], architecture.widths[2]), 9.0)}

    assert FeasibleSpace(ConvSpace(), costs, {}).bounds("flops") == (3.0, 9.0)


def test_repair_changes_only_what_lowers_the_excess():
    space = FeasibleSpace(ConvSpace(), opposed, {"wide": 40.0})
    rng = np.random.default_rng(0)
    repaired = {space.mutate(Channels((8, 32, 32)), rng, lambda name: 0.0).widths for _ in range(40)}
    # at most 40 = 8 + 16 + 16 or 8 + 8 + 8...: what is 8 stays 8
    assert repaired <= {(8, 8, 8), (8, 8, 16), (8, 16, 8), (8, 16, 16)}
    assert len(repaired) > 1


def test_repair_that_is_stuck_goes_towards_the_anchor_and_stops_as_soon_as_it_is_inside():
    def costs(architecture: Channels) -> dict[str, float]:
        return {"flops": {0: 1.0, 1: 1.0, 2: 5.0, 3: 4.0}[architecture.widths.count(32)]}

    # with three of 32 every single change is for the worse; with one it is inside
    space = FeasibleSpace(ConvSpace(), costs, {"flops": 1.0})
    rng = np.random.default_rng(0)
    repaired = {space.mutate(Channels((32, 32, 32)), rng, lambda name: 0.0).widths for _ in range(40)}
    assert repaired == {(32, 8, 8), (8, 32, 8), (8, 8, 32)}


@pytest.mark.parametrize(
    ("space", "expected"),
    [(small(), ["softmax", "linear", "cosformer", "lrpe"]), (tiny(("lrpe", "softmax")), ["lrpe", "softmax"])],
)
def test_kinds_are_the_options_among_strings(space, expected):
    assert kinds(space) == expected
    assert kinds(FeasibleSpace(space, cost, {"flops": 1e9})) == expected


def test_a_space_of_numbers_has_no_kinds():
    assert kinds(ConvSpace()) == []
    with pytest.raises(ValueError, match="no choice of the architecture offers 'softmax'"):
        homogeneous(ConvSpace(), ConvSpace().smallest(), "softmax")


@given(any_rng, st.sampled_from(kinds(small())), st.booleans())
@settings(deadline=None)
def test_a_homogeneous_network_differs_in_the_kinds_alone(rng, kind, per_network):
    encoder = replace(small().encoder, per_network=("attention",) if per_network else ())
    space = SearchSpace(encoder)
    architecture = space.sample(rng)
    stack = homogeneous(space, architecture, kind).encoder
    assert [block.attention for block in stack.blocks] == [kind] * stack.depth
    assert stack.embed_dim == architecture.encoder.embed_dim
    pairs = zip(stack.blocks, architecture.encoder.blocks, strict=True)
    assert all(block == replace(before, attention=kind) for block, before in pairs)


@given(any_rng, st.sampled_from(kinds(tiny_translation())))
@settings(deadline=None, max_examples=20)
def test_sites_that_do_not_offer_a_kind_take_their_first(rng, kind):
    space = tiny_translation()
    found = homogeneous(space, space.sample(rng), kind)
    assert {block.attention for block in found.encoder.blocks} == {kind}
    assert {block.self_attention.kind for block in found.decoder.blocks} == {kind}
    # no lrpe between two sequences
    across = "softmax" if kind == "lrpe" else kind
    assert {block.cross_attention.kind for block in found.decoder.blocks} == {across}


@given(any_rng, st.sampled_from([small(), tiny_translation()]))
@settings(deadline=None, max_examples=20)
def test_the_single_kind_is_the_one_that_changes_nothing(rng, space):
    architecture = space.sample(rng)
    for kind in kinds(space):
        assert single_kind(space, homogeneous(space, architecture, kind)) == kind
    unchanged = [kind for kind in kinds(space) if homogeneous(space, architecture, kind) == architecture]
    assert single_kind(space, architecture) in (unchanged or [None])


def test_of_two_kinds_that_change_nothing_the_commoner_is_the_single_one():
    space = tiny_translation(("softmax", "linear"), ("cosformer",))
    deep = space.replay({**space.genes(space.largest()), "decoder.depth": 1}, otherwise=lambda _, options: options[0])
    assert homogeneous(space, deep, "cosformer") == homogeneous(space, deep, "softmax") == deep
    assert single_kind(space, deep) == "softmax"
    assert single_kind(ConvSpace(), ConvSpace().smallest()) is None


def test_an_unknown_kind_is_an_error_that_lists_those_there_are():
    with pytest.raises(ValueError, match=r"offers 'lineal'; the space has: softmax, linear, cosformer, lrpe"):
        homogeneous(small(), small().smallest(), "lineal")


def test_homogeneous_samples_are_inside_or_not_given():
    rng = np.random.default_rng(0)
    space = LIMITED["small, 14.0% inside"]
    for kind in kinds(space):
        found = sample_homogeneous(space, kind, rng)
        assert space.contains(found)
        assert {block.attention for block in found.encoder.blocks} == {kind}
    # nothing but the smallest network with linear attention fits, so there is no softmax network
    space = LIMITED["only the smallest"]
    assert sample_homogeneous(space, "softmax", rng) is None
    assert sample_homogeneous(space, "linear", rng) == space.smallest()


def test_a_slow_cost_is_asked_little_to_check_a_generous_limit():
    asked: list[Any] = []

    def latency(architecture: Architecture) -> dict[str, float]:
        asked.append(architecture)
        return {"latency": cost(architecture)["flops"]}

    limits = {"latency": quantile(small(), 0.5), "parameters": quantile(small(), 0.5, "parameters")}
    space = FeasibleSpace(
        small(), lambda architecture: {"parameters": cost(architecture)["parameters"]}, limits, latency
    )
    assert space.check_limits() == {"latency": True, "parameters": True}
    assert len(set(asked)) < 100
    asked.clear()
    found = space.sample_many(np.random.default_rng(0), 20)
    assert all(cost(each)["flops"] <= limits["latency"] for each in found)
    assert all(cost(each)["parameters"] <= limits["parameters"] for each in {*asked, *found})
