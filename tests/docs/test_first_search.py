"""The guide's commands, in its order, with few steps."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.describe.diagram import PLAIN, diagram
from nas.runs.run import Run
from nas.search_space import architecture_id
from tests.docs.guides import ROOT, blocks, commands, short

GUIDE = "first-search.md"


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_guides_commands_run_in_their_order(have_run: Callable[[str], None], command: Callable[..., str]) -> None:
    have_run("digits")
    look, run, *others = commands(GUIDE)
    (watch,) = commands(GUIDE, "sh watch")
    printed = {" ".join(words): command(*short(words)) for words in (look, run, watch, *others)}
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
