"""A whole translation run, in one process, on Ray, and killed on the way: always to the same end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nas.system.files import read_lines
from tests.waiting import wait_until

EXPERIMENT = '''"""Numbers, from English to German."""

from nas.evaluators.bleu import Bleu
from nas.evaluators.flops import Flops
from nas.evaluators.likelihood import LogLikelihood
from nas.experiment import Experiment, Selection
from nas.models.decoding import Decoding
from nas.search_space.presets import tiny_translation
from nas.tasks.parallel import Parallel
from nas.training.settings import SupernetTraining, Training

experiment = Experiment(
    task=Parallel(vocabulary=400),
    space=tiny_translation(),
    supernet=SupernetTraining(steps=20, batch_size=60, learning_rate=3e-3, warmup_steps=5, rule="sandwich"),
    costs=(Flops(of="body"),),
    limits={"body_flops": 5e6},
    quality=LogLikelihood(),
    test_quality=Bleu(Decoding(beam=2, most_tokens=12)),
    evaluations=8,
    generation=4,
    anchors=1,
    retrain=Training(steps=30, batch_size=60, learning_rate=3e-3, warmup_steps=5, average=3, average_every=5),
    selection=Selection(top=1, homogeneous=False, finalists=2, arms=("scratch", "inherited")),
)
'''

# latencies take a moment a length instead of seconds
NAS = """
import nas.report.lengths.measured
from nas.cli import main

nas.report.lengths.measured.SECONDS_A_LENGTH = 0.2
main()
"""


def start(folder: Path, data: Path, out: str, *more: str) -> subprocess.Popen[str]:
    (folder / "counting.py").write_text(EXPERIMENT)
    return subprocess.Popen(
        [sys.executable, "-c", NAS, "run", "counting.py", "--data", str(data), "--out", out, "--workers", "2", *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    errors = process.communicate()[1]
    assert process.returncode == 0, errors


def outcome(run: Path) -> dict[str, Any]:
    """The results of a run, without the time that it took."""
    trials = [{**line, "seconds": 0} for line in read_lines(run / "trials.jsonl")]
    results = {}
    for path in sorted(run.glob("subnets/*/*/result.json")):
        result = json.loads(path.read_text())
        texts = (path.parent / "translations.txt").read_text(encoding="utf-8")
        results[str(path.relative_to(run))] = ({**result, "seconds": 0}, texts)
    baselines = json.loads((run / "run.json").read_text())["baselines"]
    return {"trials": trials, "results": results, "baselines": baselines}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, parallel_root: Path) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(start(folder, parallel_root, "run"))
    return outcome(folder / "run")


@pytest.mark.slow
def test_a_run_is_scored_by_sacrebleu_beside_its_baselines(undisturbed: dict[str, Any]) -> None:
    assert len(undisturbed["results"]) == 2
    for result, texts in undisturbed["results"].values():
        assert result["details"]["signature"].startswith("nrefs:1")
        assert result["details"]["averaged_snapshots"] == 3
        assert result["quality"] == result["details"]["bleu"]
        assert texts.count("\n") == 30
    assert set(undisturbed["baselines"]) == {"copying the source"}


@pytest.mark.slow
def test_a_run_on_ray_ends_as_one_without(tmp_path: Path, parallel_root: Path, undisturbed: dict[str, Any]) -> None:
    finish(start(tmp_path, parallel_root, "run", "--ray", "local"))
    assert outcome(tmp_path / "run") == undisturbed


@pytest.mark.slow
def test_a_run_that_was_killed_in_its_search_and_its_retraining_ends_as_one_that_was_not(
    tmp_path: Path, parallel_root: Path, undisturbed: dict[str, Any]
) -> None:
    for file in ("trials.jsonl", "subnets"):
        process = start(tmp_path, parallel_root, "run")
        wait_until((tmp_path / "run" / file).exists, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    finish(start(tmp_path, parallel_root, "run"))
    assert outcome(tmp_path / "run") == undisturbed
