import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.report.data import ReportData
from nas.report.layers import sites
from nas.report.summary import Summary
from nas.report.trust.values import fidelity
from nas.report.trust.words import fidelity_text
from nas.runs.records import Retrained
from nas.search_space import architecture_id
from nas.search_space.limits import Window
from nas.search_space.presets import tiny
from nas.strategies.base import Trial


@dataclass(frozen=True)
class Layer:
    channels: int


@dataclass(frozen=True)
class Convolutional:
    layers: tuple[Layer, ...]


def run_of(points, **changes):
    """A run whose trial n costs and reaches what point n says; a quality of None is over the limit of 100."""
    rng = np.random.default_rng(1)
    found = {}
    while len(found) < len(points):
        found[tiny().sample(rng)] = None
    trials = [
        Trial(n, architecture, {"flops": cost}, quality, 0.0 if quality is not None else cost / 100 - 1, 1.0)
        for n, (architecture, (cost, quality)) in enumerate(zip(found, points, strict=True))
    ]
    values = {"limits": {"flops": Window(at_most=100)}, "retrained": (), **changes}
    return ReportData("run", "", "accuracy", "top-1", {"flops": "multiply-adds"}, "16 tokens", **values, space_size=9,
                      trials=tuple(trials), provenance={})  # fmt: skip


def retrain(data, number, quality, *, search_quality=None, arm="scratch", seed=0):
    architecture = data.trials[number].architecture
    on_search = quality if search_quality is None else search_quality
    name = architecture_id(architecture)
    return Retrained(name, architecture, "front", arm, seed, quality, on_search, 1, 1.0, "cpu", "abc")


def with_scratch(data, qualities):
    return replace(data, retrained=tuple(retrain(data, number, quality) for number, quality in enumerate(qualities)))


costs = st.integers(1, 20).map(float)
qualities = st.integers(0, 20).map(lambda value: value / 20)


@given(st.lists(st.tuples(costs, qualities), min_size=1, max_size=12))
def test_front_holds_exactly_what_nothing_else_beats(points):
    summary = Summary(run_of(points))
    front = {(network.costs["flops"], network.inherited) for network in summary.front}
    unbeaten = {
        (cost, quality)
        for cost, quality in points
        if not any(c <= cost and q >= quality and (c, q) != (cost, quality) for c, q in points)
    }
    assert front == unbeaten
    assert [n.costs["flops"] for n in summary.front] == sorted(n.costs["flops"] for n in summary.front)


def test_networks_over_a_limit_are_neither_front_nor_recommended():
    summary = Summary(run_of([(50.0, 0.6), (150.0, None)]))
    assert [network.costs["flops"] for network in summary.front] == [50.0]
    assert summary.recommended is not None and summary.recommended.costs["flops"] == 50.0


def test_seeds_are_gathered_into_mean_and_sample_deviation():
    data = run_of([(50.0, 0.6)])
    data = replace(data, retrained=tuple(retrain(data, 0, q, seed=n) for n, q in enumerate((0.70, 0.72, 0.74))))
    spread = Summary(data).front[0].arms["scratch"]
    # deviations -0.02, 0, 0.02: sqrt((0.0004 + 0.0004) / 2) = 0.02
    assert (spread.mean, spread.deviation) == pytest.approx((0.72, 0.02))


def test_one_seed_has_no_deviation():
    data = run_of([(50.0, 0.6)])
    assert Summary(with_scratch(data, [0.7])).front[0].arms["scratch"].deviation is None


def test_the_test_split_does_not_choose():
    data = run_of([(50.0, 0.6), (60.0, 0.7)])
    results = (retrain(data, 0, 0.90, search_quality=0.70), retrain(data, 1, 0.80, search_quality=0.75))
    best = Summary(replace(data, retrained=results)).recommended
    assert best is not None and best.costs["flops"] == 60.0


def test_the_better_arm_on_the_search_split_speaks_for_a_network():
    data = run_of([(50.0, 0.6)])
    results = (retrain(data, 0, 0.6), retrain(data, 0, 0.7, arm="inherited"))
    assert Summary(replace(data, retrained=results)).networks[results[0].id].best_arm == "inherited"


def test_a_retrained_network_that_is_no_trial_takes_its_costs_from_the_side():
    data = run_of([(50.0, 0.6), (60.0, 0.7)])
    other = retrain(data, 1, 0.65)
    alone = replace(data, trials=data.trials[:1], retrained=(other,), retrained_costs={other.id: {"flops": 130.0}})
    network = Summary(alone).networks[other.id]
    assert network.inherited is None
    # the limit is 100
    assert network.violation == pytest.approx(0.3)
    assert Summary(replace(alone, retrained_costs={})).networks[other.id].costs == {}


@pytest.mark.parametrize(("retrained", "tau"), [((0.1, 0.2, 0.3, 0.4), 1.0), ((0.4, 0.3, 0.2, 0.1), -1.0)])
def test_tau_tells_the_same_order_from_the_reversed(retrained, tau):
    data = run_of([(10.0, 0.5), (20.0, 0.6), (30.0, 0.7), (40.0, 0.8)])
    assert fidelity(Summary(with_scratch(data, retrained))).inherited.all.tau == pytest.approx(tau)


def test_tau_of_one_exchanged_pair_of_three():
    data = run_of([(10.0, 0.5), (20.0, 0.6), (30.0, 0.7)])
    # pairs: two alike, one exchanged: (2 - 1) / 3
    assert fidelity(Summary(with_scratch(data, (0.2, 0.1, 0.3)))).inherited.all.tau == pytest.approx(1 / 3)


@pytest.mark.parametrize("retrained", [(), (0.1,), (0.1, 0.2), (0.3, 0.3, 0.3)])
def test_no_tau_for_too_few_networks_or_for_ties_only(retrained):
    data = run_of([(10.0, 0.5), (20.0, 0.6), (30.0, 0.7)])
    found = fidelity(Summary(with_scratch(data, retrained))).inherited
    assert found is None or found.all.tau is None


def test_best_homogeneous_network_of_each_kind(make_data):
    best = Summary(replace(make_data(), retrained=())).homogeneous
    assert {network.kind for network in best} >= {"linear", "softmax"}
    for network in best:
        rivals = [n for n in Summary(make_data()).evaluated if n.kind == network.kind]
        assert network.inherited == max(n.inherited for n in rivals)


def test_hypervolume_never_falls_and_ends_at_the_whole(make_data):
    curve = Summary(make_data()).hypervolume_curves[0]
    assert [place for place, _ in curve] == list(range(1, len(curve) + 1))
    shares = [share for _, share in curve]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_hypervolume_of_three_points_by_hand():
    # corner (30, 0.1); (30, 0.1) adds nothing; (20, 0.3): 10 * 0.2 = 2; (10, 0.2): 10 * 0.1 = 1 more
    curve = Summary(run_of([(30.0, 0.1), (20.0, 0.3), (10.0, 0.2)])).hypervolume_curves[0]
    assert [share for _, share in curve] == pytest.approx([0, 2 / 3, 1])


def test_an_architecture_without_blocks_has_no_kinds():
    architecture = Convolutional((Layer(8), Layer(16)))
    assert sites(architecture) == {}


def test_an_empty_run_has_empty_findings():
    summary = Summary(run_of([]))
    assert (summary.front, summary.homogeneous, summary.recommended, summary.hypervolume_curves) == ((), (), None, ())


def test_a_trial_without_a_cost_is_refused():
    data = run_of([(50.0, 0.6)])
    with pytest.raises(ValueError, match="trial 0 lacks the costs"):
        replace(data, costs={"flops": "multiply-adds", "parameters": "parameters"})


def test_what_finalists_lose_on_the_select_split_is_said(make_data):
    data = make_data(10)
    best = [architecture_id(trial.architecture) for trial in data.trials if trial.quality is not None][:2]
    qualities = {architecture_id(trial.architecture): trial.quality for trial in data.trials}
    # one loses 2 points, the other gains 1
    fresh = {best[0]: qualities[best[0]] - 0.02, best[1]: qualities[best[1]] + 0.01}
    text = " ".join(fidelity_text(Summary(replace(data, fresh=fresh))))
    assert re.search("the 2 finalists have 0.50 points less .*accuracy on average on the select split", text)
    assert "select split" not in " ".join(fidelity_text(Summary(data)))
