"""A model family from outside the package, by its row alone: searched, exported, loaded, predicted with, described."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_diabetes

import nas
from nas.describe.network import find_network
from nas.runs.run import Run
from tests.families.diabetes.model import Regressor
from tests.families.diabetes.task import R2, Diabetes

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXPERIMENT = ROOT / "tests" / "families" / "diabetes" / "diabetes.py"
ROW = "tests.families.diabetes.row"
LACKS = "exports     regressor: no ONNX program, no weights of 8 bits, no FLOPs at other lengths"


def ended(*arguments: object, families: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The real command, in a process that knows of no family from outside but those named."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "NAS_FAMILIES": families}
    words = [sys.executable, "-m", "nas", *map(str, arguments)]
    return subprocess.run(words, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The folder of a whole run, and what was printed and logged."""
    folder = tmp_path_factory.mktemp("diabetes") / "run"
    done = ended("run", EXPERIMENT, "--workers", "1", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, done.stderr


@pytest.fixture(scope="module")
def exported(ran: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a network of the front, far from its run."""
    folder = next(path for path in (ran[0] / "exports").iterdir() if (path / "model.pt2").is_file())
    return shutil.copytree(folder, tmp_path_factory.mktemp("export") / folder.name)


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    raw_NF, _ = load_diabetes(return_X_y=True, scaled=False)
    path = tmp_path / "patients.csv"
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in raw_NF[:5]))
    return path


def test_the_package_does_not_name_the_family() -> None:
    for path in (ROOT / "nas").rglob("*.py"):
        assert "diabetes" not in path.read_text(encoding="utf-8"), path
        assert '"regressor"' not in path.read_text(encoding="utf-8"), path


def test_a_run_ends_with_a_report_and_exports_and_says_first_what_they_lack(ran: tuple[Path, str, str]) -> None:
    folder, printed, logged = ran
    run = Run(folder)
    assert len(run.trials()) == 8
    assert (folder / "report" / "index.html").is_file()
    assert f"exports  {folder}/exports; nas predict FOLDER reads lines of numbers, nas.load(FOLDER)" in printed
    assert logged.splitlines()[0] == LACKS
    assert {path.name for path in (folder / "exports").iterdir()} == {result.id for result in run.retrained()}


def test_an_export_says_what_it_is(exported: Path, ran: tuple[Path, str, str]) -> None:
    config = json.loads((exported / "config.json").read_text())
    assert (config["family"], config["family_module"]) == ("regressor", ROW)
    assert config["settings"] == {"features": 10}
    (result,) = [each for each in Run(ran[0]).retrained() if each.id == exported.name]
    card = (exported / "README.md").read_text()
    widths = result.architecture
    for said in (f"| 1 | {widths.first} |", f"| 2 | {widths.second} |", f"| r2, test split | {result.quality:.4f} |"):
        assert said in card
    assert "FLOPs by length" not in card
    assert "pipeline_tag" not in card
    # every multiply-add of three linear layers
    assert config["costs"]["flops"] == 10 * widths.first + widths.first * widths.second + widths.second


def test_a_loaded_network_is_the_family_s_and_as_good_as_recorded(exported: Path, ran: tuple[Path, str, str]) -> None:
    network = nas.load(exported)
    assert isinstance(network, Regressor)
    (result,) = [each for each in Run(ran[0]).retrained() if each.id == exported.name]
    assert R2()(Diabetes(), network, "test") == pytest.approx(result.quality, abs=1e-5)
    # far better than the mean of the targets, which has 0
    assert result.search_quality > 0.2


def test_numbers_go_in_and_numbers_come_out(exported: Path, patients: Path) -> None:
    raw_NF, targets_N = load_diabetes(return_X_y=True, scaled=False)
    weights = load_file(exported / "model.safetensors")
    x = torch.from_numpy((raw_NF[:5] - raw_NF.mean(0)) / raw_NF.std(0)).float()
    for name in ("first", "second"):
        x = torch.relu(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])
    x = x @ weights["output.weight"].T + weights["output.bias"]
    expected = x[:, 0].numpy() * targets_N.std() + targets_N.mean()
    done = ended("predict", exported, patients, "--digits", "4", families=ROW)
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_allclose([float(line) for line in done.stdout.splitlines()], expected, rtol=0, atol=1e-2)
    rounded = ended("predict", exported, patients, families=ROW).stdout.splitlines()
    assert rounded == [f"{float(line):.1f}" for line in done.stdout.splitlines()]


def test_an_export_alone_decides_nothing_that_is_imported(exported: Path, patients: Path) -> None:
    said = f"{exported}/config.json: no family 'regressor'; there are: seq2seq, vision_transformer"
    said += f"; if you trust {ROW}, set NAS_FAMILIES={ROW}\n"
    for arguments in (("predict", exported, patients), ("describe", exported)):
        done = ended(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"nas: error: {said}")
    loading = f"import nas; nas.load({str(exported)!r})"
    environment = {name: value for name, value in os.environ.items() if name != "NAS_FAMILIES"}
    alone = subprocess.run(
        [sys.executable, "-c", loading],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.stderr.endswith(f"ValueError: {said}")


def test_experiment_run_and_export_are_described(exported: Path, ran: tuple[Path, str, str]) -> None:
    assert LACKS in ended("describe", EXPERIMENT).stdout.splitlines()
    of_run = ended("describe", ran[0], exported.name).stdout
    assert "costs at     10 measurements" in of_run
    assert ended("describe", exported, families=ROW).stdout == of_run
    path = exported.parent / "architecture.json"
    ended("export", ran[0], exported.name, "--architecture-only", "--to", path)
    assert ended("describe", path, families=ROW).stdout == of_run
    network = find_network(str(exported), None, None)
    assert network is not None
    assert network.architecture in [result.architecture for result in Run(ran[0]).retrained()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "RUN", "--int8"), "networks of family regressor have no weights of 8 bits; leave out --int8"),
        (("export", "RUN", "--formats", "onnx"), "no format 'onnx'; there are: pt2"),
        (("predict", "EXPORT", "--beam", "2"), "EXPORT predicts numbers; there is no option --beam: it takes --digits"),
        (
            ("predict", "EXPORT", "--digits", "0"),
            "argument --digits: '0' must be a whole number of 1 or more, of at most 9 digits",
        ),
        (("predict", "EXPORT", "BAD"), "'1,x' is no line of 10 numbers with commas between"),
        (("describe", "EXPORT", "--length", "9"), "task diabetes has inputs of one length, so no costs at 9 tokens"),
    ],
)
def test_what_the_family_does_not_have_is_one_line(
    ran: tuple[Path, str, str],
    exported: Path,
    tmp_path: Path,
    mistake: Callable[..., str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    (tmp_path / "bad.csv").write_text("1,x\n")
    paths = {"RUN": str(ran[0]), "EXPORT": str(exported), "BAD": str(tmp_path / "bad.csv")}
    found = mistake(*(paths.get(word, word) for word in arguments))
    assert found == said.replace("EXPORT", str(exported))
