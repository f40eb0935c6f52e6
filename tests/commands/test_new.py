import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.commands.new import starters
from nas.commands.options import EXPERIMENT
from nas.commands.words import COMMANDS
from nas.experiment.loading import load, shipped_names
from nas.system.files import read_json
from tests.conftest import write_pairs

SMALL = shlex.split(
    "--supernet.steps 8 --supernet.warmup_steps 1 --retrain.steps 8 --retrain.warmup_steps 1 --evaluations 2 "
    "--anchors 1 --random_searches 0 --selection.top 1 --selection.homogeneous false --selection.hybrids false "
    "--selection.seeds 1 --selection.finalists 0 --workers 1"
)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_task_the_tasks_are_listed(empty: Path, command: Callable[..., str]) -> None:
    lines = command("new").splitlines()
    assert [line.split()[0] for line in lines[:4]] == starters() == ["cifar10", "digits", "parallel", "phrases"]
    assert lines[-1].startswith("next        nas new TASK")
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("task", starters())
def test_a_starter_is_an_experiment_with_a_comment_on_every_setting(
    empty: Path, command: Callable[..., str], task: str
) -> None:
    printed = command("new", task, "mine.py")
    assert printed.startswith("experiment  mine.py\nnext        nas describe mine.py")
    loaded = load("mine.py")
    assert loaded.experiment.task.name == task
    lines = loaded.source.splitlines()
    first = lines.index("experiment = Experiment(")
    for place in range(first, len(lines)):
        setting = re.match(r"    (\w+)=", lines[place])
        # test_quality shares the comment of quality
        if setting and setting[1] != "test_quality":
            around = lines[place - 1], lines[place + 1]
            assert any(line.strip().startswith("#") for line in around), f"{task}: {setting[1]} has no comment"


@pytest.mark.slow
@pytest.mark.parametrize(("task", "says"), [("digits", "897 train"), ("phrases", "40,000")])
def test_a_starter_can_be_described(empty: Path, command: Callable[..., str], task: str, says: str) -> None:
    command("new", task)
    printed = command("describe", f"{task}.py")
    assert f"task        {task};" in printed
    assert says in printed


@pytest.mark.slow
def test_the_starter_of_own_texts_runs_on_them_and_says_what_is_missing(
    empty: Path, command: Callable[..., str], mistake: Callable[..., str]
) -> None:
    command("new", "parallel")
    missing = mistake("describe", "parallel.py")
    assert missing.startswith("task parallel reads train.en, train.de, val.en, val.de, test.en")
    few = ["--task.vocabulary", "320", "--supernet.batch_size", "40", "--retrain.batch_size", "40"]
    Path("texts").mkdir()
    write_pairs(Path("texts"))
    printed = command("describe", "parallel.py", "--data", "texts", *few)
    assert "task        parallel;" in printed


def test_a_file_that_is_there_stays(empty: Path, mistake: Callable[..., str]) -> None:
    Path("digits.py").write_text("mine")
    assert mistake("new", "digits") == (
        "digits.py is there already, and stays as it is; name another file: nas new digits FILE"
    )
    assert Path("digits.py").read_text() == "mine"
    assert mistake("new", "flowers").endswith("there are: cifar10, digits, parallel, phrases")
    assert mistake("new", "digits", "notes.txt") == "an experiment's file ends in .py; found notes.txt, name notes.py"
    assert [path.name for path in empty.iterdir()] == ["digits.py"]


def test_help_names_what_there_is() -> None:
    assert ", ".join(shipped_names()) in EXPERIMENT.help
    assert all(task in COMMANDS["new"].options[0].help for task in starters())


@pytest.mark.slow
def test_a_shipped_experiment_goes_by_its_name(empty: Path, command: Callable[..., str]) -> None:
    printed = command("run", "digits", *SMALL)
    assert "report   results/digits/report/index.html" in printed
    manifest = read_json(Path("results/digits/run.json"))
    assert (manifest["name"], manifest["experiment"]) == ("digits", "digits")
    assert "task        digits;" in command("describe", "digits:variants")
    # a folder of that name without a run gives way
    Path("digits").mkdir()
    assert "experiment  digits" in command("describe", "digits")
    command("train", "digits", *SMALL[:4], "--out", "again")
    assert Path("again/supernet.safetensors").is_file()


def test_the_folder_of_a_run_goes_before_a_shipped_experiment(
    empty: Path, finished: Path, command: Callable[..., str]
) -> None:
    Path("digits").symlink_to(finished)
    assert "experiment  tiny" in command("describe", "digits")


@pytest.mark.slow
def test_the_wheel_alone_runs_a_shipped_experiment_and_writes_starters(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    source = tmp_path / "source"
    # the build leaves folders in the tree that it builds
    source.mkdir()
    for name in ("nas", "experiments", "pyproject.toml", "README.md", "LICENSE"):
        subprocess.run(["cp", "-r", root / name, source], check=True)
    subprocess.run([*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", tmp_path / "site", wheel], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()

    def nas(*arguments: str) -> str:
        # without this checkout on the path
        program = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from nas.cli import main; main()"
        ended = subprocess.run(
            [sys.executable, "-P", "-c", program, *arguments],
            cwd=empty,
            capture_output=True,
            text=True,
            check=False,
            env={"OMP_NUM_THREADS": "1"},
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert "results/digits/report/index.html" in nas("run", "digits", *SMALL)
    assert Path(empty, "results/digits/experiment.py").read_text() == (root / "experiments/digits.py").read_text()
    for task in starters():
        nas("new", task)
    assert "897 train" in nas("describe", "digits.py")
