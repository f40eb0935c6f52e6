"""The guide's files and commands, as they stand in it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nas.experiment.costs import feasible_space
from nas.experiment.loading import load
from nas.runs.run import Run
from nas.strategies.named import STRATEGIES

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "searching.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the guide's file; its blocks are joined."""
    (tmp_path / "limits.py").write_text("\n".join(blocks("python")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_guide_names_every_strategy() -> None:
    table = "\n".join(line for line in GUIDE.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", table.replace("`cmaes` knows", ""))) == set(STRATEGIES)


def test_files_that_the_guide_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.slow
def test_the_limits_of_the_guide_let_some_networks_in_and_keep_some_out(folder: Path) -> None:
    space = feasible_space(load("limits.py").experiment)
    assert space.check_limits() == {"flops": True, "flops@256": True, "parameters": True}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_guides_commands_run_in_their_order(folder: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("nas ")]
    for command in [*commands, "nas run limits.py:cheapest"]:
        arguments = shlex.split(command)[1:]
        if arguments[0] in ("run", "train"):
            arguments += ["--supernet.steps", "60", "--retrain.steps", "30"]
        done = subprocess.run(
            [sys.executable, "-m", "nas", *arguments], capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
    again = Run(Path("results/again"))
    assert len(again.imported()) == len(Run(Path("results/limits")).trials()) == 40
    assert (Path("results/limits/comparison") / "comparison.svg").is_file()
    assert len(Run(Path("results/limits-cheapest")).trials()) == 20
