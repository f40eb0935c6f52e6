import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.describe.architecture_file import architecture_record, described
from nas.runs.run import Run
from nas.system.files import read_json, read_lines

Command = Callable[..., str]


def first_id(folder: Path) -> str:
    return str(read_lines(folder / "trials.jsonl")[0]["id"])


def test_a_file_alone_has_the_costs_of_its_experiment_at_every_length(finished: Path, translator: Path) -> None:
    for folder, lengths in ((finished, (16, 64)), (translator, (30, 7))):
        run = Run(folder)
        experiment = run.experiment
        architecture = experiment.space.largest()
        record = json.loads(json.dumps(architecture_record(run, architecture)))
        alone = described(record, "a.json")
        assert alone.architecture == architecture
        for cost in experiment.costs:
            assert (
                cost(alone.task, alone.architecture)
                == cost(experiment.task, architecture)
                == record["costs"][cost.name]
            )
            for length in lengths:
                at = cost(alone.task.at_length(length), architecture)
                assert at == cost(experiment.task.at_length(length), architecture)
        assert alone.task.cost_setting() == experiment.task.cost_setting()


def test_an_architecture_is_written_and_drawn_from_its_file(finished_copy: Path, command: Command) -> None:
    identifier = first_id(finished_copy)
    printed = command("export", finished_copy, identifier, "--architecture-only")
    path = finished_copy / "architectures" / f"{identifier}.json"
    assert printed.startswith(f"architecture  {path}\n")
    assert (
        read_json(path)["results"]["inherited_search_accuracy"]
        == read_lines(finished_copy / "trials.jsonl")[0]["quality"]
    )
    drawn = command("describe", path)
    assert drawn.startswith(f"network      {identifier} of tiny\n")
    flops = read_lines(finished_copy / "trials.jsonl")[0]["costs"]["flops"]
    assert f"in all       {flops:,.0f} multiply-adds" in drawn
    assert drawn.isascii()
    # the same from the run, and from standard output to standard input
    assert command("describe", finished_copy, identifier) == drawn
    assert "16 tokens (16 x 16 pixels in patches of 4)" in command("describe", path, "--length", "16")


def test_an_architecture_goes_through_a_pipe(finished: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = command("export", finished, first_id(finished), "--architecture-only", "--to", "-")
    monkeypatch.setattr("sys.stdin", io.StringIO(printed))
    assert command("describe", "-").startswith(f"network      {first_id(finished)} of tiny\n")


def test_an_export_is_drawn_too(translator: Path, command: Command) -> None:
    (export,) = (translator / "exports").iterdir()
    assert read_json(export / "config.json")["inputs"] == [[1, 30], [1, 30]]
    drawn = command("describe", export)
    assert "|- decoder 1" in drawn
    assert "30 tokens to 30 tokens" in drawn


def test_a_network_of_a_users_own_needs_its_experiment(
    own_model: Path, command: Command, mistake: Command, tmp_path: Path
) -> None:
    command("train", "own_model.py", "--supernet.steps", "1", "--supernet.warmup_steps", "0", "--out", "run")
    run = Run(Path("run"))
    Path("network.json").write_text(json.dumps(architecture_record(run, run.experiment.space.largest())))
    found = mistake("describe", "network.json")
    assert found == (
        "network.json holds an architecture of a builder of a user's own; name the file of its experiment with "
        "--experiment FILE"
    )
    assert "840 multiply-adds" in command("describe", "network.json", "--experiment", "own_model.py")
    # the bare choices do as well
    Path("bare.json").write_text('{"hidden": 10, "last": 10}')
    assert "840 multiply-adds" in command("describe", "bare.json", "--experiment", "own_model.py")


def test_a_run_is_described_as_its_experiment(finished: Path, command: Command) -> None:
    printed = command("describe", finished, "--evaluations", "7")
    assert "experiment  tiny" in printed
    assert "search      7 evaluations" in printed


def test_mistakes_are_one_line(finished: Path, tmp_path: Path, mistake: Command) -> None:
    path = tmp_path / "network.json"
    assert mistake("describe", path).startswith(f"no file {path}; write an architecture's with nas export")
    path.write_text("{")
    assert f"{path} is no JSON" in mistake("describe", path)
    path.write_text("[1]")
    assert f"{path} holds no architecture" in mistake("describe", path)
    run = Run(finished)
    record = architecture_record(run, run.experiment.space.smallest())
    path.write_text(json.dumps({**record, "id": "0123456789"}))
    assert "was changed: its architecture has the id" in mistake("describe", path)
    path.write_text(json.dumps({**record, "family": "perceptron"}))
    assert "no family 'perceptron'; there are: seq2seq, vision_transformer" in mistake("describe", path)
    path.write_text(json.dumps({**record, "settings": {}}))
    assert "is not that of an architecture of this version (KeyError: 'image_size')" in mistake("describe", path)
    path.write_text(json.dumps(record))
    assert "no costs at 17 tokens; try 16" in mistake("describe", path, "--length", "17")
    assert "--length 'x' is no number of tokens" in mistake("describe", path, "--length", "x")
    assert "--length needs a whole number from 1 to 131,072" in mistake("describe", path, "--length", "1e14")
    assert "seed is a setting of an experiment" in mistake("describe", path, "--seed", "3")
    assert "no network 'abc' among the trials of" in mistake("describe", finished, "abc")
    assert "needs the id of a network" in mistake("export", finished, "--architecture-only")
    assert "--length and --experiment are for a network" in mistake("describe", finished, "--length", "4")
    shutil.copy(finished / "experiment.py", tmp_path / "other.py")
    path.write_text(json.dumps({"hidden": 10}))
    assert "is no network of" in mistake("describe", path, "--experiment", tmp_path / "other.py")
