"""Retraining as trials of Ray Tune, against retraining on this machine."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas.experiment import Selection
from nas.experiment.loading import load
from nas.parallel.map import Workers
from nas.retrain.choose import Selected, choose
from nas.retrain.retrain import retrain
from nas.retrain.training import Halving
from nas.runs.run import Run
from nas.search.loop import search
from nas.supernet.train import train
from nas.system.files import read_lines

BOTH = Selection(top=2, homogeneous=False, arms=("scratch", "inherited"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A Ray that all trainings of this file use."""
    import nas.parallel.cluster  # noqa: F401  # isort: skip
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield str(cluster.address)
    cluster.shutdown()


@pytest.fixture
def untrained(finished: Path, tmp_path: Path) -> list[Run]:
    """Runs that were searched, and nothing of them retrained."""
    folders = [shutil.copytree(finished, tmp_path / name) for name in ("here", "ray")]
    for folder in folders:
        shutil.rmtree(folder / "subnets")
    return [Run(folder) for folder in folders]


def results(run: Run) -> list[Any]:
    """Everything but the time that it took, to the bit."""
    return [
        (replace(each, seconds=0.0), {name: t.numpy().tobytes() for name, t in run.subnet_weights(each).items()})
        for each in run.retrained()
    ]


@pytest.mark.slow
def test_networks_are_those_that_are_trained_here(
    untrained: list[Run], address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    here, there = untrained
    retrain(here, choose(here, BOTH), 1, BOTH)
    capfd.readouterr()
    retrain(there, choose(there, BOTH), Workers(2, address), BOTH)
    said = capfd.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert results(there) == results(here)
    assert len(results(there)) == 4
    logs = [sorted(run.folder.glob("subnets/*/*/log.jsonl")) for run in untrained]
    assert [read_lines(path) for path in logs[1]] == [read_lines(path) for path in logs[0]]
    assert not list(there.folder.glob("subnets/*/*/checkpoint*")), "a finished training needs none"


DIES_ONCE = '''

import os, signal
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Deadly(Digits):
    """Kills the process in step 150 of the first training that comes to it."""

    def train_batch(self, step, batch_size, seed):
        if step == 150 and not Path("killed").exists():
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().train_batch(step, batch_size, seed)


experiment = replace(experiment, task=Deadly(patch_size=4))
'''


@pytest.mark.slow
def test_a_trial_whose_worker_is_killed_goes_on_from_its_checkpoint(
    tiny: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_text(tiny.read_text() + DIES_ONCE)
    one = Selection(top=1, homogeneous=False)
    here = Run.create(Path("here"), load("tiny.py"), "tiny.py", {"retrain.steps": "200"}, None, "nas run tiny.py")
    train(here)
    search(here, Workers(1))
    shutil.copytree("here", "there")
    Path("killed").touch()
    retrain(here, choose(here, one), 1, one)
    Path("killed").unlink()

    there = Run(Path("there"))
    retrain(there, choose(there, one), Workers(1, address), one)
    assert Path("killed").exists()
    assert results(there) == results(here)


@pytest.mark.slow
def test_what_is_not_among_the_best_at_a_rung_is_stopped_and_recorded_as_such(
    untrained: list[Run], address: str
) -> None:
    run = untrained[0]
    choices = [Selected(trial.architecture, "chosen") for trial in run.trials()[:6]]
    # one at a time, so that which are stopped is known: each but the first meets those before it at the rung
    retrain(run, choices, Workers(1, address), Selection(), Halving(factor=2, first=0.5))
    assert Halving(factor=2, first=0.5).rungs(run.experiment.retrain.steps) == [5]
    stopped = {path.parent: json.loads(path.read_text()) for path in run.folder.glob("subnets/*/*/stopped.json")}
    assert stopped
    assert len(stopped) + len(run.retrained()) == 6
    for folder, record in stopped.items():
        assert record["step"] == 5
        assert not (folder / "result.json").exists()
    # asked for again, they stay stopped; without halving they are trained to their end
    retrain(run, choices, Workers(1, address), Selection(), Halving(factor=2, first=0.5))
    assert len(run.retrained()) == 6 - len(stopped)
    retrain(run, choices, 1, Selection())
    assert len(run.retrained()) == 6
    assert not list(run.folder.glob("subnets/*/*/stopped.json"))


@pytest.mark.slow
def test_a_mistake_ends_the_command_in_one_line_when_the_others_are_trained(untrained: list[Run], address: str) -> None:
    run = untrained[0]
    retrain(run, choose(run, BOTH), 1, BOTH)
    lost = run.retrained()[0]
    folder = run.subnet_folder(lost.architecture, lost.arm, lost.seed)
    (folder / "result.json").unlink()
    (folder / "checkpoint.safetensors").write_bytes((folder / "weights.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"1 of 1 trainings have no result; .*does not fit this experiment"):
        retrain(run, choose(run, BOTH), Workers(1, address), BOTH)
    assert len(run.retrained()) == 3


def test_stopping_early_and_ray_clients_are_refused_where_they_cannot_be(untrained: list[Run]) -> None:
    run = untrained[0]
    with pytest.raises(ValueError, match="done by Ray Tune; add --ray local"):
        retrain(run, choose(run, BOTH), 2, BOTH, Halving())
    with pytest.raises(ValueError, match="cannot be driven through ray://"):
        retrain(run, choose(run, BOTH), Workers(2, "ray://127.0.0.1:1"), BOTH)


def test_rungs_lie_a_factor_apart_and_below_the_end() -> None:
    # a ninth of 900, then three times as far; 2,700 is beyond the end
    assert Halving(factor=3).rungs(900) == [100, 300]
    assert Halving(factor=2, first=0.1).rungs(10) == [1, 2, 4, 8]
    with pytest.raises(ValueError, match="factor = 1"):
        Halving(factor=1)
