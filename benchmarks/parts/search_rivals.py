"""Searches that others offer, used as one of their users would: the rivals of benchmarks/search.py.

Each yields the networks that it asks for, is told what they cost and how good they are, and sees every answer before
it asks again. It knows the limits as its library offers that (constraints), and may ask for what is outside: such asks,
and repeats, are answered but not counted against its budget, which is generous to it.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import optuna

from nas.search_space import Space
from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.parts.features import all_choices

Answer = tuple[dict[str, float], float | None]
"""Costs and quality; None where the network is outside the limits, and so is not evaluated."""
Asks = Iterator[tuple[Any, Callable[[Answer], None]]]
"""Networks, and for each where to tell the answer."""
Rival = Callable[[FeasibleSpace, int], Asks]
"""From the space and a seed, without end."""

UNKNOWN = 0.0
"""The quality told of what is outside, for lack of any; the constraint says the rest."""


def optuna_tpe(space: FeasibleSpace, seed: int) -> Asks:
    return _optuna(space, optuna.samplers.TPESampler(seed=seed))


def optuna_nsga2(space: FeasibleSpace, seed: int, population: int = 50) -> Asks:
    return _optuna(space, optuna.samplers.NSGAIISampler(seed=seed, population_size=population))


def optuna_gp(space: FeasibleSpace, seed: int) -> Asks:
    return _optuna(space, optuna.samplers.GPSampler(seed=seed))


def pymoo_nsga2(space: FeasibleSpace, seed: int, population: int = 50) -> Asks:
    """Raises: ImportError where pymoo is not installed."""
    from pymoo.algorithms.moo.nsga2 import RankAndCrowdingSurvival
    from pymoo.core.evaluator import Evaluator
    from pymoo.core.mixed import MixedVariableGA
    from pymoo.core.problem import Problem
    from pymoo.core.variable import Choice
    from pymoo.problems.static import StaticProblem

    options = all_choices(space.space)
    variables = {name: Choice(options=list(each)) for name, each in options.items()}
    problem = Problem(vars=variables, n_obj=2, n_ieq_constr=1)
    # NSGA-II for choices: its survival over the operators that pymoo has for variables of any type
    algorithm = MixedVariableGA(pop_size=population, survival=RankAndCrowdingSurvival())
    algorithm.setup(problem, termination=("n_gen", 10**6), seed=seed, verbose=False)
    while True:
        asked = algorithm.ask()
        answers: list[Answer] = []
        for individual in asked:
            yield space.space.replay(individual.X, otherwise=_first), answers.append
        values = np.array([_objectives(*answer) for answer in answers])
        excess = np.array([[space.violation(costs)] for costs, _ in answers])
        Evaluator().eval(StaticProblem(problem, F=values, G=excess), asked)
        algorithm.tell(infills=asked)


def _objectives(costs: dict[str, float], quality: float | None) -> tuple[float, float]:
    return -(UNKNOWN if quality is None else quality), costs["flops"]


def _first(_: str, options: Sequence[Any]) -> Any:
    return options[0]


def _optuna(space: FeasibleSpace, sampler: optuna.samplers.BaseSampler) -> Asks:
    quiet()
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    while True:
        trial = study.ask()
        architecture = asked_of(space.space, trial)

        def tell(answer: Answer, trial: optuna.Trial = trial) -> None:
            if space.limits:
                trial.set_constraint("limits", space.violation(answer[0]))
            study.tell(trial, _objectives(*answer))

        yield architecture, tell


def quiet() -> None:
    """No lines of Optuna for each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def asked_of(space: Space, trial: optuna.Trial) -> Any:
    """The network that a trial suggests, choice by choice, only those that are asked on the way."""
    return space.build(lambda name, options: trial.suggest_categorical(name, options))
