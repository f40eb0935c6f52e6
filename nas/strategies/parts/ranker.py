"""A pairwise ranker: boosted trees whose scores order architectures as their qualities do.

Sources: RankNAS (arXiv:2109.07383: a gradient boosted ranker learned from pairs); RankNet's loss (Burges et al. 2005)
log(1 + exp(score of the worse - score of the better)); Newton steps of boosting (XGBoost, arXiv:1603.02754, eq. 5-7);
trees that ask one question a level (CatBoost, arXiv:1706.09516), which sums over all columns find at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

TREES = 100
LEVELS = 2
RATE = 0.2
SHRINKAGE = 0.3
"""Added to the curvature of every leaf, where one row has up to 0.25."""
MOST_PAIRS = 20_000
MOST_THRESHOLDS = 16


@dataclass(frozen=True)
class Ranker:
    columns: Places
    """Column that each level of each tree asks, trees by levels."""
    thresholds: Numbers
    """Threshold that the column has to exceed, trees by levels."""
    leaves: Numbers
    """Score that each tree adds, by the answers of its levels read as a binary number."""
    importances: Numbers
    """Share of each column in all that the questions gained; 0 throughout where there was nothing to learn."""

    def scores(self, rows: Numbers) -> Numbers:
        """Higher for the better; differences are log-odds of being the better of two."""
        answers = rows[:, self.columns] > self.thresholds
        leaf = answers @ (1 << np.arange(LEVELS)[::-1])
        return np.asarray(self.leaves[np.arange(len(self.leaves)), leaf].sum(1), dtype=np.float64)


def fit_ranker(rows: Numbers, qualities: Numbers, rng: np.random.Generator) -> Ranker:
    """Learn from pairs of rows of different quality; from 20,000 of them where there are more."""
    better, worse = _pairs(qualities, rng)
    columns, thresholds = _questions(rows)
    if not len(better) or not len(columns):
        nothing = np.zeros((0, LEVELS))
        return Ranker(nothing.astype(np.int64), nothing, np.zeros((0, 2**LEVELS)), np.zeros(rows.shape[1]))
    answers = (rows[:, columns] > thresholds).astype(np.float64)
    asked, leaves = np.zeros((TREES, LEVELS), dtype=np.int64), np.zeros((TREES, 2**LEVELS))
    importances, scores = np.zeros(rows.shape[1]), np.zeros(len(rows))
    for tree in range(TREES):
        slope, curvature = _derivatives(scores, better, worse)
        leaf = np.zeros(len(rows), dtype=np.int64)
        for level in range(LEVELS):
            gains = _gains(answers, leaf, 2**level, slope, curvature)
            # columns that say the same gain the same but for rounding: the first of them is taken, on every machine
            best = asked[tree, level] = int(np.argmax(np.round(gains / max(gains.max(), 1e-12), 9)))
            importances[columns[best]] += gains[best]
            leaf = 2 * leaf + answers[:, best].astype(np.int64)
        steps = np.bincount(leaf, slope, 2**LEVELS) / (np.bincount(leaf, curvature, 2**LEVELS) + SHRINKAGE)
        leaves[tree] = RATE * steps
        scores += leaves[tree][leaf]
    return Ranker(columns[asked], thresholds[asked], leaves, importances / max(importances.sum(), 1e-12))


def pairwise_accuracy(scores: Numbers, qualities: Numbers) -> float:
    """Share of the pairs of different quality that the scores order rightly; a tie counts half."""
    first, second = np.triu_indices(len(qualities), 1)
    truth = np.sign(qualities[first] - qualities[second])
    told = np.sign(scores[first] - scores[second])
    return float((1 + told * truth)[truth != 0].mean() / 2)


def _pairs(qualities: Numbers, rng: np.random.Generator) -> tuple[Places, Places]:
    """Places of the better and of the worse of each pair."""
    first, second = np.triu_indices(len(qualities), 1)
    if len(first) > MOST_PAIRS:
        drawn = np.sort(rng.choice(len(first), MOST_PAIRS, replace=False))
        first, second = first[drawn], second[drawn]
    differ = qualities[first] != qualities[second]
    swap = qualities[first] < qualities[second]
    return np.where(swap, second, first)[differ], np.where(swap, first, second)[differ]


def _questions(rows: Numbers) -> tuple[Places, Numbers]:
    """Columns and thresholds that part the rows: between neighbouring values, at most 16 of them a column."""
    found = [(column, each) for column, values in enumerate(rows.T) for each in _thresholds(values)]
    return np.array([column for column, _ in found], dtype=np.int64), np.array([each for _, each in found])


def _thresholds(values: Numbers) -> Iterator[float]:
    distinct = np.unique(values)
    between = (distinct[1:] + distinct[:-1]) / 2
    kept = np.linspace(0, len(between) - 1, min(MOST_THRESHOLDS, len(between)))
    yield from between[kept.astype(np.int64)].tolist()


def _derivatives(scores: Numbers, better: Places, worse: Places) -> tuple[Numbers, Numbers]:
    """Downhill slope and curvature of the loss in each score, scaled as if each row stood in one pair."""
    count, weight = len(scores), len(scores) / (2 * len(better))
    doubt = 1 / (1 + np.exp(scores[better] - scores[worse]))
    slope = np.bincount(better, doubt, count) - np.bincount(worse, doubt, count)
    certain = doubt * (1 - doubt)
    curvature = np.bincount(better, certain, count) + np.bincount(worse, certain, count)
    return np.asarray(weight * slope, np.float64), np.asarray(weight * curvature, np.float64)


def _gains(answers: Numbers, leaf: Places, leaves: int, slope: Numbers, curvature: Numbers) -> Numbers:
    """Gain of each question that splits all leaves so far (XGBoost, eq. 7, summed over the leaves)."""
    within = np.arange(leaves)[:, None] == leaf
    slopes, curvatures = within * slope, within * curvature
    yes, yes_curvature = slopes @ answers, curvatures @ answers
    all_, all_curvature = slopes.sum(1, keepdims=True), curvatures.sum(1, keepdims=True)
    parted = yes**2 / (yes_curvature + SHRINKAGE)
    parted += (all_ - yes) ** 2 / (all_curvature - yes_curvature + SHRINKAGE)
    return np.asarray((parted - all_**2 / (all_curvature + SHRINKAGE)).sum(0), dtype=np.float64)
