"""Which subnets a step sees."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from nas.search_space import SearchSpace, StackSpace
from nas.search_space.presets import tiny
from nas.supernet import Visits, sample_balanced, sandwich

KINDS = ("softmax", "linear", "lrpe")


def of_depth(depth: int) -> SearchSpace:
    return SearchSpace(StackSpace((8, 16), (depth,), (2,), KINDS, head_dim=4, ffn_dim=(8, 16)))


def test_homogeneous_networks_are_as_likely_as_any_other_mixture() -> None:
    # 4 layers, 3 kinds: C(6, 2) = 15 mixtures, three of them of one kind
    space, rng, draws = of_depth(4), np.random.default_rng(0), 6_000
    mixtures = Counter(
        tuple(sorted(block.attention for block in sample_balanced(space, rng).encoder.blocks)) for _ in range(draws)
    )
    assert len(mixtures) == 15
    assert chisquare(list(mixtures.values())).pvalue > 0.001


@pytest.mark.parametrize("layer", range(4))
def test_every_kind_is_equally_frequent_in_every_layer(layer: int) -> None:
    space, rng = of_depth(4), np.random.default_rng(1)
    seen = Counter(sample_balanced(space, rng).encoder.blocks[layer].attention for _ in range(6_000))
    assert chisquare([seen[kind] for kind in KINDS]).pvalue > 0.001


def test_other_choices_stay_uniform() -> None:
    space, rng = of_depth(3), np.random.default_rng(2)
    seen = Counter(sample_balanced(space, rng).encoder.embed_dim for _ in range(4_000))
    assert chisquare([seen[8], seen[16]]).pvalue > 0.001


def test_balanced_samples_are_in_the_space() -> None:
    space, rng = tiny(), np.random.default_rng(0)
    for _ in range(50):
        space.genes(sample_balanced(space, rng))


def test_sandwich_holds_both_ends_and_no_network_twice() -> None:
    space = tiny()
    for seed in range(20):
        paths = sandwich(space, np.random.default_rng(seed), random_paths=2)
        assert paths[0].encoder.embed_dim == 48
        assert paths[0].encoder.depth == 4
        assert paths[1].encoder.embed_dim == 24
        assert len(set(paths)) == len(paths)


def test_visits_count_each_option_and_survive_a_file() -> None:
    visits = Visits()
    visits.add({"depth": 2, "blocks.0.attention": "lrpe"})
    visits.add({"depth": 3, "blocks.0.attention": "lrpe"})
    again = Visits.from_json(visits.to_json())
    assert again.counts == {"depth": {"2": 1, "3": 1}, "blocks.0.attention": {"lrpe": 2}}
