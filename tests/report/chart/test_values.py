"""The main figure as values: axes, groups, fronts and what is drawn beside them."""

from dataclasses import replace

import pytest

from nas.report.chart.figure import draw_chart
from nas.report.chart.records import chart_records
from nas.report.chart.values import Chart, front_along
from nas.report.data import Axis
from nas.report.summary import Summary
from nas.search_space import architecture_id
from nas.tasks.reference import Reference


@pytest.fixture
def chart(make_data):
    data = make_data()
    known = {architecture_id(trial.architecture): 1e6 - trial.costs["flops"] for trial in data.trials[:5]}
    latency = Axis("Latency", "ms", "one thread of a CPU", known)
    published = Reference("somebody's", 0.9, {"flops": 500.0, "elsewhere": 1.0}, "a paper", "the same images")
    unlike = Reference("another's", 0.8, {"macs": 500.0}, "a paper", "counted in another way")
    return Chart({"run": Summary(replace(data, axes=(latency,), references=(published, unlike)))})


def test_axes_are_the_costs_of_the_experiment_and_the_others_with_length_and_convention(chart):
    assert chart.titles == [
        "FLOPs (multiply-adds) at 16 tokens",
        "Parameters at 16 tokens",
        "Latency (ms), one thread of a CPU",
    ]


def test_fronts_are_those_of_the_axis(chart):
    summary = chart.first
    flops, _, latency = (axis["run"] for axis in chart.axes)
    assert front_along(summary, flops).inherited == summary.front
    # of five networks whose latency falls with their FLOPs, the best is the cheapest
    known = [n for n in summary.evaluated if n.id in latency.values]
    assert front_along(summary, latency).inherited[-1] == max(known, key=lambda n: n.inherited)
    assert {n.id for n in front_along(summary, latency).inherited} <= set(latency.values)


def test_the_retrained_front_is_of_what_the_search_found(chart):
    members = front_along(chart.first, chart.axes[0]["run"]).retrained
    reached = [network.arms[network.best_arm].mean for network in members]
    assert reached == sorted(reached)
    origins = {result.id: result.origin for result in chart.first.data.retrained}
    assert {origins[network.id] for network in members} == {"front"}


def test_only_published_networks_of_a_shared_cost_are_drawn(chart):
    assert [(each.name, each.quality, each.costs) for each in chart.published] == [
        ("somebody's", 90.0, (500.0, None, None))
    ]
    texts = [text.get_text() for text in draw_chart(chart, 1040).figure.axes[0].texts]
    assert "somebody's" in texts


def test_homogeneous_networks_and_hybrids_have_marks_that_differ(chart):
    groups = chart.groups
    assert {"all softmax", "all linear", "softmax in 1 of 4, else linear"} <= set(groups)
    assert len({(mark.shape, mark.colour) for mark in groups.values()}) == len(groups)
    assert groups["softmax in 1 of 4, else linear"].colour == groups["all linear"].colour


def test_records_name_every_network_once_with_every_cost(chart):
    records = chart_records(chart)
    rows = {row[0]: row for row in records["networks"]}
    assert set(rows) == {n.id for n in chart.first.networks.values() if n.inherited is not None or n.arms}
    for name, (_, _, group, costs, inherited, *_) in rows.items():
        network = chart.first.networks[name]
        assert costs[:2] == [network.costs["flops"], network.costs["parameters"]]
        assert inherited == pytest.approx(100 * network.inherited, rel=1e-6)
        assert (None if group < 0 else records["groups"][group]["label"]) == network.control
    recommended = records["networks"][records["runs"][0]["recommended"]]
    assert recommended[0] == chart.first.recommended.id


def test_runs_of_one_chart_have_colours_of_their_own(make_data):
    chart = Chart({"first": Summary(make_data()), "second": Summary(make_data(20))})
    assert chart.colour("first") != chart.colour("second")
    assert Chart({"first": chart.first}).colour("first") is None
    legend = [text.get_text() for text in draw_chart(chart, 1040).figure.legends[0].get_texts()]
    assert {"first", "second"} <= set(legend)
