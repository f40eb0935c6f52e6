"""What Optuna's samplers owe as strategies, each of them, and what the study says to them."""

import dataclasses
import logging
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import optuna
import pytest
from optuna.samplers import NSGAIISampler, TPESampler
from optuna.trial import TrialState

from nas.search_space import Architecture, SearchSpace, StackSpace
from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Trial
from nas.strategies.optuna_sampler import OptunaSampler, _Asking, inside
from nas.strategies.parts.optuna_study import Choices, constraints, quiet

NAMES = ("tpe", "nsga2", "nsga3", "gp", "qmc", "cmaes", "random")
KINDS = ("softmax", "linear", "lrpe")
WIDE = SearchSpace(StackSpace((64, 80, 96), (2, 3, 4), (2, 4, 6), KINDS, head_dim=16, ffn_dim=(96, 192, 288)))
TINY = SearchSpace(StackSpace((8, 12), (1,), (1, 2), ("softmax", "linear"), head_dim=4, ffn_dim=(16,)))


def cost(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    return {"flops": float(sum(stack.embed_dim * (4 * b.num_heads * b.head_dim + 2 * b.ffn_dim) for b in stack.blocks))}


def quality(architecture: Architecture) -> float:
    """Softmax and wide layers are better."""
    blocks = architecture.encoder.blocks
    return sum((b.attention == "softmax") + b.ffn_dim / 288 for b in blocks) / 8


FREE = FeasibleSpace(WIDE, cost, {})
# the smallest has 64 * 2 * (4 * 32 + 192) = 40,960; few draws cost little more
TIGHT = FeasibleSpace(WIDE, cost, {"flops": "..60e3"})


def strategy(name: str, **settings) -> OptunaSampler:
    return OptunaSampler(name, minimize=() if name == "cmaes" else ("flops",), startup=4, population_size=8, **settings)


def search(each: OptunaSampler, space: FeasibleSpace, evaluations: int, batch: int) -> list[Trial]:
    """Trials until there are enough or there is no more; every seventh fails."""
    trials: list[Trial] = []
    while len(trials) < evaluations:
        proposed = each.propose(space, tuple(trials), batch, np.random.default_rng([0, len(trials)]))
        for one in proposed:
            failed = len(trials) % 7 == 6
            trials.append(Trial(len(trials), one, cost(one), None if failed else quality(one), 0.0, 1.0))
        if len(proposed) < batch:
            break
    return trials


# a GP takes seconds for each proposal
any_sampler = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "gp" else ()) for name in NAMES]
)


@any_sampler
@pytest.mark.parametrize("space", [FREE, TIGHT], ids=["no limit", "few inside"])
def test_proposals_are_distinct_unseen_and_inside_beside_failures(name, space):
    batch, evaluations = (4, 12) if name == "gp" else (6, 18)
    trials = search(strategy(name), space, evaluations, batch)
    assert len({trial.architecture for trial in trials}) == len(trials) == evaluations
    assert all(space.contains(trial.architecture) for trial in trials)


@any_sampler
def test_equal_arguments_give_equal_proposals_and_other_generators_others(name):
    history = search(strategy("random"), FREE, 20, 10)
    first, again, other = (strategy(name).propose(FREE, history, 3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again
    # a QMC sequence goes on where it was, whatever the generator
    assert (first != other) == (name != "qmc")


@pytest.mark.parametrize(
    "names", [NAMES[:3] + NAMES[4:], pytest.param(("gp",), marks=pytest.mark.slow)], ids=["", "gp"]
)
def test_proposals_do_not_depend_on_the_process(names):
    script = f"""
import sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
import numpy as np
from test_optuna_sampler import FREE, search, strategy
history = search(strategy("random"), FREE, 20, 10)
for name in {names!r}:
    print(strategy(name).propose(FREE, history, 2, np.random.default_rng(1)))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_small_space_is_exhausted_and_then_nothing_is_proposed(name):
    space = FeasibleSpace(TINY, cost, {})
    trials = search(strategy(name), space, 100, 3)
    # 2 widths x 2 heads x 2 kinds of one block
    assert len(trials) == 8
    assert strategy(name).propose(space, trials, 3, np.random.default_rng(0)) == []


@any_sampler
def test_a_history_of_failures_alone_is_borne(name):
    rng = np.random.default_rng(0)
    drawn = dict.fromkeys(WIDE.sample(rng) for _ in range(20))
    history = [Trial(n, each, cost(each), float("nan") if n % 2 else None, 0.0, 1.0) for n, each in enumerate(drawn)]
    proposed = strategy(name).propose(FREE, history, 3, rng)
    assert len(set(proposed) - set(drawn)) == 3


def test_the_study_holds_the_history_with_constraints_values_and_failures():
    history = search(strategy("random"), TIGHT, 8, 8)
    study = asking(history, TIGHT, TPESampler(seed=0)).study
    assert [row.state for row in study.trials] == [TrialState.COMPLETE] * 6 + [TrialState.FAIL, TrialState.COMPLETE]
    for row, trial in zip(study.trials, history, strict=True):
        assert row.params["encoder.depth"] == (2, 3, 4).index(len(trial.architecture.encoder.blocks))
        assert row.params["encoder.blocks.0.attention"] == trial.architecture.encoder.blocks[0].attention
        if trial.quality is not None:
            assert row.values == [trial.quality, trial.costs["flops"]]
            assert row.constraints == {"flops at most": trial.costs["flops"] / 60e3 - 1}


def test_constraints_are_above_zero_just_where_an_end_is_missed():
    limits = FeasibleSpace(WIDE, cost, {"flops": "40..50"}).limits
    assert constraints(limits, {"flops": 60.0}) == {"flops at most": pytest.approx(0.2), "flops at least": -0.5}
    assert constraints(limits, {"flops": 30.0}) == {"flops at most": -0.4, "flops at least": 0.25}


def test_generations_are_counted_by_evaluated_trials():
    history = search(strategy("random"), FREE, 20, 10)
    study = asking(history, FREE, NSGAIISampler(seed=0, population_size=8)).study
    marks = [row.system_attrs.get("NSGAIISampler:generation") for row in study.trials]
    # the seventh and the fourteenth failed
    assert marks == [0] * 6 + [None] + [0] * 2 + [1] * 4 + [None] + [1] * 4 + [2] * 2


def test_an_absent_layer_is_filled_for_samplers_of_fixed_spaces_and_left_out_for_others():
    choices, smallest = Choices(WIDE), WIDE.smallest()
    assert set(choices.params(smallest, None)[0]) == set(WIDE.genes(smallest))
    filled, _ = choices.params(smallest, "middle")
    assert set(filled) == set(WIDE.genes(WIDE.largest()))
    assert (filled["encoder.blocks.3.attention"], filled["encoder.blocks.3.ffn_dim"]) == ("softmax", 1)
    assert choices.params(smallest, "any") == Choices(WIDE).params(smallest, "any")


@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2"])
def test_samplers_learn_from_the_history(name):
    each = dataclasses.replace(strategy(name), minimize=(), startup=10)
    rng = np.random.default_rng(0)
    drawn = dict.fromkeys(WIDE.sample(rng) for _ in range(120))
    history = [Trial(n, one, cost(one), quality(one), 0.0, 1.0) for n, one in enumerate(drawn)]
    found = [quality(one) for one in each.propose(FREE, history, 10, rng)]
    assert np.mean(found) > np.mean([trial.quality for trial in history]) + 0.1


def test_what_is_outside_is_taken_inside_by_few_changes():
    rng = np.random.default_rng(0)
    largest = WIDE.largest()
    found = inside(TIGHT, largest, rng)
    assert TIGHT.contains(found)
    assert inside(TIGHT, found, rng) == found


def test_a_subclass_brings_a_sampler_of_its_own():
    @dataclass(frozen=True)
    class Wide(OptunaSampler):
        candidates: int = 50

        def make(self, seed: int) -> TPESampler:
            return TPESampler(seed=seed, n_ei_candidates=self.candidates)

    history = search(strategy("random"), FREE, 20, 10)
    assert len(set(Wide(startup=4).propose(FREE, history, 5, np.random.default_rng(0)))) == 5


def test_optuna_is_as_loud_afterwards_as_before():
    before = logging.getLogger("optuna").level, list(warnings.filters)
    strategy("tpe").propose(FREE, search(strategy("random"), FREE, 10, 10), 2, np.random.default_rng(0))
    assert (logging.getLogger("optuna").level, list(warnings.filters)) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "cmaes"}, r"cmaes handles one objective, asked are quality and flops; set minimize=\(\)"),
        ({"sampler": "tpa"}, "sampler needs one of tpe, nsga2, nsga3, gp, qmc, cmaes, random; found 'tpa'"),
        ({"startup": 0}, "startup needs a whole number from 1 to 100,000; found 0"),
        ({"population_size": 1}, "population_size needs a whole number from 2 to 100,000; found 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        OptunaSampler(**settings)


def test_a_cost_that_is_not_measured_is_refused():
    history = search(strategy("random"), FREE, 10, 10)
    with pytest.raises(ValueError, match="minimize names 'joules', which is not among the costs: flops"):
        OptunaSampler(minimize=("joules",)).propose(FREE, history, 1, np.random.default_rng(0))


def asking(history: list[Trial], space: FeasibleSpace, sampler: optuna.samplers.BaseSampler) -> _Asking:
    with quiet():
        return _Asking(space, history, ("flops",), sampler, np.random.default_rng(0))
