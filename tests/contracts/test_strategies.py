"""The contract of strategies, run over every file of nas/strategies/."""

import dataclasses
import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nas.strategies
from nas.search_space import Architecture, Choose, SearchSpace, Space, StackSpace, architecture_id
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.presets import small
from nas.strategies.base import Strategy, Trial


def strategies() -> list[type[Strategy]]:
    """The classes with a `propose` that the files of nas/strategies/ define, but for the contract itself."""
    names = [module.name for module in pkgutil.iter_modules(nas.strategies.__path__) if module.name != "base"]
    modules = [importlib.import_module(f"nas.strategies.{name}") for name in names]
    classes = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    return list(dict.fromkeys(each for each in classes if hasattr(each, "propose") and each is not Strategy))


@dataclass(frozen=True)
class Channels:
    widths: tuple[int, ...]


class ConvSpace(Space):
    """A user's own space, with numbers only: 4 ** 6 networks."""

    architecture_type = Channels

    def build(self, choose: Choose) -> Channels:
        return Channels(tuple(choose(f"widths.{n}", (8, 16, 32, 64)) for n in range(6)))


def cost(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    return {"flops": float(sum(stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks))}


def conv_cost(architecture: Channels) -> dict[str, float]:
    pairs = zip((3, *architecture.widths), architecture.widths, strict=False)
    return {"flops": 9.0 * sum(inner * outer for inner, outer in pairs)}


def quality(architecture: Any) -> float:
    """Any number, the same in every process."""
    return int(architecture_id(architecture), 16) / 16**10


def limited(space: Space, cost: Callable[[Any], dict[str, float]], share: float) -> FeasibleSpace:
    """The space under the limit that this share of random draws meets."""
    rng = np.random.default_rng(0)
    return FeasibleSpace(
        space, cost, {"flops": float(np.quantile([cost(space.sample(rng))["flops"] for _ in range(4_000)], share))}
    )


def rarely_met(space: Space, cost: Callable[[Any], dict[str, float]], share: float) -> FeasibleSpace:
    """The same for shares too small to be seen among draws: by bisection on the share that is counted inside."""
    unlimited, rng = FeasibleSpace(space, cost, {}), np.random.default_rng(0)
    low, high = unlimited.bounds("flops")
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (middle, high) if unlimited.under({"flops": middle}).share_inside(rng) < share else (low, middle)
    return unlimited.under({"flops": high})


SPACES = {
    "no limit": FeasibleSpace(small(), cost, {}),
    "0.01 % inside": rarely_met(small(), cost, 0.0001),
    "own space, 14 % inside": limited(ConvSpace(), conv_cost, 0.14),
}
TINY = StackSpace(
    embed_dim=(8, 12), depth=(1,), num_heads=(1, 2), head_dim=4, ffn_dim=(16,), attention=("softmax", "linear")
)


def search(strategy: Strategy, space: FeasibleSpace, evaluations: int, batch: int, seed: int = 0) -> list[Trial]:
    """Trials until there are enough or the strategy has no more."""
    trials: list[Trial] = []
    while len(trials) < evaluations:
        rng = np.random.default_rng([seed, len(trials)])
        proposed = strategy.propose(space, tuple(trials), batch, rng)
        for architecture in proposed:
            costs = space.cost(architecture)
            trials.append(Trial(len(trials), architecture, costs, quality(architecture), space.violation(costs), 0.0))
        if len(proposed) < batch:
            break
    return trials


any_strategy = pytest.mark.parametrize("strategy", [pytest.param(each(), id=each.__name__) for each in strategies()])
any_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES.keys())


def test_the_strategies_are_found():
    assert {"RandomSearch", "Evolution"} <= {each.__name__ for each in strategies()}


@any_strategy
def test_a_strategy_is_a_frozen_dataclass(strategy):
    assert dataclasses.is_dataclass(strategy)
    assert type(strategy).__dataclass_params__.frozen


@any_strategy
@any_space
@pytest.mark.parametrize(("batch", "evaluations"), [(1, 24), (16, 64)])
def test_proposals_are_as_many_as_asked_distinct_unseen_and_inside(strategy, space, batch, evaluations):
    trials = search(strategy, space, evaluations, batch)
    assert len(trials) == evaluations
    assert len({trial.architecture for trial in trials}) == evaluations
    assert all(space.contains(trial.architecture) for trial in trials)


@any_strategy
@any_space
@pytest.mark.parametrize("evaluations", [0, 48])
def test_equal_arguments_give_equal_proposals(strategy, space, evaluations):
    history = search(strategy, space, evaluations, batch=16)
    again = dataclasses.replace(strategy)
    before = list(history)
    proposed = [each.propose(space, history, 12, np.random.default_rng([7, 1])) for each in (strategy, again, strategy)]
    assert proposed[0] == proposed[1] == proposed[2]
    assert history == before


@pytest.mark.slow
@any_strategy
def test_proposals_do_not_depend_on_the_process(strategy):
    # Python hashes strings anew in every process, so the order of a set would show
    outputs = {_proposals_elsewhere(type(strategy), hash_seed) for hash_seed in ("1", "2")}
    assert len(outputs) == 1


def _proposals_elsewhere(strategy: type[Strategy], hash_seed: str) -> str:
    script = f"""
import numpy as np
from nas.search_space import SearchSpace, StackSpace, architecture_id
from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Trial
from {strategy.__module__} import {strategy.__name__}

space = SearchSpace(StackSpace((8, 12), (1, 2), (1, 2), ("softmax", "linear"), head_dim=4, ffn_dim=(16, 24)))
space = FeasibleSpace(space, lambda each: {{"flops": float(each.encoder.embed_dim)}}, {{}})
rng = np.random.default_rng(0)
sampled = dict.fromkeys(space.sample(rng) for _ in range(60))
trials = [Trial(n, each, {{"flops": float(n % 7)}}, n % 11 / 11, 0.0, 0.0) for n, each in enumerate(sampled)]
print(*(architecture_id(each) for each in {strategy.__name__}().propose(space, trials, 40, rng)))
"""
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@any_strategy
def test_other_generators_give_other_proposals(strategy):
    history = search(strategy, SPACES["no limit"], 64, batch=16)
    first, second = (strategy.propose(SPACES["no limit"], history, 12, np.random.default_rng(n)) for n in (0, 1))
    assert first != second


@any_strategy
@pytest.mark.parametrize("batch", [1, 3, 50])
def test_a_small_space_is_exhausted_and_then_nothing_is_proposed(strategy, batch):
    space = FeasibleSpace(SearchSpace(TINY), cost, {})
    trials = search(strategy, space, evaluations=100, batch=batch)
    # 2 widths x 2 heads x 2 kinds of one block
    assert len(trials) == space.size() == 8
    assert strategy.propose(space, trials, batch, np.random.default_rng(0)) == []


@any_strategy
def test_a_space_of_which_little_is_inside_is_exhausted(strategy):
    space = FeasibleSpace(ConvSpace(), conv_cost, conv_cost(Channels((8, 8, 8, 8, 8, 16))))
    inside = {architecture for architecture in space.enumerate() if space.contains(architecture)}
    trials = search(strategy, space, evaluations=100, batch=4)
    assert {trial.architecture for trial in trials} == inside
    assert 1 < len(inside) < 4**6 / 1_000


@any_strategy
def test_a_history_of_failures_alone_is_borne(strategy):
    space = limited(small(), cost, 0.14)
    rng = np.random.default_rng(0)
    architectures = dict.fromkeys(small().sample(rng) for _ in range(60))
    history = [
        Trial(n, architecture, cost(architecture), None, space.violation(cost(architecture)), 0.0)
        for n, architecture in enumerate(architectures)
    ]
    proposed = strategy.propose(space, history, 10, rng)
    assert len(set(proposed) - set(architectures)) == 10
    assert all(space.contains(architecture) for architecture in proposed)
