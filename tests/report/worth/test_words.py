from dataclasses import replace

import pytest

from nas.report.summary import Summary
from nas.report.worth.figures import draw_progress
from nas.report.worth.values import PhaseCost, PhaseCosts
from nas.report.worth.words import phase_csv, phase_rows, progress_facts, worth_text
from nas.strategies.base import Trial

CPU = "CPU of a test"


def at(points, data):
    """Trials of the first networks of `data`, with costs and qualities as given."""
    networks = [trial.architecture for trial in data.trials]
    return tuple(
        Trial(n, network, {"flops": cost, "parameters": 1.0}, quality, 0.0, 0.5)
        for n, (network, (cost, quality)) in enumerate(zip(networks, points, strict=False))
    )


@pytest.fixture
def data(make_data):
    """The search gets from nothing to an area of 4, random searches to 2 and 1; the corner is (30, 0)."""
    made = make_data(10)
    search = at([(30.0, 0.0), (20.0, 0.2), (10.0, 0.1), (10.0, 0.2)], made)
    first = at([(30.0, 0.0), (20.0, 0.2)], made)
    second = at([(20.0, 0.1), (25.0, 0.1)], made)
    return replace(made, trials=search, retrained=(), random_searches=(first, second))


def test_hypervolumes_of_all_searches_have_one_corner_and_one_scale(data):
    own, first, second = Summary(data).hypervolume_curves
    # (20, 0.2): 10 * 0.2 = 2; with (10, 0.1): 10 * 0.1 more; (10, 0.2): 20 * 0.2 = 4
    assert [place for place, _ in own] == [1, 2, 3, 4]
    reached = [[share for _, share in curve] for curve in (own, first, second)]
    assert reached == [pytest.approx([0, 2 / 4, 3 / 4, 1]), pytest.approx([0, 2 / 4]), pytest.approx([1 / 4, 1 / 4])]


def test_the_search_is_compared_with_the_middle_of_the_random_ones(data):
    first, when, chance = worth_text(Summary(data))
    assert first == (
        "With the same search budget, 2 random searches reached 37.5 % of the largest hypervolume in the median "
        "(25.0 % to 50.0 %); this search reached 100.0 %."
    )
    assert when == "The search reached the final hypervolume of random search after 2 of 4 evaluations."
    assert "The search was run with one seed" in chance


def test_a_search_that_did_not_pay_is_said_so(data):
    search, first, _ = data.trials, *data.random_searches
    worse = replace(data, trials=first, random_searches=(search,))
    assert "found less than random search did" in worth_text(Summary(worse))[1]
    alike = replace(data, random_searches=(search,))
    assert "Random search did as well here" in worth_text(Summary(alike))[1]
    assert "The search and the random search were run with one seed" in worth_text(Summary(alike))[2]


def test_what_is_missing_is_said(data):
    alone = worth_text(Summary(replace(data, random_searches=(), no_hybrids="some reason", folder="results/some")))
    assert "none with the same search budget was run" in alone[0]
    assert "nas compare results/some --strategies random --budget 4 runs some" in alone[0]
    assert alone[1] == "There is no fixed hybrid as a baseline: some reason."
    assert "no front has been found" in worth_text(Summary(replace(data, trials=(), random_searches=())))[0]


def test_evaluations_that_were_saved_are_those_asked_for_again(data):
    facts = dict(progress_facts(Summary(replace(data, share_inside=0.125))))
    # 4 of the search; 2 and 2 at random, of networks that it has all evaluated
    assert facts["Evaluations saved, as the network was known"] == "4 of 8"
    assert facts["Random networks inside the limits"] == "12.5 %"
    assert facts["Evaluations until 95 % of the final hypervolume"] == "4"


def test_the_figure_draws_every_search(data):
    for width in (340, 540):
        lines = draw_progress(Summary(data), width).figure.axes[0].lines
        assert len(lines) == 3
    assert len(draw_progress(Summary(replace(data, random_searches=())), 540).figure.axes[0].lines) == 1


def test_phases_add_up():
    phases = (
        PhaseCost("supernet", 60.0, 60.0, None, 1e9, CPU),
        PhaseCost("search", 30.0, 45.0, 90, None, CPU),
        PhaseCost("retrain", 90.0, 120.0, 3, 2e9, CPU),
    )
    heading, *rows = phase_rows(PhaseCosts(phases))
    assert heading == ("Phase", "Wall time", "Core time", "Networks", "Per minute", "Training FLOPs")
    assert rows[1] == ("search", "30 s", "45 s", "90", "180", "–")
    assert rows[-1] == ("all", "3 min 00 s", "3 min 45 s", "–", "–", "3.00 G")
    assert PhaseCosts(phases).devices == [CPU]
    other = PhaseCosts((*phases[:2], phases[2]._replace(device="H100")))
    heading, *rows = phase_rows(other)
    assert (heading[2], heading[-1], rows[2][-1]) == ("Device time", "Device", "H100")
    assert len(phase_csv(other).splitlines()) == 4
    assert phase_rows(PhaseCosts()) == []
