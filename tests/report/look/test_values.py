from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nas.report.look.figures import draw_choices, draw_importance
from nas.report.look.values import Choice, Look, Share, described, importances, shares
from nas.report.look.words import choice_rows, choice_text, choice_title, importance_rows, importance_text
from nas.report.summary import Summary
from nas.search_space import Architecture, Block, SearchSpace, Stack, StackSpace
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import tiny_translation
from nas.strategies.base import Trial

SPACE = SearchSpace(
    StackSpace(
        embed_dim=(8, 16), depth=(1, 2), num_heads=(1,), ffn_dim=(8, 24), head_dim=4, attention=("softmax", "linear")
    )
)
ATTENTION, FFN, WIDTH = "encoder.blocks.*.attention", "encoder.blocks.*.ffn_dim", "encoder.embed_dim"


def cost(network):
    return {"flops": float(network.encoder.embed_dim + sum(block.ffn_dim for block in network.encoder.blocks))}


def network(width, *layers):
    return Architecture(Stack(width, tuple(Block(kind, 1, 4, ffn_dim) for kind, ffn_dim in layers)))


def test_shares_in_the_space_are_those_of_every_network_by_its_chance():
    limits = {"flops": 40.0}
    # of all networks, by the chance that every choice is uniform
    expected, layers = Counter(), Counter()
    for width, depth in product((8, 16), (1, 2)):
        for answers in product(product(("softmax", "linear"), (8, 24)), repeat=depth):
            one = network(width, *answers)
            if cost(one)["flops"] <= limits["flops"]:
                for _, ffn_dim in answers:
                    expected[ffn_dim] += 1 / 4 / 4**depth
                layers[depth] += 1 / 4 / 4**depth
    found = shares(FeasibleSpace(SPACE, cost, limits), [network(8, ("linear", 8))])
    shown = {each.name: {share.option: share.in_space for share in each.shares} for each in found}
    ffn, depth = shown[FFN], shown["encoder.depth"]
    assert ffn["8"] == pytest.approx(expected[8] / expected.total(), abs=0.03)
    assert depth["1"] == pytest.approx(layers[1] / layers.total(), abs=0.03)
    assert ffn["8"] > 0.55, "the limit shuts out wide layers"


def test_shares_on_the_front_count_layers():
    front = [network(8, ("linear", 8)), network(16, ("linear", 8), ("softmax", 24))]
    choices = shares(FeasibleSpace(SPACE, cost, {}), front)
    found = {each.name: {share.option: share.on_front for share in each.shares} for each in choices}
    assert found[ATTENTION] == pytest.approx({"linear": 2 / 3, "softmax": 1 / 3})
    assert found[WIDTH] == {"8": 0.5, "16": 0.5}
    # options in the order of their size; a choice of one option is none
    assert list(found[WIDTH]) == ["8", "16"]
    assert "encoder.blocks.*.num_heads" not in found


def test_numbers_are_described_by_their_mean_and_words_by_their_shares():
    found = described(SPACE, network(16, ("linear", 8), ("softmax", 24)))
    assert found[FFN] == {"": 16.0}
    assert found[ATTENTION] == {"linear": 0.5, "softmax": 0.5}


def trials(quality, count=60, seed=0):
    rng = np.random.default_rng(seed)
    drawn = [SPACE.sample(rng) for _ in range(count)]
    return [Trial(n, each, cost(each), quality(each), 0.0, 1.0) for n, each in enumerate(drawn)]


def softmax(network):
    kinds = [block.attention for block in network.encoder.blocks]
    return kinds.count("softmax") / len(kinds)


def test_a_choice_that_alone_makes_quality_has_all_importance():
    found = importances(SPACE, [], trials(softmax))
    assert found.choices[0].name == ATTENTION
    assert found.choices[0].share > 0.95
    assert sum(own.share for own in found.choices) == pytest.approx(1)
    assert found.explained > 0.95
    assert (found.networks, found.at_random) == (60, True)


def test_importance_follows_the_variance_that_choices_make():
    # of two independent halves with variances 4 to 1
    wide = importances(SPACE, trials(lambda each: each.encoder.embed_dim / 4 + 2 * (each.encoder.depth == 2)), [])
    shares_by_name = {own.name: own.share for own in wide.choices}
    assert shares_by_name[WIDTH] == pytest.approx(shares_by_name["encoder.depth"], abs=0.2)
    assert not wide.at_random


def test_noise_is_explained_by_nothing():
    rng = np.random.default_rng(1)
    found = importances(SPACE, [], trials(lambda each: float(rng.random())))
    assert found.explained < 0.2


def test_importance_takes_enough_networks_that_differ():
    assert importances(SPACE, trials(softmax, count=20), []) is None
    assert importances(SPACE, trials(lambda each: 0.5), []) is None
    # twenty random ones do not suffice, but those of the search do
    assert not importances(SPACE, trials(softmax), trials(softmax, count=20)).at_random


@pytest.fixture(scope="module")
def looked():
    space = FeasibleSpace(SPACE, cost, {})
    front = [network(8, ("linear", 8)), network(16, ("linear", 8), ("softmax", 24))]
    return Look(shares(space, front), importances(SPACE, [], trials(softmax)))


def test_titles_are_of_the_fields_words(looked):
    titles = [choice_title(looked.choices, choice.name) for choice in looked.choices]
    assert titles == ["Width", "Depth", "Attention", "FFN width"]
    space = tiny_translation()
    both = shares(FeasibleSpace(space, lambda each: {}, {}), [space.largest()])
    titles = {choice_title(both, choice.name) for choice in both}
    assert {"Encoder width", "Decoder attention", "Attention across", "Heads across", "Encoder layers seen"} <= titles
    assert len(titles) == len(both)


def test_what_stands_out_on_the_front_is_said_and_how_few_it_rests_on(looked):
    said = " ".join(choice_text(looked, 2))
    assert "FFN width = 8 more often (67 % against 5" in said or "attention = linear more often (67 % against" in said
    assert "The front has 2 networks" in said
    even = (Choice(ATTENTION, (Share("linear", 0.52, 0.5), Share("softmax", 0.48, 0.5))),)
    assert choice_text(looked._replace(choices=even), 2)[0].startswith("No option is clearly more")


def test_importance_is_said_with_its_limits(looked):
    said = " ".join(importance_text(looked))
    assert said.startswith("Attention matters most for inherited quality: ")
    assert "60 networks drawn at random" in said
    assert "not known: it takes 40 networks" in importance_text(looked._replace(importances=None))[0]


def test_tables_and_figures_have_a_row_for_each(looked, make_data):
    assert len(choice_rows(looked)) == 1 + 2 + 2 + 2 + 2
    assert len(importance_rows(looked)) == 1 + 4
    summary = Summary(replace(make_data(), section_data=(looked,)))
    for width in (340, 430):
        titles = [axes.get_title(loc="left") for axes in draw_choices(summary, width).figure.axes]
        assert titles == ["Width", "Depth", "Attention", "FFN width"]
        # only what has some importance is drawn
        assert len(draw_importance(summary, width).figure.axes[0].patches) == 1
    empty = Summary(make_data())
    assert draw_choices(empty, 430) is None and draw_importance(empty, 430) is None
