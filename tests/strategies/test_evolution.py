"""Evolution: who ranks before whom, who has children, and that the front moves."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.search_space import Architecture, Choose, Space
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import small
from nas.strategies.base import Strategy, Trial
from nas.strategies.evolution import AgeingEvolution, Evolution, ageing, autoformer, hat, ranked
from nas.strategies.pareto import hypervolume
from nas.strategies.random_search import RandomSearch

BONUS = {"softmax": 1.3, "linear": 1.0, "cosformer": 1.15, "lrpe": 1.05}


def cost(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    weights = sum(stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks)
    return {"flops": float(weights), "depth": float(stack.depth)}


def quality(architecture: Architecture) -> float:
    """Rises less than cost does, and with kinds whose worth depends on the layer."""
    blocks = architecture.encoder.blocks
    worth = sum(BONUS[b.attention] ** (n % 3) * (b.ffn_dim**0.5 + 2 * b.num_heads**0.5) for n, b in enumerate(blocks))
    return float(np.log(worth) + 0.3 * np.log(architecture.encoder.embed_dim))


def trial(number: int, quality: float | None, flops: float, violation: float = 0.0) -> Trial:
    return Trial(number, (number,), {"flops": flops, "depth": 1.0}, quality, violation, 0.0)


def search(strategy: Strategy, space: Space, evaluations: int, seed: int, batch: int = 25) -> list[Trial]:
    trials: list[Trial] = []
    while len(trials) < evaluations:
        rng = np.random.default_rng([seed, len(trials)])
        for architecture in strategy.propose(space, trials, min(batch, evaluations - len(trials)), rng):
            trials.append(
                Trial(len(trials), architecture, cost(architecture), quality(architecture), violation=0.0, seconds=0.0)
            )
    return trials


def numbers(trials: Sequence[Trial]) -> list[int]:
    return [each.number for each in trials]


def test_fronts_come_one_after_the_other_and_the_ends_of_a_front_first():
    # the front is 0, 1, 2, 3 by cost; 2 is nearer to its neighbours than 1 is; 4 is dominated by 1, 5 by 4
    trials = [
        trial(0, 0.1, 1), trial(1, 0.6, 5), trial(2, 0.7, 6), trial(3, 0.8, 8), trial(4, 0.5, 6), trial(5, 0.4, 7),
    ]  # fmt: skip
    assert numbers(ranked(trials, ("flops",))) == [0, 3, 1, 2, 4, 5]


def test_trials_over_limits_or_without_quality_rank_last_by_violation():
    trials = [
        trial(0, 0.9, 1, violation=0.5), trial(1, None, 1, violation=0.1), trial(2, 0.1, 9), trial(3, None, 2),
        trial(4, float("nan"), 1, violation=0.0),
    ]  # fmt: skip
    assert numbers(ranked(trials, ("flops",))) == [2, 3, 4, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.0, 0.0, 0.5])), max_size=20))
@settings(deadline=None)
def test_no_trial_ranks_behind_one_that_it_dominates(rows):
    trials = [trial(n, float(quality), flops, violation) for n, (quality, flops, violation) in enumerate(rows)]
    order = ranked(trials, ("flops",))
    assert sorted(numbers(order)) == list(range(len(trials)))
    for place, later in enumerate(order):
        for earlier in order[:place]:
            assert not constrained_dominates(later, earlier)


def constrained_dominates(first: Trial, second: Trial) -> bool:
    """Deb et al. 2002, definition 1."""
    if first.violation or second.violation:
        return first.violation < second.violation
    mine, theirs = [(-(each.quality or 0.0), each.costs["flops"]) for each in (first, second)]
    return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))


def test_without_costs_to_minimize_only_quality_counts():
    trials = [trial(0, 0.1, 1), trial(1, 0.6, 9), trial(2, 0.3, 2)]
    assert numbers(ranked(trials, ())) == [1, 2, 0]


def test_a_cost_that_is_not_measured_is_an_error_that_lists_those_that_are():
    with pytest.raises(ValueError, match="minimize names 'latency', which is not among the costs: flops, depth"):
        ranked([trial(0, 0.1, 1)], ("latency",))


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("encoder.embed_dim", 0.4),
        ("encoder.depth", 0.4),
        ("encoder.attention", 0.4),
        ("encoder.blocks.11.attention", 0.2),
        ("widths.2", 0.2),
    ],
)
def test_rates_of_mutation_are_those_of_autoformer(name, rate):
    assert Evolution().rate(name) == rate


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parents": 0}, "parents needs a whole number from 1 to 100,000; found 0"),
        ({"parents": 9, "population_size": 8}, "parents = 9 is more than the population size, 8"),
        ({"mutate_layer": 1.5}, "mutate_layer needs a number from 0 to 1; found 1.5"),
        ({"mutants": -0.1}, "mutants needs a number from 0 to 1; found -0.1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Evolution(**change)


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_the_first_trials_are_one_network_of_each_kind(batch):
    trials = search(Evolution(population_size=10), small(), 10, seed=0, batch=batch)
    kinds = [{block.attention for block in each.architecture.encoder.blocks} for each in trials]
    assert kinds[:4] == [{"softmax"}, {"linear"}, {"cosformer"}, {"lrpe"}]
    assert any(len(each) > 1 for each in kinds[4:])


@dataclass(frozen=True)
class Channels:
    widths: tuple[int, ...]


class ConvSpace(Space):
    """Twelve layers of ten widths."""

    architecture_type = Channels

    def build(self, choose: Choose) -> Channels:
        return Channels(tuple(choose(f"widths.{n}", tuple(range(1, 11))) for n in range(12)))


def test_only_the_best_have_children_and_they_take_after_them():
    # the two best have only widths of 1 and 2; all others have none below 3
    best = [Channels((1,) * 12), Channels((2,) * 12)]
    others = [Channels((3, n % 8 + 3) + (5,) * 10) for n in range(8)]
    trials = [
        Trial(n, each, {"flops": 1.0}, quality=1.0 if each in best else 0.5, violation=0.0, seconds=0.0)
        for n, each in enumerate(others + best)
    ]
    strategy = Evolution(population_size=10, parents=2, mutants=0.0)
    children = strategy.propose(ConvSpace(), trials, 20, np.random.default_rng(0))
    assert len(children) == 20
    assert all(set(child.widths) == {1, 2} for child in children)
    # a mutant keeps 80 % of its widths and redraws the others from ten
    strategy = Evolution(population_size=10, parents=2, mutants=1.0)
    children = strategy.propose(ConvSpace(), trials, 20, np.random.default_rng(0))
    kept = [max(child.widths.count(1), child.widths.count(2)) / 12 for child in children]
    assert np.mean(kept) == pytest.approx(0.8 + 0.2 / 10, abs=0.1)


def test_children_come_after_the_first_population():
    def propose(trials: list[Trial], count: int) -> list[Any]:
        return Evolution(population_size=20, parents=1, mutants=1.0, mutate_layer=0.0, mutate_network=1.0).propose(
            small(), trials, count, np.random.default_rng(5)
        )

    def like_the_best(trials: list[Trial]) -> list[bool]:
        best = ranked(trials, ("flops",))[0].architecture.encoder.blocks
        children = [child.encoder.blocks for child in propose(trials, 5)]
        return [child[: len(best)] == best[: len(child)] for child in children]

    trials = search(RandomSearch(), small(), 20, seed=1)
    # mutants of the one parent keep the blocks that they still have; random networks do not
    assert like_the_best(trials) == [True] * 5
    assert like_the_best(trials[:10]) == [False] * 5


@pytest.mark.parametrize("limit", [1e9, 2.0e5])
def test_evolution_finds_a_larger_hypervolume_than_random_search(limit):
    space = FeasibleSpace(small(), cost, {"flops": limit})

    def volume(strategy: Strategy, seed: int) -> float:
        points = [(each.costs["flops"], each.quality or 0.0) for each in search(strategy, space, 250, seed)]
        return hypervolume(points, (min(limit, 6e5), 5.0))

    gains = [volume(Evolution(), seed) / volume(RandomSearch(), seed) for seed in range(4)]
    assert min(gains) > 1


def widths_and_worth(rows: list[tuple[int, float]]) -> list[Trial]:
    """Networks of one width throughout but for the last two layers, which tell them apart."""
    return [
        Trial(n, Channels((width,) * 10 + (n % 10 + 1, n // 10 + 1)), {"flops": 1.0}, worth, 0.0, 0.0)
        for n, (width, worth) in enumerate(rows)
    ]


def widths_of_parents(strategy: AgeingEvolution, trials: list[Trial], count: int) -> list[int]:
    children = strategy.propose(ConvSpace(), trials, count, np.random.default_rng(0))
    assert len(children) == count
    return [max(child.widths[:10], key=child.widths[:10].count) for child in children]


def test_ageing_forgets_the_best_when_it_is_old():
    # the best of all, of width 9, is older than the population of ten
    trials = widths_and_worth([(9, 1.0)] + [(1, 0.1)] * 9 + [(2, 0.2)])
    strategy = AgeingEvolution(population_size=10, sample_size=200, minimize=())
    assert set(widths_of_parents(strategy, trials, 20)) == {2}
    assert set(widths_of_parents(strategy, trials[:10], 20)) == {9}


def test_the_parent_is_the_best_of_the_sample():
    # of ten, one is best: a sample of three holds it with chance 1 - 0.9 ** 3 = 0.271
    trials = widths_and_worth([(1, 0.1)] * 9 + [(2, 0.2)])
    strategy = AgeingEvolution(population_size=10, sample_size=3, minimize=())
    found = widths_of_parents(strategy, trials, 400)
    # four standard errors of 400 draws; the few children of the best that come twice are replaced
    assert found.count(2) / len(found) == pytest.approx(0.271, abs=0.09)


def test_ageing_changes_one_choice():
    trials = widths_and_worth([(1, 0.1)] * 9 + [(2, 0.2)])
    strategy = AgeingEvolution(population_size=10, sample_size=200, minimize=())
    parent = trials[-1].architecture.widths
    for child in strategy.propose(ConvSpace(), trials, 30, np.random.default_rng(1)):
        assert sum(a != b for a, b in zip(child.widths, parent, strict=True)) == 1


@pytest.mark.parametrize("name", ["population_size", "sample_size"])
def test_ageing_needs_a_population_and_a_sample(name):
    with pytest.raises(ValueError, match=f"{name} needs a whole number from 1 to 100,000; found 0"):
        AgeingEvolution(**{name: 0})


def test_presets_have_the_settings_of_their_papers():
    assert autoformer() == Evolution(50, 10, mutate_layer=0.2, mutate_network=0.4, mutants=25 / 50)
    # besides 25 parents, 50 mutants and 50 crossovers a generation
    assert hat() == Evolution(125, 25, mutate_layer=0.3, mutate_network=0.3, mutants=50 / (50 + 50))
    assert ageing() == AgeingEvolution(population_size=100, sample_size=25)
    for preset in (autoformer, hat, ageing):
        assert preset(minimize=()).minimize == ()


def test_a_generation_of_a_long_history_is_proposed_in_a_second():
    trials = search(RandomSearch(), small(), 2_000, seed=0, batch=500)
    started = time.process_time()
    assert len(Evolution().propose(small(), trials, 50, np.random.default_rng(0))) == 50
    assert time.process_time() - started < 1
