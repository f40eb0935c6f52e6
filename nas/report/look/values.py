"""Choices of good networks: shares of options on the front and in the space, and the importance of each choice.

A choice that each layer makes is one choice here, `encoder.blocks.*.attention`. Importance is that of functional ANOVA
(Hutter et al. 2014): the share of the variance of quality that a choice explains by itself, in a forest of trees.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.report.data import ReportData
from nas.report.summary import Summary
from nas.runs.run import Run
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.space import Option, Space, among_kinds
from nas.strategies.base import Trial
from nas.strategies.parts.features import layered

DRAWS = 2_000
"""Random networks of the space; with so many, shares are mostly within two points of the exact ones."""
FEWEST_FOR_IMPORTANCE = 40
MOST_FOR_IMPORTANCE = 400
FORESTS, TREES = 3, 32
FOLDS = 5

Features = dict[str, dict[str, float]]
"""Numbers that describe a network's options, by choice."""


class Share(NamedTuple):
    """Shares of one option of a choice."""

    option: str
    on_front: float
    """Share among the layers of all networks on the front; the options of a choice add up to 1."""
    in_space: float
    """The same among random networks inside the limits."""


class Choice(NamedTuple):
    """A choice with more than one option."""

    name: str
    shares: tuple[Share, ...]


class Importance(NamedTuple):
    """Importance of one choice by itself."""

    name: str
    share: float
    """Share of the variance that all choices explain by themselves, as a mean over forests; all shares add up to 1."""
    low: float
    """The smallest share of any forest."""
    high: float
    """The largest share of any forest."""


class Importances(NamedTuple):
    """Importances of all choices, the largest first."""

    choices: tuple[Importance, ...]
    networks: int
    """Number of networks that the forests were fitted to."""
    at_random: bool
    """Whether the networks were drawn at random; else the search proposed them, which prefers parts of the space."""
    explained: float
    """R squared of a forest's predictions for networks that it was not fitted to."""


class Look(NamedTuple):
    """Shares and importances of the choices of a run."""

    choices: tuple[Choice, ...] = ()
    importances: Importances | None = None


def read_look(run: Run, data: ReportData) -> Look:
    """Shares of options on the run's front, and importances from its random searches or else from its trials."""
    front = [network.architecture for network in Summary(data).front]
    at_random = [trial for trials in data.random_searches for trial in trials]
    return Look(shares(run.space, front) if front else (), importances(run.experiment.space, data.trials, at_random))


def look_of(data: ReportData) -> Look:
    """The look of a run; an empty one where it was not read."""
    return data.find(Look) or Look()


def shares(space: FeasibleSpace, front: Sequence[Any]) -> tuple[Choice, ...]:
    """Shares of options on the front and among random networks, for every choice with several options."""
    drawn = space.sample_many(np.random.default_rng(0), DRAWS)
    of_space, of_front = _counts(space, drawn), _counts(space, front)
    found = []
    for name, options in of_space.items():
        total, own = options.total(), of_front.get(name, Counter())
        several = [
            Share(str(option), own[option] / (own.total() or 1), count / total)
            for option, count in sorted(options.items(), key=lambda pair: _order(pair[0]))
        ]
        if len(several) > 1 and own:
            found.append(Choice(name, tuple(several)))
    return tuple(found)


def importances(space: Space, searched: Sequence[Trial], at_random: Sequence[Trial]) -> Importances | None:
    """Importance of each choice for inherited quality; None with too few networks or equal qualities."""
    pure = [trial for trial in at_random if trial.quality is not None]
    random = len(pure) >= FEWEST_FOR_IMPORTANCE
    use = (pure if random else [trial for trial in searched if trial.quality is not None])[:MOST_FOR_IMPORTANCE]
    qualities = [float(trial.quality or 0.0) for trial in use]
    if len(use) < FEWEST_FOR_IMPORTANCE or len(set(qualities)) == 1:
        return None
    rows = [described(space, trial.architecture) for trial in use]
    columns = [(choice, each) for choice, values in _all_columns(rows).items() for each in values]
    values = np.array([[row.get(choice, {}).get(each, 0.0) for choice, each in columns] for row in rows])
    varied = [place for place in range(len(columns)) if np.ptp(values[:, place]) > 0]
    columns, values = [columns[place] for place in varied], values[:, varied]
    forests = [_anova(columns, values, qualities, seed) for seed in range(FORESTS)]
    found = [
        Importance(name, statistics.fmean(own), min(own), max(own))
        for name in forests[0]
        for own in [[forest[name] for forest in forests]]
    ]
    ordered = tuple(sorted(found, key=lambda each: -each.share))
    return Importances(ordered, len(use), random, _explained(values, qualities))


def described(space: Space, architecture: Any) -> Features:
    """Features of a network: the mean over layers of a choice among numbers, the share of each option among words."""
    answers: dict[str, list[Option]] = {}
    for name, option in space.genes(architecture).items():
        answers.setdefault(layered(name), []).append(option)
    found: Features = {}
    for name, options in answers.items():
        if among_kinds(options):
            found[name] = {option: count / len(options) for option, count in Counter(map(str, options)).items()}
        else:
            found[name] = {"": statistics.fmean(map(float, options))}
    return found


def _counts(space: Space, networks: Sequence[Any]) -> dict[str, Counter[Option]]:
    found: dict[str, Counter[Option]] = {}
    for network in networks:
        for name, option in space.genes(network).items():
            found.setdefault(layered(name), Counter())[option] += 1
    return found


def _order(option: Option) -> tuple[bool, Option]:
    # numbers are sorted by size, kinds by name
    return (isinstance(option, str), option)


def _all_columns(rows: Sequence[Features]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for choice, values in row.items():
            found.setdefault(choice, {}).update(dict.fromkeys(sorted(values)))
    return {choice: list(values) for choice, values in found.items()}


def _anova(
    columns: Sequence[tuple[str, str]], values: NDArray[np.float64], qualities: Sequence[float], seed: int
) -> dict[str, float]:
    """Importance of each choice: the sum over its columns."""
    # here and not above: loading Optuna takes a second
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = [f"{choice}={each}" for choice, each in columns]
    ends = zip(values.min(0), values.max(0), strict=True)
    distributions = {
        name: optuna.distributions.FloatDistribution(float(low), float(high))
        for name, (low, high) in zip(names, ends, strict=True)
    }
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=dict(zip(names, map(float, row), strict=True)),
                distributions=dict(distributions),
                value=quality,
            )
            for row, quality in zip(values, qualities, strict=True)
        ]
    )
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(n_trees=TREES, seed=seed))
    totals = dict.fromkeys((choice for choice, _ in columns), 0.0)
    for name, (choice, _) in zip(names, columns, strict=True):
        totals[choice] += float(found[name])
    return totals


def _explained(values: NDArray[np.float64], qualities: Sequence[float]) -> float:
    """R squared over networks that the forest was not fitted to; below 0 where the mean predicts better."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import r2_score
    from sklearn.model_selection import cross_val_predict

    forest = RandomForestRegressor(TREES, random_state=0)
    return float(r2_score(qualities, cross_val_predict(forest, values, qualities, cv=FOLDS)))
