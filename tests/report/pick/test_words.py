from dataclasses import replace

from nas.report.pick.words import verdict
from nas.report.summary import Summary, rank


def test_the_pick_stands_beside_the_best_of_one_kind_and_the_best_fixed_hybrid(make_data):
    data = make_data()
    mixed = next(n for n in Summary(data).networks.values() if n.control is None and not n.violation)
    hybrid = next(n for n in Summary(data).networks.values() if n.hybrid is not None)
    results = {result.arm: result for result in data.retrained if result.seed == 0}
    made = tuple(
        replace(results[arm], id=own.id, architecture=own.architecture, search_quality=reached, quality=reached)
        for own, reached in ((mixed, 0.95), (hybrid, 0.9))
        for arm in ("scratch", "inherited")
    )
    summary = Summary(replace(data, retrained=(*data.retrained, *made)))
    assert summary.recommended.id == mixed.id
    said = " ".join(verdict(summary))
    alike = max(summary.homogeneous, key=rank)
    lead = 100 * (0.95 - alike.arms["scratch"].mean)
    assert f"From scratch, it is {lead:.2f} points above the best homogeneous network on the test split" in said
    assert alike.control in said
    hybrids = "5.00 points above the best fixed hybrid on the test split: softmax in 1 of 4, else linear"
    assert f"From scratch, it is {hybrids}" in said


def test_a_pick_that_was_fine_tuned_is_compared_from_scratch_with_those_that_were_not(make_data):
    data = make_data()
    mixed = next(n for n in Summary(data).networks.values() if n.control is None and not n.violation)
    rival = next(n for n in Summary(data).networks.values() if n.kind == "softmax")
    result = next(result for result in data.retrained if result.arm == "scratch")
    made = tuple(
        replace(result, id=own.id, architecture=own.architecture, arm=arm, search_quality=reached, quality=reached)
        for own, arm, reached in ((mixed, "inherited", 0.95), (mixed, "scratch", 0.7), (rival, "scratch", 0.75))
    )
    summary = Summary(replace(data, retrained=made))
    assert summary.recommended.best_arm == "inherited"
    said = " ".join(verdict(summary))
    assert "From scratch, it is 5.00 points below the best homogeneous network on the test split: all softmax" in said
