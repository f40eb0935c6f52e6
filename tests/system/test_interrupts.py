"""Commands that are stopped at any moment, by Ctrl-C or by kill -9, and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nas.system.devices import threads
from nas.system.files import read_lines
from nas.system.interrupts import deferred_interrupts
from nas.system.tensors import read_tensors

SETTINGS = ["--supernet.steps", "200", "--evaluations", "30", "--retrain.steps", "200"]
"""Enough of each phase that a stop falls inside it; a training logs a line every 50 steps."""
STOPPED = "nas: stopped; nothing is lost: the same command goes on"


def test_a_signal_inside_is_noted_and_a_second_one_interrupts_at_once() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with deferred_interrupts() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGTERM)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


class Command:
    """A running command, alone in its group of processes as under a terminal."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nas", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> None:
        errors = self.process.communicate()[1]
        assert self.process.returncode == 0, errors

    def stop(self, number: signal.Signals, when: Callable[[], bool]) -> list[str]:
        """Send the signal as soon as `when`, Ctrl-C to all processes as a terminal does; returns lines of errors."""
        while not when():
            assert self.process.poll() is None, f"ended before it could be stopped: {self.process.communicate()[1]}"
            time.sleep(0.002)
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        expected = {signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}[number]
        errors = self.process.communicate()[1]
        assert self.process.returncode == expected, errors
        assert "Traceback" not in errors
        return errors.splitlines()


def logged(path: Path, lines: int) -> Callable[[], bool]:
    return lambda: path.is_file() and path.read_bytes().count(b"\n") >= lines


def found(folder: Path) -> dict[str, Any]:
    """The results of a run, without the time that they took."""
    values: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".safetensors":
            values[name] = {key: tensor.numpy().tobytes() for key, tensor in read_tensors(path)[0].items()}
        elif path.name in ("trials.jsonl", "anchors.jsonl", "scores.jsonl") or path.match("comparison/*.jsonl"):
            values[name] = [{**line, "seconds": None} for line in read_lines(path)]
        elif path.name == "supernet.visits.json":
            values[name] = json.loads(path.read_text())
        elif path.name == "result.json":
            values[name] = {**json.loads(path.read_text()), "seconds": None}
        elif path.name.endswith("log.jsonl"):
            # the mean of the line in which a training was resumed is over fewer steps
            values[name] = [line["step"] for line in read_lines(path)]
    return values


@pytest.mark.slow
def test_a_run_stopped_in_every_phase_ends_as_one_that_was_not(tiny: Path, command: Callable[..., str]) -> None:
    with threads(1):
        command("train", "tiny.py", "--out", "whole", *SETTINGS)
        command("search", "whole", "--workers", "1")
        command("retrain", "whole", "--workers", "1")

    cut, run = Path("cut"), ["run", "tiny.py", "--out", "cut", *SETTINGS]
    log, checkpoint = cut / "supernet.log.jsonl", cut / "supernet.checkpoint.safetensors"

    said = Command("train", "tiny.py", "--out", "cut", *SETTINGS).stop(signal.SIGINT, logged(log, 1))
    assert said[-1] == STOPPED
    assert 50 <= int(read_tensors(checkpoint)[1]["step"]) < 200
    lines = len(read_lines(log))
    Command(*run).stop(signal.SIGKILL, logged(log, lines + 1))
    assert checkpoint.exists()
    Command(*run, "--workers", "1").stop(signal.SIGKILL, logged(cut / "trials.jsonl", 3))
    assert 3 <= len(read_lines(cut / "trials.jsonl")) < 30

    def trainings() -> set[Path]:
        return {path.parent for path in cut.glob("subnets/*/*/log.jsonl") if logged(path, 1)()}

    Command(*run, "--workers", "1").stop(signal.SIGKILL, lambda: len(trainings()) == 1)
    (first,) = trainings()
    assert not (first / "result.json").exists()
    # two workers: the second begins what was not begun before
    said = Command("retrain", "cut", "--workers", "2").stop(signal.SIGINT, lambda: len(trainings()) == 2)
    assert said[-1] == STOPPED
    (second,) = trainings() - {first}
    assert (second / "checkpoint.safetensors").exists()
    assert not (second / "result.json").exists()

    Command(*run, "--workers", "1").finish()
    ended, expected = found(cut), found(Path("whole"))
    assert {name: value for name, value in ended.items() if not name.startswith("exports")} == expected
    assert len(expected["trials.jsonl"]) == 30
    assert sum(name.endswith("result.json") for name in expected) == 2
