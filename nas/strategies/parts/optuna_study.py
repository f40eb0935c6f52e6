"""A space as Optuna sees it: choices as parameters, and limits as constraints.

Numbers are integers, the place among the sorted options, so that a sampler that knows order uses it. Kinds (texts) are
categories, never ordered. A choice is asked where the space asks for it (define-by-run).
"""

import copy
import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial

from nas.search_space import Option, Space, architecture_id
from nas.search_space.limits import Window
from nas.search_space.space import among_kinds
from nas.strategies.base import Trial

Parameters = tuple[dict[str, Option], dict[str, BaseDistribution]]
"""Values and distributions, each by the parameter's name."""

Fill = Literal["middle", "any"]


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's log lines and warnings, which are as before when it ends."""
    logger = logging.getLogger("optuna")
    before = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(before)


class Choices:
    """The choices of a space as Optuna's parameters."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.options = {**space.options(space.smallest()), **space.options(space.largest())}
        self._params = lru_cache(maxsize=20_000)(self._read)

    def ask(self, trial: optuna.Trial) -> Any:
        """The architecture that the sampler of the trial's study chooses, choice by choice."""

        def choose(name: str, options: Sequence[Option]) -> Option:
            label = self.label(name, options)
            if among_kinds(options):
                return str(trial.suggest_categorical(label, [str(option) for option in options]))
            return sorted(options)[trial.suggest_int(label, 0, len(options) - 1)]

        return self.space.build(choose)

    def distributions(self) -> dict[str, BaseDistribution]:
        return {name: _distribution(options) for name, options in self.options.items() if len(options) > 1}

    def params(self, architecture: Any, fill: Fill | None) -> Parameters:
        """The options of `architecture` by parameter; with `fill`, also values for choices that it was not asked."""
        return self._params(architecture, fill)

    def _read(self, architecture: Any, fill: Fill | None) -> Parameters:
        params: dict[str, Option] = {}
        distributions: dict[str, BaseDistribution] = {}

        def add(name: str, options: Sequence[Option], value: Option) -> None:
            label = self.label(name, options)
            params[label] = value if among_kinds(options) else sorted(options).index(value)
            distributions[label] = _distribution(tuple(options))

        asked = self.space.options(architecture)
        for name, options in asked.items():
            add(name, options, self.space.lookup(architecture, name))
        if fill is not None:
            rng = np.random.default_rng(int(architecture_id(architecture), 16))
            for name, options in self.options.items():
                if self.label(name, options) not in params:
                    middle = options[0] if among_kinds(options) else sorted(options)[(len(options) - 1) // 2]
                    add(name, options, middle if fill == "middle" else options[int(rng.integers(len(options)))])
        return params, distributions

    def label(self, name: str, options: Sequence[Option]) -> str:
        """The parameter's name; `label.split(" of ")[0]` is the choice's."""
        # a parameter of Optuna has the same options in every trial; a choice need not
        return name if self.options.get(name) == tuple(options) else f"{name} of {', '.join(map(str, options))}"


choices_of = lru_cache(maxsize=4)(Choices)


@cache
def _distribution(options: tuple[Option, ...]) -> BaseDistribution:
    return CategoricalDistribution(options) if among_kinds(options) else IntDistribution(0, len(options) - 1)


class Row(FrozenTrial):
    """A finished trial; a study takes a copy of each, and need not copy what never changes."""

    def __deepcopy__(self, memo: Any) -> "Row":
        return copy.copy(self)


def constraints(limits: Mapping[str, Window], costs: Mapping[str, float]) -> dict[str, float]:
    """Each end of each limit as a constraint of Optuna: above 0 outside, by the excess as a share of that end."""
    found = {}
    for name, limit in limits.items():
        if limit.at_most is not None:
            found[f"{name} at most"] = costs[name] / limit.at_most - 1
        if limit.at_least is not None:
            found[f"{name} at least"] = 1 - costs[name] / limit.at_least
    return found


def is_evaluated(trial: Trial) -> bool:
    return trial.quality is not None and math.isfinite(trial.quality)
