"""The guide's commands, in its order, with few steps."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.describe.diagram import PLAIN, diagram
from nas.runs.run import Run
from nas.search_space import architecture_id
from tests.docs.guides import ROOT, blocks, commands

GUIDE = "first-search.md"
# seconds instead of minutes
SHORT = shlex.split(
    "--supernet.steps 30 --supernet.warmup_steps 3 --evaluations 6 --anchors 1 --selection.top 1 --selection.seeds 1 "
    "--selection.homogeneous false --selection.hybrids false --retrain.steps 20 --retrain.warmup_steps 2 --workers 1"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which holds the experiments alone."""
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def of_this_run(words: list[str]) -> list[str]:
    """The words with a network of the run for `ID`."""
    if "ID" not in words:
        return words
    return [word if word != "ID" else Run(Path("results/digits")).retrained()[0].id for word in words]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_guides_commands_run_in_their_order(
    folder: Path, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.report.lengths.measured.SECONDS_A_LENGTH", 0.1)
    look, run, *others = commands(GUIDE)
    (watch,) = commands(GUIDE, "sh watch")
    printed = {}
    for words in (look, run, watch, *others):
        assert words[0] == "nas"
        short = SHORT if words[1] == "run" else []
        printed[" ".join(words)] = command(*of_this_run(words)[1:], *short)
    assert "networks  results/digits/report/index.html" in printed[" ".join(watch)]
    assert "0 differ" in printed["nas reproduce results/digits --id ID"]
    assert "in all" in printed["nas describe network.json"]
    assert "costs at     256 tokens" in printed["nas describe results/digits ID --length 256"]
    assert json.loads(Path("network.json").read_text())["task"] == "digits"
    assert Path("results/compared/index.html").is_file()
    assert any(Path("results/digits/exports").iterdir())


def test_the_picture_in_the_guide_is_what_the_command_draws() -> None:
    run = Run(ROOT / "results" / "cifar10-cpu")
    (shown,) = blocks(GUIDE, "text")
    identifier = shown.split()[1]
    (architecture,) = [r.architecture for r in run.retrained() if architecture_id(r.architecture) == identifier]
    drawn = [line.plain.rstrip() for line in diagram(run.experiment.task, architecture, PLAIN)]
    assert shown.splitlines()[-len(drawn) :] == drawn
