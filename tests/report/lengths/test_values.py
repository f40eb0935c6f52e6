import json
import math
import shutil
from pathlib import Path

import pytest

from nas.evaluators.flops import Flops
from nas.report.chart.axes import measured_axes
from nas.report.from_run import report
from nas.report.lengths.measured import compared_networks, measure_latencies, read_latencies
from nas.report.lengths.values import length_costs
from nas.report.worth.values import phase_costs
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.search_space.patterns import homogeneous


@pytest.fixture(scope="module")
def measured(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("measured") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nas.report.lengths.measured.SECONDS_A_LENGTH", 0.4)
        measure_latencies(Run(folder))
    return folder


def test_networks_are_of_the_front_and_of_each_kind_in_the_shape_of_its_dearest(finished: Path) -> None:
    run = Run(finished)
    front = [trial.architecture for trial in run.front()]
    found = compared_networks(run)
    assert found[0] == front[-1]
    assert {homogeneous(run.experiment.space, front[-1], kind) for kind in ("softmax", "linear")} <= set(found)
    assert set(found) <= {*front, *(homogeneous(run.experiment.space, front[-1], k) for k in ("softmax", "linear"))}
    assert len(found) <= 8


def test_flops_are_exact_at_every_length_and_break_even_is_where_they_cross(finished: Path) -> None:
    run = Run(finished)
    costs = length_costs(run)
    assert costs is not None
    assert (costs.tokens, costs.own, costs.flops, costs.device) == ((4, 16, 64, 256, 1024, 4096), 4, "flops", None)
    by_id = {architecture_id(each): each for each in compared_networks(run)}
    task = run.experiment.task
    for growth in costs.networks:
        network = by_id[growth.id]
        assert growth.flops == tuple(Flops(length=tokens)(task, network) for tokens in costs.tokens)
        rival = homogeneous(run.experiment.space, network, "softmax")
        if rival == network:
            assert growth.softmax is None and growth.flops_break_even is None
            continue
        at = growth.flops_break_even
        assert at is not None and not math.isinf(at)
        side = math.isqrt(int(at))
        assert side**2 == at
        fewer = [Flops(length=n * n)(task, network) < Flops(length=n * n)(task, rival) for n in (side, side + 1)]
        assert all(fewer)
        if side > 1:
            assert Flops(length=(side - 1) ** 2)(task, network) >= Flops(length=(side - 1) ** 2)(task, rival)


def test_latency_is_measured_once_and_kept_with_its_device(measured: Path) -> None:
    run = Run(measured)
    found = read_latencies(run)
    assert [each.tokens for each in found][:3] == [4, 16, 64]
    for each in found:
        assert each.device
        assert all(0 < own.low <= own.median <= own.high for own in each.networks.values())
    assert set(found[0].networks) == set(compared_networks(run))
    before = run.lengths_file.read_bytes()
    measure_latencies(Run(measured))
    assert run.lengths_file.read_bytes() == before
    assert "lengths" in run.phase_seconds()
    costs = length_costs(run)
    assert costs is not None and costs.device == found[0].device
    assert costs.networks[0].latency[0] == found[0].networks[compared_networks(run)[0]]


def test_latency_is_an_axis_at_the_own_length_and_at_the_longest(measured: Path, finished: Path) -> None:
    run = Run(measured)
    found = [each for each in read_latencies(run) if each.networks]
    own, longest = measured_axes(run)
    assert (own.label, longest.label) == ("Latency", f"Latency at {found[-1].tokens} tokens")
    assert own.setting.endswith(f"batch 1, threads: 1, on {found[0].device}")
    assert own.values == {architecture_id(each): times.median for each, times in found[0].networks.items()}
    assert measured_axes(Run(finished)) == []


def test_a_measurement_that_was_cut_goes_on_with_the_same_networks(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.report.lengths.measured.SECONDS_A_LENGTH", 0.4)
    run = Run(shutil.copytree(measured, tmp_path / "run"))
    whole = run.lengths_file.read_bytes().splitlines(keepends=True)
    run.lengths_file.write_bytes(whole[0] + whole[1][:40])
    measure_latencies(run)
    again = run.lengths_file.read_bytes().splitlines(keepends=True)
    assert again[0] == whole[0]
    assert [json.loads(line)["tokens"] for line in again][:3] == [4, 16, 64]
    assert len({tuple(each.networks) for each in read_latencies(run) if each.networks}) == 1


def test_lengths_that_take_too_long_are_left_out_and_that_is_known(
    finished_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.report.lengths.measured.SECONDS_A_LENGTH", 0.0)
    measure_latencies(Run(finished_copy))
    (only,) = read_latencies(Run(finished_copy))
    assert (only.tokens, only.networks) == (4, {})
    costs = length_costs(Run(finished_copy))
    assert costs is not None and costs.too_long and costs.device is None
    measure_latencies(Run(finished_copy))
    assert len(read_latencies(Run(finished_copy))) == 1


def test_a_line_of_another_experiment_is_said(finished_copy: Path) -> None:
    run = Run(finished_copy)
    run.lengths_file.write_text('{"tokens": 4}\n')
    with pytest.raises(ValueError, match=r"lengths\.jsonl has a line that is no latency of this experiment"):
        read_latencies(run)


def test_phases_know_their_time_at_work_and_training_flops(finished: Path) -> None:
    run = Run(finished)
    by_phase = {each.phase: each for each in phase_costs(run).phases}
    assert list(by_phase) == ["supernet", "search", "retrain"]
    retrained, task = run.retrained(), run.experiment.task
    # three passes a step, 10 steps of 16 images
    expected = sum(3 * 10 * 16 * Flops()(task, each.architecture) for each in retrained)
    assert by_phase["retrain"].training_flops == expected
    assert by_phase["retrain"].work_seconds == pytest.approx(sum(each.seconds for each in retrained))
    assert by_phase["search"].networks == len(run.scores())
    supernet = by_phase["supernet"].training_flops
    smallest, largest = (
        Flops()(task, end) for end in (run.experiment.space.smallest(), run.experiment.space.largest())
    )
    assert supernet is not None and 3 * 40 * 16 * smallest < supernet < 3 * 40 * 16 * largest


def test_a_task_of_one_length_has_no_costs_at_others(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(finished)
    monkeypatch.setattr(type(run.experiment.task), "example_tokens", lambda self: ())
    assert length_costs(run) is None
    assert phase_costs(run).phases[0].training_flops is None


def test_the_report_of_a_whole_run_has_every_figure_and_table_and_says_what_is_missing(
    measured: Path, tmp_path: Path
) -> None:
    page = report(Run(measured), tmp_path / "report").read_text()
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert {f"{each}.{form}" for each in ("lengths", "choices", "progress") for form in ("svg", "png")} <= names
    tables = ("lengths", "choices", "phases", "phase_costs")
    assert {f"{each}.{form}" for each in tables for form in ("csv", "md", "tex")} <= names
    # two networks of the run have been retrained, and ten tried
    assert "takes at least three networks" in page
    assert "it takes 40 networks that differ" in page
    assert "one softmax layer in 4 or more needs deeper networks than this space has" in page
    assert "1 random search reached" in page


def test_a_report_before_the_search_has_its_sections_all_the_same(finished_copy: Path, tmp_path: Path) -> None:
    for name in ("trials.jsonl", "anchors.jsonl", "scores.jsonl"):
        (finished_copy / name).unlink()
    shutil.rmtree(finished_copy / "subnets")
    shutil.rmtree(finished_copy / "comparison")
    page = report(Run(finished_copy), tmp_path / "report").read_text()
    assert "no front has been found" in page
    assert "the search has no front yet" in page
