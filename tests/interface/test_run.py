import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import matplotlib
import pandas
import pytest

import nas
from nas.experiment.loading import load
from nas.experiment.source import loaded_value
from nas.interface.begin import begin
from nas.runs.run import Run as RunFiles
from nas.search_space import architecture_id
from nas.strategies.base import Trial
from nas.strategies.pareto import front_of_trials
from nas.system.files import read_lines


def test_trials_are_those_of_the_file_and_a_frame_of_typed_columns(finished: Path) -> None:
    trials = nas.open(finished).trials()
    assert list(trials) == RunFiles(finished).trials()
    frame = trials.to_pandas()
    lines = read_lines(finished / "trials.jsonl")
    assert frame["id"].tolist() == [line["id"] for line in lines]
    assert frame["quality"].tolist() == [line["quality"] for line in lines]
    assert frame["flops"].tolist() == [line["costs"]["flops"] for line in lines]
    assert [json.loads(text) for text in frame["architecture"]] == [line["architecture"] for line in lines]
    blocks = lines[3]["architecture"]["encoder"]["blocks"]
    assert frame["encoder attention"][3] == ", ".join(block["attention"] for block in blocks)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "number": "int64",
        "id": "str",
        **dict.fromkeys(("flops", "parameters", "quality", "violation", "seconds"), "float64"),
        **dict.fromkeys(("failure", "architecture", "encoder attention"), "str"),
    }


def test_the_front_knows_the_qualities_after_training(finished: Path) -> None:
    run = nas.open(finished)
    front = run.front()
    assert list(front) == front_of_trials(RunFiles(finished).trials(), "flops")
    frame = front.to_pandas().set_index("id")
    trained = run.retrained()
    assert {result.id for result in trained if result.origin == "front"} <= set(frame.index)
    for result in trained:
        # one seed each, so the mean is the value
        assert frame[result.arm][result.id] == result.quality
    others = frame.drop(index=[result.id for result in trained])
    assert others["scratch"].isna().all()
    assert others["inherited"].isna().all()


def test_retrained_networks_are_a_frame_with_their_costs(finished: Path) -> None:
    run = nas.open(finished)
    frame = run.retrained().to_pandas()
    assert frame["quality"].tolist() == [result.quality for result in RunFiles(finished).retrained()]
    costs = {architecture_id(trial.architecture): trial.costs["parameters"] for trial in run.trials()}
    assert frame["parameters"].tolist() == [costs[identifier] for identifier in frame["id"]]
    assert str(frame["steps"].dtype) == str(frame["seed"].dtype) == "int64"


def test_a_run_without_trials_has_empty_frames_with_all_columns_and_no_figure(finished_copy: Path) -> None:
    whole = nas.open(finished_copy).trials().to_pandas()
    for name in ("trials.jsonl", "anchors.jsonl"):
        (finished_copy / name).unlink()
    for result in finished_copy.glob("subnets/*/*/result.json"):
        result.unlink()
    run = nas.open(finished_copy)
    pandas.testing.assert_frame_equal(run.trials().to_pandas(), whole.iloc[:0], check_index_type=False)
    assert len(run.front().to_pandas()) == len(run.retrained().to_pandas()) == 0
    with pytest.raises(ValueError, match=r"has no evaluated network to draw; run nas search"):
        run.plot()
    with pytest.raises(ValueError, match=r"has no retrained network; run nas retrain"):
        run.export()


def test_a_failed_evaluation_has_an_empty_quality_and_its_reason(finished_copy: Path) -> None:
    run = nas.open(finished_copy)
    tried = {trial.architecture for trial in run.trials()}
    new = next(each for each in run.experiment.space.enumerate() if each not in tried)
    costs = run.space.cost(new)
    run.append_trial(Trial(len(run.trials()), new, costs, None, run.space.violation(costs), 0.0, "no memory"))
    last = run.trials().to_pandas().iloc[-1]
    assert pandas.isna(last["quality"])
    assert last["failure"] == "no memory"
    assert pandas.isna(run.trials().to_pandas()["failure"][0])


def test_records_are_shown_as_a_table(finished: Path) -> None:
    front = nas.open(finished).front()
    html = front._repr_html_()
    assert html.count("<tr") == len(front) + 1
    assert front[0].architecture == front[:1][0].architecture
    assert repr(front).split("\n")[0].split()[:6] == ["number", "id", "flops", "parameters", "quality", "scratch"]
    assert len(repr(front).splitlines()) == len(front) + 1


def test_the_figure_is_the_reports_and_leaves_pyplot_alone(finished: Path, tmp_path: Path) -> None:
    backend, settings = matplotlib.rcParams["backend"], dict(matplotlib.rcParams)
    figure = nas.open(finished).plot()
    figure.savefig(tmp_path / "front.png")
    assert isinstance(figure, matplotlib.figure.Figure)
    assert dict(matplotlib.rcParams) == settings
    assert matplotlib.rcParams["backend"] == backend
    (axes,) = figure.axes
    assert axes.get_xlabel().startswith("FLOPs (multiply-adds) at")
    assert figure._repr_png_().startswith(b"\x89PNG")
    (tried,) = [text for text in figure.legends[0].get_texts() if text.get_text().startswith("tried")]
    evaluated = {
        architecture_id(trial.architecture)
        for name in ("trials", "anchors")
        for trial in getattr(RunFiles(finished), name)()
    }
    assert tried.get_text() == f"tried ({len(evaluated)})"


def test_a_report_goes_where_it_is_asked_to(finished_copy: Path, tmp_path: Path) -> None:
    page = nas.open(str(finished_copy)).report(tmp_path / "page")
    assert page == tmp_path / "page" / "index.html"
    assert page.is_file()


def test_an_export_is_of_the_recommended_network_and_written_once(finished_copy: Path) -> None:
    run = nas.open(finished_copy)
    folder = run.export()
    assert folder.name in {result.id for result in run.retrained()}
    before = (folder / "config.json").stat().st_mtime_ns
    assert run.export() == run.export(folder.name) == folder
    assert (folder / "config.json").stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="no retrained network 'abc' in"):
        run.export("abc")


@pytest.mark.slow
def test_a_value_makes_the_same_run_as_its_file_and_goes_on(
    tiny: Path, finished: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    experiment = nas.load_experiment("tiny.py")
    run = nas.run(experiment, out="by_value", workers=1)
    assert capfd.readouterr().out == ""
    expected = RunFiles(finished)
    assert [trial.quality for trial in run.trials()] == [trial.quality for trial in expected.trials()]
    assert [result.quality for result in run.retrained()] == [result.quality for result in expected.retrained()]
    assert run.experiment == experiment
    assert run.name == "by_value"
    assert run.manifest["command"] == "nas.run(experiment, out='by_value', workers=1)"
    assert {line["command"] for line in read_lines(run.commands_file)} == {run.manifest["command"]}
    assert Path("by_value/report/index.html").is_file()
    assert list(Path("by_value/exports").iterdir()) == [run.export()]

    # the same value goes on, where all is done, in a folder of its file's run too; another value is refused
    before = run.trials_file.read_bytes()
    assert begin(loaded_value(experiment, "x"), "x", run.folder, None, {}, "").trials() == run.trials()
    assert begin(load("tiny.py"), "tiny.py", run.folder, None, {}, "").trials() == run.trials()
    with pytest.raises(ValueError, match=r"by_value holds a run with other settings \(seed: 0 there, 1 asked\)"):
        nas.run(replace(experiment, seed=1), out="by_value", workers=1)
    assert run.trials_file.read_bytes() == before


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: nas.run("fly"),
            "no experiment 'fly'; name a Python file, or a shipped experiment: cifar10, digits",
        ),
        (lambda: nas.run("digits:fly"), "no experiment 'fly' in digits; there are: experiment, variants"),
        (lambda: nas.open("."), r"no run in \."),
        (lambda: nas.load("."), "."),
        (lambda: nas.load_experiment("digits", {"sed": 1}), "no setting --sed; there are: task, space"),
        (lambda: nas.load_experiment("digits", {"seed": "x"}), "--seed 'x': expected a whole number"),
        (lambda: nas.load_experiment("digits", data="d"), "task digits carries its data with it and reads no folder"),
        (lambda: nas.run("digits", data="d"), "task digits carries its data with it and reads no folder"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=said) as raised:
        call()
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_program_without_its_guard_is_told_so() -> None:
    # as a worker that loads the program again would call it
    with (
        multiprocessing.get_context("fork").Pool(1) as pool,
        pytest.raises(ValueError, match="call it under if __name__"),
    ):
        pool.apply(nas.run, ("digits",))


def test_changes_may_be_numbers_words_and_tuples() -> None:
    changes = {"limits.flops": 4e5, "strategy": "random", "selection.arms": ("scratch",), "selection.hybrids": False}
    experiment = nas.load_experiment("digits", changes)
    assert experiment.limits == {"flops": 4e5}
    assert experiment.selection.arms == ("scratch",)
    assert experiment.selection.hybrids is False
    assert type(experiment.strategy).__name__ == "RandomSearch"
