"""The ranker: what it learns, on formulas and on networks that were trained."""

from pathlib import Path

import numpy as np
import pytest

from nas.runs.run import Run
from nas.strategies.parts.features import features
from nas.strategies.parts.ranker import fit_ranker, pairwise_accuracy

RUN = Path(__file__).parents[3] / "results" / "cifar10-cpu"


def bits(rows: int, columns: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(2, size=(rows, columns)).astype(float)


def test_pairwise_accuracy_counts_pairs_in_order_and_ties_by_half():
    # right: (0, 1), (0, 3); tied: (0, 2); wrong: (1, 2), (2, 3); (1, 3) are of equal quality and do not count
    scores, qualities = np.array([1.0, 3.0, 1.0, 2.0]), np.array([1.0, 5.0, 6.0, 5.0])
    assert pairwise_accuracy(scores, qualities) == (1 + 1 + 0.5 + 0 + 0) / 5


def test_scores_order_new_rows_of_a_formula_with_an_interaction():
    rows = bits(400)
    qualities = 3 * rows[:, 0] - 2 * rows[:, 1] + 4 * rows[:, 2] * rows[:, 3] + 0.1 * rows[:, 4]
    ranker = fit_ranker(rows[:200], qualities[:200], np.random.default_rng(0))
    assert pairwise_accuracy(ranker.scores(rows[200:]), qualities[200:]) > 0.97
    # the columns of the formula are the important ones
    assert set(np.argsort(ranker.importances)[-4:]) == {0, 1, 2, 3}
    assert ranker.importances.sum() == pytest.approx(1)


def test_only_the_order_of_qualities_matters():
    rows = bits(60)
    qualities = rows @ np.arange(12.0)
    first, second = (fit_ranker(rows, each, np.random.default_rng(0)) for each in (qualities, np.exp(qualities)))
    np.testing.assert_array_equal(first.scores(rows), second.scores(rows))


def test_score_differences_are_log_odds_of_noisy_comparisons():
    # one column; a row with a 1 is the better of two with chance 0.9, so the scores differ by log(0.9 / 0.1)
    rows = np.repeat([0.0, 1.0], 200)[:, None]
    rng = np.random.default_rng(0)
    spread = 1.0
    # the difference of two uniform draws on [0, 1] exceeds -shift with chance 1 - (1 - shift)^2 / 2 = 0.9
    shift = 1 - np.sqrt(0.2)
    qualities = rng.random(400) * spread + shift * rows[:, 0]
    low, high = fit_ranker(rows, qualities, rng).scores(np.array([[0.0], [1.0]]))
    assert high - low == pytest.approx(np.log(9), abs=0.4)


@pytest.mark.parametrize("qualities", [[], [0.5], [0.5, 0.5, 0.5]])
def test_where_there_is_nothing_to_learn_all_scores_are_equal(qualities):
    rows = bits(10)
    ranker = fit_ranker(rows[: len(qualities)], np.array(qualities), np.random.default_rng(0))
    assert set(ranker.scores(rows)) == {0.0}
    assert not ranker.importances.any()


def test_equal_arguments_give_equal_scores():
    rows = bits(300)
    qualities = np.random.default_rng(1).random(300)
    # 44,850 pairs, of which some are drawn
    scores = [fit_ranker(rows, qualities, np.random.default_rng(5)).scores(rows) for _ in range(2)]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize(("known", "least"), [(20, 0.80), (40, 0.88), (80, 0.91), (120, 0.92)])
def test_networks_of_a_real_search_are_ordered_far_better_than_by_their_flops(known, least):
    run = Run(RUN)
    trials = run.trials()
    rows = features(run.experiment.space)([trial.architecture for trial in trials])
    qualities = np.array([trial.quality for trial in trials])
    flops = np.array([trial.costs["flops"] for trial in trials])
    learned, by_flops = [], []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(trials))
        first, rest = order[:known], order[known:]
        ranker = fit_ranker(rows[first], qualities[first], np.random.default_rng(seed))
        learned.append(pairwise_accuracy(ranker.scores(rows[rest]), qualities[rest]))
        by_flops.append(pairwise_accuracy(flops[rest], qualities[rest]))
    assert np.mean(learned) > least
    assert np.mean(by_flops) < 0.65
