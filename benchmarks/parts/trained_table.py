"""A table of networks trained here, and a model of it that stands for the networks it does not hold.

The model is of boosted trees, so that it shares no form with the Gaussian process of the strategy under test. It tells
the expected accuracy. What it cannot explain of networks that it has not seen is a training's own luck and what it has
not learnt; the rugged variant of the problem gives each network a rest of that size, drawn from its id, so that it is
as rugged as the measured table and the same in every process.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import KFold

from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.search_space import Architecture, Block, SearchSpace, Stack, architecture_id
from nas.search_space.presets import tiny
from nas.strategies.parts.features import Features
from nas.tasks.cifar10 import Cifar10

FOLDS = 5


@dataclass(frozen=True)
class Fidelity:
    """How well the model knows networks that it was not fitted to: five-fold cross-validation."""

    networks: int
    r2: float
    kendall_tau: float
    rest: float
    """Standard deviation of what the model misses, as a share of images."""


@dataclass
class TrainedTable:
    """Costs and quality of any network of the table's space."""

    architectures: list[Architecture]
    accuracies: np.ndarray
    space: SearchSpace = field(default_factory=tiny)

    def __post_init__(self) -> None:
        self._features = Features(self.space)
        self._task = Cifar10(patch_size=8, tokenizer="patch")
        self._known: dict[Architecture, float] = {}
        rows = self._rows(self.architectures)
        self.fidelity = _fidelity(rows, self.accuracies)
        self._model = _fitted(rows, self.accuracies)

    @property
    def least_quality(self) -> float:
        return float(self.accuracies.min())

    def costs(self, architecture: Architecture) -> dict[str, float]:
        return {cost.name: cost(self._task, architecture) for cost in (Flops(), Parameters())}

    def quality(self, architecture: Architecture) -> float:
        """Expected accuracy."""
        if architecture not in self._known:
            self._known[architecture] = float(self._model.predict(self._rows([architecture]))[0])
        return self._known[architecture]

    def rugged_quality(self, architecture: Architecture) -> float:
        """Accuracy with the network's own rest."""
        rng = np.random.default_rng(int(architecture_id(architecture), 16))
        return self.quality(architecture) + float(rng.normal(0, self.fidelity.rest))

    def _rows(self, architectures: list[Architecture]) -> np.ndarray:
        costs = np.log([list(self.costs(each).values()) for each in architectures])
        return np.hstack([self._features(architectures), costs])


def read(path: Path) -> TrainedTable:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return TrainedTable([_architecture(row) for row in rows], np.array([float(row["accuracy"]) for row in rows]))


def _architecture(row: dict[str, str]) -> Architecture:
    blocks = (block.rsplit(":", 2) for block in row["blocks"].split())
    return Architecture(
        Stack(int(row["embed_dim"]), tuple(Block(kind, int(heads), 8, int(ffn)) for kind, heads, ffn in blocks))
    )


def _fitted(rows: np.ndarray, accuracies: np.ndarray) -> GradientBoostingRegressor:
    model = GradientBoostingRegressor(
        n_estimators=200, max_depth=3, learning_rate=0.05, subsample=0.5, max_features=0.5, random_state=0
    )
    return model.fit(rows, accuracies)


def _fidelity(rows: np.ndarray, accuracies: np.ndarray) -> Fidelity:
    predicted = np.empty_like(accuracies)
    for fitted, held_out in KFold(FOLDS, shuffle=True, random_state=0).split(rows):
        predicted[held_out] = _fitted(rows[fitted], accuracies[fitted]).predict(rows[held_out])
    missed = accuracies - predicted
    tau = float(kendalltau(predicted, accuracies).statistic)
    return Fidelity(len(rows), float(1 - missed.var() / accuracies.var()), tau, float(missed.std()))
