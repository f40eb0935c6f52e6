"""Supernet training under Ray Train, on a Ray of this machine: what a run's folder holds in the end."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from nas.experiment.loading import load
from nas.parallel.cluster import connected
from nas.runs.run import Run
from nas.supernet import on_ray as ray_train
from nas.supernet.distributed import Group
from nas.supernet.train import _trainee, train
from nas.system.files import read_lines
from nas.system.tensors import read_tensors
from tests.waiting import wait_until

EXPERIMENT = '''"""Digits, with mishaps in the workers."""

import os, signal
from dataclasses import dataclass
from pathlib import Path

import torch.distributed as dist

import nas.training.loop
from nas.experiment import Experiment
from nas.search_space.presets import tiny
from nas.tasks.digits import Digits
from nas.training.settings import SupernetTraining, Training

nas.training.loop.CHECKPOINT_SECONDS = 0.2


@dataclass(frozen=True)
class Fragile(Digits):
    killed_at: int | None = None
    """Step in which the second process ends for the first time."""
    broken: bool = False
    """Whether the second process fails in a way that another try might not meet."""
    missing: bool = False
    """Whether the second process finds no data."""

    def prepare(self):
        if self.missing and second():
            raise ValueError("no data here")
        return super().prepare()

    def train_batch(self, step, batch_size, seed):
        if step == self.killed_at and second() and not Path("killed").exists():
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.broken and second():
            raise RuntimeError("not enough memory")
        return super().train_batch(step, batch_size, seed)


def second():
    return dist.is_initialized() and dist.get_rank() == 1


training = Training(steps=10, batch_size=16, learning_rate=4e-3, warmup_steps=1)
experiment = Experiment(
    task=Fragile(patch_size=4), space=tiny(), evaluations=1, retrain=training,
    supernet=SupernetTraining(steps=120, batch_size=16, learning_rate=4e-3, warmup_steps=4),
)
'''
COMMAND = """
import sys
from pathlib import Path
from nas.runs.run import Run
from nas.supernet.train import train

if __name__ == "__main__":
    try:
        train(Run(Path(sys.argv[1])), processes=2)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.fixture
def new_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Makes runs of the experiment, with settings changed, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fragile.py").write_text(EXPERIMENT)

    def make(name: str, **overrides: str) -> Run:
        return Run.create(Path(name), load("fragile.py"), "fragile.py", overrides, None, "nas train fragile.py")

    return make


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    with connected("local", 2):
        yield


def test_a_shipped_experiment_needs_nothing_of_the_runs_folder(new_run: Callable[..., Run], tmp_path: Path) -> None:
    run = new_run("run", **{"supernet.batch_size": "8", "seed": "3"})
    shipped, expected = run.recipe, run.experiment
    for path in (run.folder / "experiment.py", run.folder / "run.json", tmp_path / "fragile.py"):
        path.unlink()
    found = shipped.experiment()
    assert (found.supernet, found.space, found.seed) == (expected.supernet, expected.space, 3)
    trainee = _trainee(shipped, str(tmp_path), Group(0, 1))
    assert (trainee.training.batch_size, trainee.seed) == (8, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_a_training_whose_worker_is_killed_ends_as_one_that_went_through(
    new_run: Callable[..., Run], caplog: pytest.LogCaptureFixture
) -> None:
    whole, cut = new_run("whole"), new_run("cut", **{"task.killed_at": "100"})
    train(whole, processes=2)
    caplog.clear()
    with caplog.at_level(logging.INFO, "nas"):
        train(cut, processes=2)
    assert Path("killed").exists()
    assert any("resumed supernet.checkpoint.safetensors at step" in line for line in caplog.messages)
    assert not cut.supernet_checkpoint.exists()
    assert [line["step"] for line in read_lines(cut.supernet_log)] == [50, 100, 120]
    for name, tensor in whole.supernet_state().items():
        assert torch.equal(tensor, cut.supernet_state()[name]), name


@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_a_mistake_in_one_worker_is_the_commands_error(new_run: Callable[..., Run]) -> None:
    with pytest.raises(ValueError, match=r"^no data here$"):
        train(new_run("run", **{"task.missing": "true"}), processes=2)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_here")
def test_workers_that_fail_again_and_again_end_the_command_in_one_line(
    new_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_train, "RESTARTS", 1)
    expected = r"^workers of the training ended, also after 1 restarts: not enough memory; .* goes on from it$"
    with pytest.raises(ChildProcessError, match=expected):
        train(new_run("run", **{"task.broken": "true"}), processes=2)


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_from_which_one_process_goes_on(new_run: Callable[..., Run]) -> None:
    run = new_run("run", **{"supernet.steps": "100_000"})
    Path("command.py").write_text(COMMAND)
    process = subprocess.Popen(
        [sys.executable, "command.py", "run"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: len(read_lines(run.supernet_log)) >= 3, process)
    # to every process of the terminal, as Ctrl-C
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    state, metadata = read_tensors(run.supernet_checkpoint)
    logged = read_lines(run.supernet_log)[-1]["step"]
    assert logged <= int(metadata["step"]) < logged + 50
    assert max(int(count) for name, count in state.items() if name.startswith("optimizer/steps")) == int(
        metadata["step"]
    )
