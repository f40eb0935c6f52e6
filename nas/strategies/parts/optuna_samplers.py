"""Two samplers for Optuna's studies without hidden state: each proposal follows from the trials alone.

Optuna's own CMA-ES and QMC leave marks in a study, which a study that is rebuilt from trials does not have. These make
the same proposals from public parts: the library `cmaes`, SciPy's Sobol sequence and Optuna's `BaseSampler`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import cmaes
import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import qmc

Distributions = dict[str, BaseDistribution]


class Sobol(RandomSampler):
    """A scrambled Sobol sequence over all choices, which goes on at a given place; others are drawn at random."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        self.seed = seed
        self.distributions: Distributions = {}
        self.start = 0
        self._sequence: qmc.Sobol | None = None

    def continue_at(self, distributions: Distributions, start: int) -> None:
        """Set the choices of the sequence, and where it goes on.

        Args:
            start: Place in the sequence behind all that earlier batches may have taken.
        """
        self.distributions, self.start = distributions, start

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> Distributions:
        return self.distributions

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: Distributions) -> dict[str, Any]:
        if not search_space:
            return {}
        if self._sequence is None:
            self._sequence = qmc.Sobol(len(search_space), seed=self.seed, scramble=True)
            if self.start:
                self._sequence.fast_forward(self.start)
        point = self._sequence.random(1)[0].tolist()
        return {name: _at(share, each) for share, (name, each) in zip(point, search_space.items(), strict=True)}


class CmaEs(BaseSampler):
    """CMA-ES over the choices among numbers that all trials have; kinds come from TPE.

    Every `population_size` trials in order are one generation; the first is random.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.RandomState(seed)
        self.kinds = TPESampler(seed=seed, n_startup_trials=1, multivariate=False)
        self.common = IntersectionSearchSpace()
        self.optimizer: cmaes.CMA | None = None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> Distributions:
        common: Mapping[str, BaseDistribution] = self.common.calculate(study)
        return {name: each for name, each in common.items() if isinstance(each, IntDistribution) and not each.single()}

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: Distributions) -> dict[str, Any]:
        if not search_space:
            return {}
        if self.optimizer is None:
            self.optimizer = self._told(study, search_space)
        self.optimizer.reseed_rng(int(self.rng.randint(1, 2**16)) + trial.number)
        point = self.optimizer.ask().tolist()
        return {name: _at(share, each) for share, (name, each) in zip(point, search_space.items(), strict=True)}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.kinds.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self.kinds.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self.kinds.after_trial(study, trial, state, values)

    def _told(self, study: optuna.Study, search_space: Distributions) -> cmaes.CMA:
        """The optimizer after all finished generations of the study; it minimizes, so qualities are negative."""
        size = len(search_space)
        optimizer = cmaes.CMA(
            mean=np.full(size, 0.5),
            sigma=1 / 6,
            bounds=np.tile([0.0, 1.0], (size, 1)),
            seed=int(self.rng.randint(1, 2**31 - 2)),
            n_max_resampling=10 * size,
        )
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        told = [(_shares(trial.params, search_space), -float(trial.value or 0)) for trial in trials]
        population = optimizer.population_size
        for start in range(0, len(told) - population + 1, population):
            optimizer.tell(told[start : start + population])
        return optimizer


def _shares(params: Mapping[str, Any], search_space: Distributions) -> np.ndarray[Any, Any]:
    """Values as shares from 0 to 1, each in the middle of its equal part."""
    return np.array([(params[name] + 0.5) / _count(each) for name, each in search_space.items()], dtype=np.float64)


def _at(share: float, distribution: BaseDistribution) -> Any:
    """The value at a share of the range, which is parted equally."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[min(int(share * _count(distribution)), _count(distribution) - 1)]
    count = _count(distribution)
    return min(max(math.floor(-0.5 + share * count + 0.5), 0), count - 1)


def _count(distribution: BaseDistribution) -> int:
    """How many values there are: integers from 0, or kinds."""
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    assert isinstance(distribution, IntDistribution) and (distribution.low, distribution.step) == (0, 1)
    return int(distribution.high) + 1
