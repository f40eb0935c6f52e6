import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.cli import main
from nas.commands.words import COMMANDS

CIFAR = """
from dataclasses import replace
from nas.tasks.cifar10 import Cifar10

experiment = replace(experiment, task=Cifar10(patch_size=8), limits={})
"""


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND; see nas --help"),
        (["fly"], "argument COMMAND: invalid choice: 'fly'"),
        (["run"], "the following arguments are required: EXPERIMENT; see nas run --help"),
        (["run", "none.py"], "no experiment 'none.py'; name a Python file, or a shipped experiment: cifar10, dig"),
        (["run", "flowers"], "no experiment 'flowers'; name a Python file, or a shipped experiment: cifar10, digits,"),
        (["train", "digits:gpu"], "no experiment 'gpu' in digits; there are: experiment, variants"),
        (["compare", "digits", "--sed", "1"], "no setting --sed; there are: task, space"),
        (["run", "tiny.py:gpu"], "no experiment 'gpu' in tiny.py; there are: experiment"),
        (["run", "tiny.py", "more.py"], "unexpected argument 'more.py'; see nas run --help"),
        (["run", "tiny.py", "--workers", "none"], "argument --workers: 'none' must be a whole number"),
        (["run", "tiny.py", "--workers", "0"], "argument --workers: '0' must be a whole number from 1 to 100,000"),
        (["run", "tiny.py", "--sed", "1"], "no setting --sed; there are: task, space, supernet, retrain, evaluations"),
        (["run", "tiny.py", "--supernet.stps", "1"], "no setting --supernet.stps; there are: steps, batch_size"),
        (["run", "tiny.py", "--evaluations", "many"], "--evaluations 'many': expected a whole number"),
        (["run", "--evaluations", "1.5", "tiny.py"], "--evaluations '1.5': expected a whole number"),
        (["run", "tiny.py", "--evaluations"], "--evaluations has no value"),
        (["run", "tiny.py", "--supernet.steps", "2"], "warmup_steps = 4 must be"),
        (["run", "tiny.py", "--limits.flops", "100"], "limit flops <= 100 cannot be met: the smallest architecture"),
        (["train", "tiny.py", "--limits.flops", "1e2"], "limit flops <= 100 cannot be met: the smallest architecture"),
        (["describe", "tiny.py", "--limits.flops", "100"], "limit flops <= 100 cannot be met: the smallest"),
        (["run", "tiny.py", "--limits.joules", "9"], "limit on 'joules', which is not among the costs: flops, param"),
        (["run", "tiny.py", "--data", "data"], "task digits carries its data with it and reads no folder"),
        (["run", "cifar.py", "--data", "data"], "no folder data; --data needs the folder that holds cifar-10-batches"),
        (["describe", "cifar.py", "--data", "data"], "no folder data; --data needs the folder that holds cifar-10"),
        (["run", "cifar.py", "--data", "."], "no cifar-10-batches-py in .; --data needs the folder that holds"),
        (["run", "tiny.py", "--out", "tiny.py"], "tiny.py is a file, not a folder for a run; name another with --out"),
        (["train", "empty"], "no run in empty (no run.json); start one with nas run EXPERIMENT --out empty"),
        (["search", "empty"], "no run in empty (no run.json); start one with nas run EXPERIMENT --out empty"),
        (["search", "empty", "--seed", "1"], "unexpected argument '--seed'; see nas search --help"),
        (["retrain", "empty"], "no run in empty"),
        (
            ["retrain", "empty", "--top", "few"],
            "argument --top: 'few' must be a whole number from 1 to 100,000; see",
        ),
        (["export", "empty", "1a2b"], "no run in empty"),
        (["report", "empty"], "no run in empty"),
        (["report"], "the following arguments are required: RUN; see nas report --help"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_behind(
    tiny: Path, mistake: Callable[..., str], arguments: list[str], said: str
) -> None:
    Path("cifar.py").write_text(tiny.read_text() + CIFAR)
    Path("empty").mkdir()
    before = files(Path())
    assert mistake(*arguments).startswith(said)
    assert files(Path()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "tiny.py", "--out", "run", "--seed", "1"], "run holds a run with other settings (seed: 0 there, 1 as"),
        (["run", "run", "--seed", "1"], "run is a run, whose settings stay; change them with an experiment's file"),
        (["search", "run", "--data", "data"], "task digits carries its data with it and reads no folder"),
        (["retrain", "run", "--id", "abc"], "no network 'abc' among the trials of run"),
        (["retrain", "run", "--top", "0"], "argument --top: '0' must be a whole number from 1 to 100,000"),
        (["retrain", "run", "--arms", "warm"], "arms needs a tuple, each one of scratch, inherited; found ('warm',)"),
        (["export", "run", "abc"], "no retrained network 'abc' in run; there are: "),
    ],
)
def test_a_mistake_changes_nothing_in_a_run(
    tiny: Path, finished_copy: Path, mistake: Callable[..., str], arguments: list[str], said: str
) -> None:
    before = files(finished_copy)
    assert mistake(*arguments).startswith(said)
    assert files(finished_copy) == before


@pytest.mark.parametrize(
    ("name", "command_words", "said"),
    [
        ("run.json", "report run", "run/run.json is damaged"),
        ("supernet.safetensors", "search run --workers 1", "run/supernet.safetensors is damaged"),
        ("trials.jsonl", "report run", "run/trials.jsonl, line 5 is damaged"),
        ("subnets/*/scratch-0/result.json", "report run", "scratch-0/result.json is damaged"),
        ("subnets/*/*/weights.safetensors", "export run", "-0/weights.safetensors is damaged"),
        ("subnets/*/scratch-0/checkpoint.safetensors", "run run --workers 1", "checkpoint.safetensors is damaged"),
        ("supernet.checkpoint.safetensors", "train run", "run/supernet.checkpoint.safetensors is damaged"),
    ],
)
def test_a_truncated_file_is_one_line_with_its_path(
    tiny: Path, finished_copy: Path, mistake: Callable[..., str], name: str, command_words: str, said: str
) -> None:
    if name == "supernet.checkpoint.safetensors":
        (finished_copy / "supernet.safetensors").rename(finished_copy / name)
    if name.endswith("/checkpoint.safetensors"):
        for weights in finished_copy.glob("subnets/*/scratch-0/weights.safetensors"):
            weights.rename(weights.with_name("checkpoint.safetensors"))
            weights.with_name("result.json").unlink()
    if name == "supernet.safetensors":
        (finished_copy / "anchors.jsonl").unlink()
    for path in finished_copy.glob(name):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] + (b"\n" if name == "trials.jsonl" else b""))
    assert said in mistake(*command_words.split())


def test_a_mistake_shows_where_it_arose_if_asked(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_DEBUG", "1")
    with pytest.raises(ValueError, match="no setting --sed"):
        main(["run", "tiny.py", "--sed", "1"])


def test_the_real_command_ends_with_exit_code_2_and_one_line(tiny: Path) -> None:
    ended = python("-m", "nas", "run", "tiny.py", "--sed", "1")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith("nas: error: no setting --sed; there are: task, ")


def test_help_is_quick_because_it_loads_no_large_library() -> None:
    ended = python("-X", "importtime", "-m", "nas", "--help")
    assert ended.returncode == 0
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in ended.stderr.splitlines()}
    assert "argparse" in loaded
    assert not loaded & {"torch", "torchvision", "numpy", "sklearn", "matplotlib", "rich", "fvcore", "ray"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_function_and_help_with_examples(name: str, command: Callable[..., str]) -> None:
    assert callable(importlib.import_module(COMMANDS[name].module).FUNCTIONS[name])
    printed = command(name, "--help")
    assert f"usage: nas {name}" in printed
    assert all(example in printed for example in COMMANDS[name].examples)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)
