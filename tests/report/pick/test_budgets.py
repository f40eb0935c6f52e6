from dataclasses import replace

import pytest

from nas.report.pick.budgets import best_within, budget_table, budgets, picks, rounded_up
from nas.report.summary import Summary


def test_budgets_are_rounded_up_to_two_digits():
    assert [rounded_up(value) for value in (4_199_001.0, 42.0, 0.301, 99.5)] == pytest.approx([4.2e6, 42, 0.31, 100])


def test_every_pick_keeps_its_budget_and_the_last_is_what_is_recommended(make_data):
    summary = Summary(make_data())
    found = picks(summary)
    assert 2 <= len(found) <= 6
    assert all(pick.network.costs["flops"] <= pick.budget for pick in found)
    assert all(pick.budget <= 400 and not pick.network.violation for pick in found)
    assert found[-1].network == summary.recommended
    assert len({pick.network.id for pick in found}) == len(found)


def test_the_test_split_picks_nothing(make_data):
    data = make_data()
    # the best becomes the worst on the test split, and the other way round
    turned = tuple(replace(result, quality=1 - result.quality) for result in data.retrained)
    before, after = picks(Summary(data)), picks(Summary(replace(data, retrained=turned)))
    assert [(pick.budget, pick.network.id) for pick in before] == [(pick.budget, pick.network.id) for pick in after]


def test_what_is_not_retrained_is_picked_where_it_is_better_with_inherited_weights(make_data):
    data = make_data()
    summary = Summary(replace(data, retrained=data.retrained[:1]))
    cheap = min(summary.found, key=lambda network: network.costs["flops"])
    for budget in budgets(summary):
        best = best_within(summary, budget)
        better = [n for n in summary.front if n.costs["flops"] <= budget and n.inherited > cheap.inherited]
        if summary.recommended.costs["flops"] <= budget:
            assert best == summary.recommended
        elif better:
            assert best == better[-1]


def test_the_table_says_what_to_do_next(make_data):
    data = make_data()
    rows = budget_table(Summary(data), picks(Summary(data)))
    assert rows[0][0] == "FLOPs at most"
    assert rows[-1][-1] == f"nas export RUN {rows[-1][1]}"
    untrained = Summary(replace(data, retrained=()))
    assert all("nas retrain RUN --id" in row[-1] for row in budget_table(untrained, picks(untrained))[1:])


def test_without_networks_there_are_no_budgets(make_data):
    assert picks(Summary(replace(make_data(), trials=(), retrained=()))) == []
