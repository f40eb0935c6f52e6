"""Strategies compared on one supernet: equal budget, one cache, resumed exactly."""

import json
from pathlib import Path

import numpy as np
import pytest

from nas.parallel.map import Workers
from nas.report.compare.strategies import Comparison, Searched
from nas.report.from_run import write_comparison_of
from nas.runs.run import Run
from nas.search.compare import compare
from nas.strategies.base import Trial

NAMES = ["random", "evolution(population_size=4,parents=2)"]


def test_no_network_is_evaluated_twice_whichever_strategies_ask(finished_copy: Path) -> None:
    run = Run(finished_copy)
    known = set(run.scores())
    searches = compare(run, NAMES, seeds=2, evaluations=12, workers=Workers(1))
    assert [(search.strategy, search.seed) for search in searches] == [(name, n) for n in (0, 1) for name in NAMES]
    asked = {trial.architecture for search in searches for trial in run.comparison(search.name)[0]}
    lines = [json.loads(line) for line in (finished_copy / "scores.jsonl").read_text().splitlines()]
    keys = [(line["id"], line["split"]) for line in lines]
    assert len(keys) == len(set(keys))
    assert set(run.scores()) == known | {(architecture, "search") for architecture in asked}
    for search in searches:
        trials, seconds = run.comparison(search.name)
        assert len({trial.architecture for trial in trials}) == 12
        assert all(run.space.contains(trial.architecture) for trial in trials)
        assert seconds > 0


def test_a_comparison_goes_on_where_it_stopped(finished_copy: Path) -> None:
    run = Run(finished_copy)
    searches = compare(run, NAMES, 1, 8, Workers(1))
    whole = {search.name: [trial.quality for trial in run.comparison(search.name)[0]] for search in searches}
    (run.comparison_folder / f"{searches[1].name}.jsonl").unlink()
    again = Run(finished_copy)
    assert compare(again, NAMES, 1, 8, Workers(1)) == searches
    assert {search.name: [t.quality for t in again.comparison(search.name)[0]] for search in searches} == whole


def test_the_experiments_own_search_is_one_of_its_comparisons(finished_copy: Path) -> None:
    run = Run(finished_copy)
    (search,) = compare(run, ["evolution(population_size=4,parents=2)"], 1, 10, Workers(1))
    assert [t.architecture for t in run.comparison(search.name)[0]] == [t.architecture for t in run.trials()]


def test_figure_and_tables_are_written(finished_copy: Path) -> None:
    run = Run(finished_copy)
    text = write_comparison_of(run, compare(run, NAMES, 2, 10, Workers(1)))
    assert {path.name for path in run.comparison_folder.glob("comparison.*")} == {
        f"comparison.{ending}" for ending in ("md", "csv", "svg", "png")
    }
    assert all(name in text for name in NAMES)
    assert (run.comparison_folder / "comparison.md").read_text().count("\n") == 2 + len(NAMES)


@pytest.mark.parametrize(("seeds", "evaluations"), [(0, 5), (2, 0)])
def test_a_comparison_of_nothing_is_refused(finished_copy: Path, seeds: int, evaluations: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        compare(Run(finished_copy), NAMES, seeds, evaluations, Workers(1))


def trial(number: int, cost: float, quality: float | None, violation: float = 0.0) -> Trial:
    return Trial(number, number, {"flops": cost}, quality, violation, 0.1)


def comparison(*qualities: list[float | None]) -> Comparison:
    """Searches over networks of costs 1, 2, 3, ... with these qualities, one strategy each."""
    searches = {
        f"s{place}": [Searched([trial(n, n + 1.0, q) for n, q in enumerate(each)], 0.3)]
        for place, each in enumerate(qualities)
    }
    return Comparison(searches, "flops", "accuracy", evaluations=3)


def test_hypervolumes_are_shares_of_the_largest_with_one_corner_for_all():
    # corner: cost 3, quality 0.2
    compared = comparison([0.2, 0.6, 0.9], [0.4, None, 0.3])
    assert compared.reference == (3.0, 0.2)
    # the first: (3 - 2) * (0.6 - 0.2) = 0.4; the second: (3 - 1) * (0.4 - 0.2) = 0.4
    np.testing.assert_allclose(compared.hypervolumes("s0"), [[0, 1, 1]])
    np.testing.assert_allclose(compared.hypervolumes("s1"), [[1, 1, 1]])
    np.testing.assert_allclose(compared.best("s0"), [[0.2, 0.6, 0.9]])
    np.testing.assert_allclose(compared.best("s1"), [[0.4, 0.4, 0.4]])
    assert compared.evaluations_to_reach("s0", 0.99) == 2
    assert compared.evaluations_to_reach("s1", 1.1) == np.inf


def test_a_search_that_ended_early_stays_where_it_was():
    compared = comparison([0.1, 0.3, 0.2], [0.4])
    assert compared.best("s1").tolist() == [[0.4, 0.4, 0.4]]


def test_what_failed_or_is_outside_has_no_part_in_the_best():
    searches = {"s": [Searched([trial(0, 1, 0.2), trial(1, 1, 0.9, violation=0.5), trial(2, 1, None)], 0.0)]}
    assert Comparison(searches, "flops", "accuracy", 3).best("s").tolist() == [[0.2, 0.2, 0.2]]
