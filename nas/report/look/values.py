"""What good networks have in common: options on the front against the space, and how much each choice matters.

A choice of each layer is one choice here, `encoder.blocks.*.attention`. The importance of one is that of functional
ANOVA (Hutter et al. 2014): how much of the variance of quality it explains by itself, in a forest fitted to networks.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.space import Option, Space
from nas.strategies.base import Trial
from nas.strategies.parts.features import layered

DRAWS = 2_000
"""From the space; shares are then mostly within two points of exact ones."""
FEWEST_FOR_IMPORTANCE = 40
MOST_FOR_IMPORTANCE = 400
FORESTS, TREES = 3, 32
FOLDS = 5

Features = dict[str, dict[str, float]]
"""By choice, the numbers that describe what a network chose there."""


class Share(NamedTuple):
    """How often an option is taken."""

    option: str
    on_front: float
    """Among all layers that choose, of all networks; the options of a choice add up to 1."""
    in_space: float
    """The same among random networks inside the limits."""


class Choice(NamedTuple):
    """A choice with more than one option."""

    name: str
    shares: tuple[Share, ...]


class Importance(NamedTuple):
    """How much a choice matters by itself."""

    name: str
    share: float
    """Of what all choices explain by themselves: they add up to 1. A mean over forests."""
    low: float
    high: float
    """The least and the most of a forest."""


class Importances(NamedTuple):
    """Of all choices, the largest first."""

    choices: tuple[Importance, ...]
    networks: int
    """From so many."""
    at_random: bool
    """Whether these were drawn at random, or proposed by the search, which visits some parts of the space more."""
    explained: float
    """R squared of such a forest's predictions for networks that it has not seen."""


def shares(space: FeasibleSpace, front: Sequence[Any]) -> tuple[Choice, ...]:
    """Options on the front against those of random draws, of every choice that has several."""
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
    """Of each choice for quality with inherited weights; None with too few networks or no differences among them."""
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
    """Of each choice among numbers the mean over layers; among words the share of layers with each option."""
    answers: dict[str, list[Option]] = {}
    for name, option in space.genes(architecture).items():
        answers.setdefault(layered(name), []).append(option)
    found: Features = {}
    for name, options in answers.items():
        if isinstance(options[0], str):
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
    # numbers by size; kinds by name, since an order of theirs means nothing
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
    """Importance of each choice, that of its columns together."""
    # here and not above: it loads Optuna, which takes a second
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
    """R squared over networks that the forest has not seen; below 0 where the mean would predict better."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.metrics import r2_score
    from sklearn.model_selection import cross_val_predict

    forest = RandomForestRegressor(TREES, random_state=0)
    return float(r2_score(qualities, cross_val_predict(forest, values, qualities, cv=FOLDS)))
