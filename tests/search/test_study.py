"""Trials to an Optuna storage and back, by the commands."""

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from nas.experiment.loading import load
from nas.runs.run import Run
from nas.search.study import write_trials
from nas.system.files import locked


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'trials.db'}"


def new_run(folder: Path, finished: Path) -> Run:
    spec = str(finished / "experiment.py")
    return Run.create(folder, load(spec), spec, {}, None, "nas train")


def test_a_runs_trials_begin_another_run(
    finished: Path, tmp_path: Path, storage: str, command: Callable[..., str]
) -> None:
    assert "run in" not in command("study", finished, "--to", storage)
    run = new_run(tmp_path / "second", finished)
    printed = command("study", run.folder, "--from", storage, "--name", "tiny")
    assert f"tiny in {storage}: 10 trials read" in printed
    read, written = Run(run.folder).imported(), Run(finished).trials()
    assert [(t.architecture, t.costs, t.quality, t.violation) for t in read] == [
        (t.architecture, t.costs, t.quality, t.violation) for t in written
    ]


def test_trials_that_are_there_are_not_written_again(finished: Path, storage: str, command: Callable[..., str]) -> None:
    assert "10 trials added" in command("study", finished, "--to", storage, "--name", "mine")
    assert "0 trials added" in command("study", finished, "--to", storage, "--name", "mine")
    study = optuna.load_study(study_name="mine", storage=storage)
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert study.metric_names == ["accuracy", "flops"]
    assert len(study.trials) == 10


def test_two_commands_do_not_write_one_runs_trials_at_once(finished: Path, storage: str) -> None:
    with locked(finished / "experiment.py"), pytest.raises(ValueError, match="another command is at work"):
        write_trials(Run(finished), storage, "mine")
    with locked(finished):
        assert write_trials(Run(finished), storage, "mine") == 10, "a search may be at work"


def test_mistakes_are_one_line_and_change_nothing(
    finished: Path, tmp_path: Path, storage: str, command: Callable[..., str], mistake: Callable[..., str]
) -> None:
    assert mistake("study", finished).startswith("name one storage: --to URL")
    assert mistake("study", finished, "--to", storage, "--from", storage).startswith("name one storage")
    assert "no folder" in mistake("study", finished, "--to", f"sqlite:///{tmp_path}/none/trials.db")
    assert "is not there" in mistake("study", finished, "--from", storage)
    command("study", finished, "--to", storage)
    run = new_run(tmp_path / "second", finished)
    assert "no study 'other'" in mistake("study", run.folder, "--from", storage, "--name", "other")
    assert "has begun; import trials into a run without" in mistake(
        "study", finished, "--from", storage, "--name", "tiny"
    )
    assert Run(run.folder).imported() == []
