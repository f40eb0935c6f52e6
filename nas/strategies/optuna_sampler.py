"""Optuna's samplers as strategies: the study is rebuilt from the history at each proposal, so a resume is exact.

Costs are known before an evaluation. What is asked outside the limits is told as such, and another is asked; after a
few, the nearest is taken inside by single changes. A repeat stays pending, which keeps TPE and GP away from it, as do
the others of a batch.

Conditional choices: TPE keeps a density for each group of choices that occur together. The other samplers would leave
to chance what not every trial has, so for them the choices of an absent layer are filled in: the first kind and the
middle number, or, where children inherit them (NSGA), any option, fixed by the architecture.

Optuna's CMA-ES knows neither kinds nor several objectives: kinds come from TPE, and `minimize` has to be empty. Its QMC
takes nothing from the history but its place in the sequence.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import numpy as np
import optuna
from optuna.samplers import (
    BaseGASampler,
    BaseSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import StudyDirection
from optuna.trial import TrialState

from nas.search_space import architecture_id, uniform
from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import MOST_NETWORKS, Networks, Trial
from nas.strategies.parts.optuna_samplers import CmaEs, Sobol
from nas.strategies.parts.optuna_study import Fill, Row, choices_of, constraints, is_evaluated, quiet
from nas.strategies.proposals import unseen
from nas.system.ranges import Range, check

SamplerName = Literal["tpe", "nsga2", "nsga3", "gp", "qmc", "cmaes", "random"]

TRIES = 4
"""Architectures asked for one that is new and inside, before the nearest is changed into one."""
BLIND_TRIES = 16
"""The same for samplers that learn nothing from the history, whose asking is cheap."""
CHANGES = 200
NEARBY = 8
NEARBY_RATE = 0.1
BARREN = 3
"""Failures in a row to find anything new after which the sampler is asked no more."""
LONG_AGO = datetime(2000, 1, 1)
"""Stands where Optuna asks for a time that no sampler reads."""


@dataclass(frozen=True)
class OptunaSampler:
    """Random networks first, then what the sampler suggests.

    A subclass that overrides `make` brings any other sampler, or other settings of one:

        @dataclass(frozen=True)
        class WideTpe(OptunaSampler):
            candidates: int = 100

            def make(self, seed):
                return TPESampler(seed=seed, multivariate=True, group=True, n_ei_candidates=self.candidates)
    """

    sampler: SamplerName = "tpe"
    minimize: tuple[str, ...] = ("flops",)
    """Costs that are objectives beside quality; with none, only quality counts."""
    startup: Networks = 10
    """Evaluated trials, drawn inside the limits, before the sampler is asked; `population_size` for NSGA, none for QMC
    and random."""
    population_size: Annotated[int, Range(2, MOST_NETWORKS)] = 50
    """Evaluated trials in a generation of NSGA-II and NSGA-III."""

    def __post_init__(self) -> None:
        check(self)
        if self.sampler == "cmaes" and self.minimize:
            several = ", ".join(name for name in get_args(SamplerName) if name != "cmaes")
            raise ValueError(
                f"sampler cmaes handles one objective, asked are quality and {', '.join(self.minimize)}; "
                f"set minimize=() or take one of: {several}"
            )

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        return unseen(space, history, count, self._draws(space, history, rng), rng)

    def make(self, seed: int) -> BaseSampler:
        """A new sampler; all its randomness has to come from the seed."""
        match self.sampler:
            case "tpe":
                return TPESampler(seed=seed, n_startup_trials=1, multivariate=True, group=True)
            case "nsga2":
                return NSGAIISampler(seed=seed, population_size=self.population_size)
            case "nsga3":
                return NSGAIIISampler(seed=seed, population_size=self.population_size)
            case "gp":
                return GPSampler(seed=seed, n_startup_trials=1, warn_independent_sampling=False)
            case "qmc":
                return Sobol(seed)
            case "cmaes":
                return CmaEs(seed)
            case "random":
                return RandomSampler(seed=seed)

    def _draws(self, space: FeasibleSpace, history: Sequence[Trial], rng: np.random.Generator) -> Iterator[Any]:
        _check_costs(history, self.minimize)
        seed = int(rng.integers(2**31))
        if self.sampler == "qmc" and history:
            # one sequence for the whole search, which each batch continues
            seed = int(architecture_id(history[0].architecture), 16) % 2**31
        with quiet():
            sampler = self.make(seed)
        if sum(map(is_evaluated, history)) >= self._startup(sampler):
            with quiet():
                asking = _Asking(space, history, self.minimize, sampler, rng)
            yield from asking.draws()
        while True:
            yield space.sample(rng)

    def _startup(self, sampler: BaseSampler) -> int:
        if isinstance(sampler, BaseGASampler):
            return _population(sampler)
        return 0 if _is_blind(sampler) else self.startup


class _Asking:
    """A study of the history that is asked for what is new and inside."""

    def __init__(
        self,
        space: FeasibleSpace,
        history: Sequence[Trial],
        minimize: tuple[str, ...],
        sampler: BaseSampler,
        rng: np.random.Generator,
    ) -> None:
        self.space, self.sampler, self.rng = space, sampler, rng
        self.choices, self.fill = choices_of(space), _fill(sampler)
        self.seen = {trial.architecture for trial in history}
        directions = [StudyDirection.MAXIMIZE] + [StudyDirection.MINIMIZE] * len(minimize)
        self.study = optuna.create_study(directions=directions, sampler=sampler)
        evaluated, marks = 0, _marks(sampler)
        for trial in history:
            if is_evaluated(trial):
                values = [float(trial.quality or 0), *(float(trial.costs[name]) for name in minimize)]
                row = self._row(trial.architecture, TrialState.COMPLETE, values, marks(evaluated))
                for name, value in constraints(space.limits, trial.costs).items():
                    row.set_constraint(name, value)
                evaluated += 1
            else:
                row = self._row(trial.architecture, TrialState.FAIL)
            self.study.add_trial(row)
        if isinstance(sampler, BaseGASampler):
            # from the first generation on: each rests on the one before, and Optuna would recurse down to it
            for generation in range(1, evaluated // _population(sampler) + 1):
                sampler.get_parent_population(self.study, generation)
        if isinstance(sampler, Sobol):
            sampler.continue_at(self.choices.distributions(), len(history) * (BLIND_TRIES if space.limits else 1))

    def draws(self) -> Iterator[Any]:
        """New architectures inside the limits, until nothing new is found."""
        barren = 0
        while barren < BARREN:
            with quiet():
                architecture = self._new()
            barren = barren + 1 if architecture is None else 0
            if architecture is not None:
                self.seen.add(architecture)
                yield architecture

    def _new(self) -> Any | None:
        nearest, least = None, math.inf
        for _ in range(_tries(self.sampler)):
            trial = self.study.ask()
            architecture = self.choices.ask(trial)
            costs = self.space.cost(architecture)
            excess = self.space.violation(costs)
            if excess == 0 and architecture not in self.seen:
                return architecture
            if excess > 0:
                for name, value in constraints(self.space.limits, costs).items():
                    trial.set_constraint(name, value)
                self.study.tell(trial, state=TrialState.PRUNED)
            if excess < least:
                nearest, least = architecture, excess
        return self._nearby(inside(self.space, nearest, self.rng))

    def _nearby(self, architecture: Any) -> Any | None:
        for _ in range(NEARBY):
            if architecture not in self.seen:
                # the sampler has to know that this one is pending, not the one that it asked for
                self.study.add_trial(self._row(architecture, TrialState.RUNNING))
                return architecture
            architecture = self.space.mutate(architecture, self.rng, lambda _: NEARBY_RATE)
        return None

    def _row(
        self,
        architecture: Any,
        state: TrialState,
        values: list[float] | None = None,
        system_attrs: dict[str, Any] | None = None,
    ) -> Row:
        params, distributions = self.choices.params(architecture, self.fill)
        return Row(
            number=-1,
            state=state,
            value=None,
            datetime_start=LONG_AGO,
            datetime_complete=LONG_AGO if state.is_finished() else None,
            params=params,
            distributions=distributions,
            user_attrs={},
            system_attrs=system_attrs or {},
            intermediate_values={},
            trial_id=-1,
            values=values,
        )


def inside(space: FeasibleSpace, architecture: Any, rng: np.random.Generator) -> Any:
    """An architecture inside the limits, reached by redrawing single choices and keeping what lowers the violation."""
    excess = space.violation(space.cost(architecture))
    for _ in range(CHANGES):
        if excess == 0:
            return architecture
        genes = space.genes(architecture)
        del genes[list(genes)[rng.integers(len(genes))]]
        changed = space.replay(genes, otherwise=uniform(rng))
        value = space.violation(space.cost(changed))
        if value < excess:
            architecture, excess = changed, value
    return architecture if excess == 0 else space.mutate(architecture, rng, lambda _: NEARBY_RATE)


def _check_costs(history: Sequence[Trial], minimize: tuple[str, ...]) -> None:
    for trial in history:
        for name in minimize:
            if name not in trial.costs:
                raise ValueError(f"minimize names {name!r}, which is not among the costs: {', '.join(trial.costs)}")


def _is_blind(sampler: BaseSampler) -> bool:
    return isinstance(sampler, RandomSampler | QMCSampler)


def _tries(sampler: BaseSampler) -> int:
    # asking a GP is dear, and the nearest inside is as good a guess
    return BLIND_TRIES if _is_blind(sampler) else 1 if isinstance(sampler, GPSampler) else TRIES


def _fill(sampler: BaseSampler) -> Fill | None:
    if isinstance(sampler, TPESampler | RandomSampler):
        return None
    return "any" if isinstance(sampler, BaseGASampler) else "middle"


def _population(sampler: BaseGASampler) -> int:
    assert sampler.population_size is not None, "a sampler of generations has a size for them"
    return sampler.population_size


def _marks(sampler: BaseSampler) -> Callable[[int], dict[str, Any]]:
    """From the place of an evaluated trial, the attributes that tell a sampler of generations which one it is of."""
    if not isinstance(sampler, BaseGASampler):
        return lambda place: {}
    # the name of the attribute is not public: a trial shows it once the sampler has marked it
    study, size = optuna.create_study(), _population(sampler)
    study.ask()
    sampler.get_trial_generation(study, study.trials[0])
    (name,) = study.trials[0].system_attrs
    return lambda place: {name: place // size}
