"""The README's commands, run in their order in a folder that holds only the experiments."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# minutes instead of a quarter of an hour
SHORT = shlex.split(
    "--supernet.steps 60 --supernet.warmup_steps 6 --evaluations 6 --anchors 1 --selection.top 1 "
    "--selection.homogeneous false --retrain.steps 60 --retrain.warmup_steps 6 --retrain.average_every 2"
)


def commands() -> list[str]:
    """Every `nas` command of the README's shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("nas ")]


def test_the_readme_names_every_command() -> None:
    named = {shlex.split(command)[1] for command in commands()}
    assert named == {"describe", "run", "train", "search", "compare", "study", "retrain", "export", "report"}
    assert "\nnas predict " in (ROOT / "README.md").read_text(encoding="utf-8")


def test_files_that_the_readme_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_readmes_commands_run_in_their_order(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    # what takes an hour, or reads data that is not here
    runnable = [command for command in commands() if "cifar10" not in command and "--data" not in command]
    for command in ["nas run experiments/digits.py", *runnable]:
        arguments = shlex.split(command)[1:] + (SHORT if "phrases" in command else [])
        done = subprocess.run(
            [sys.executable, "-m", "nas", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
    for run in ("digits", "second", "third", "phrases"):
        assert (tmp_path / "results" / run / "report" / "index.html").is_file()
    assert any((tmp_path / "results" / "third" / "exports").iterdir())
