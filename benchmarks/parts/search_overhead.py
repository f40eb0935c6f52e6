"""What a searcher itself costs when the history is long."""

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import optuna

from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Trial
from nas.strategies.named import named_strategy
from nas.strategies.proposals import unseen
from nas.system.devices import threads
from parts.report import section
from parts.search_problems import Problem, problem
from parts.search_rivals import asked_of, quiet

HISTORY, GENERATION = 1_000, 10
STRATEGIES = ("guided", "evolution", "local", "ranknas", "tpe", "nsga2")
PLAIN = {
    "Optuna TPE": partial(optuna.samplers.TPESampler, seed=0),
    "Optuna NSGA-II": partial(optuna.samplers.NSGAIISampler, seed=0),
}


@threads(1)
def overheads() -> Iterator[str]:
    """A table of CPU time per trial after a thousand trials, of ours and of Optuna's own."""
    searched = problem("cifar10-small", "14 %")
    history = _history(searched)
    rows = [[f"`{name}`", f"{1e3 * _proposing(name, searched.space, history):.1f}"] for name in STRATEGIES]
    rows += [[name, f"{1e3 * _asking(make(), searched.space, history):.1f}"] for name, make in PLAIN.items()]
    caption = (
        f"CPU time for each trial at {HISTORY:,} trials (cifar10-small, 14 %): of ours, a tenth of a proposal of ten; "
        "of Optuna's own samplers, an ask, its suggestions and a tell."
    )
    yield from section(caption, ("searcher", "ms"), rows, ("searcher",))


def _history(searched: Problem) -> list[Trial]:
    rng, space = np.random.default_rng(0), searched.space
    drawn = unseen(space, [], HISTORY, iter(lambda: space.sample(rng), None), rng)
    return [Trial(n, each, space.cost(each), searched.quality(each), 0.0, 0.0) for n, each in enumerate(drawn)]


def _proposing(name: str, space: FeasibleSpace, history: list[Trial]) -> float:
    started = time.process_time()
    named_strategy(name).propose(space, history, GENERATION, np.random.default_rng(1))
    return (time.process_time() - started) / GENERATION


def _asking(sampler: optuna.samplers.BaseSampler, space: FeasibleSpace, history: list[Trial]) -> float:
    quiet()
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    for trial in history:
        options = space.space.options(trial.architecture)
        study.add_trial(
            optuna.trial.create_trial(
                params=space.space.genes(trial.architecture),
                distributions={
                    name: optuna.distributions.CategoricalDistribution(each) for name, each in options.items()
                },
                values=(-float(trial.quality or 0), trial.costs["flops"]),
            )
        )
    started = time.process_time()
    for _ in range(GENERATION):
        asked = study.ask()
        costs = space.cost(asked_of(space.space, asked))
        study.tell(asked, (0.0, costs["flops"]))
    return (time.process_time() - started) / GENERATION
