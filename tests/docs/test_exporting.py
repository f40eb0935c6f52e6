"""The guide's commands and code, as they stand in it."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from nas.export.write.checks import PROGRAM, SAME
from nas.export.write.programs import OPSET
from nas.tasks.digits import Digits

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "exporting.md").read_text(encoding="utf-8")
# seconds instead of minutes
SHORT = (
    "--supernet.steps 20 --supernet.warmup_steps 2 --evaluations 4 --anchors 1 --selection.top 1 --selection.seeds 1"
)
SHORT += " --selection.homogeneous false --selection.arms scratch --retrain.steps 20 --retrain.warmup_steps 2"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line]


def test_the_guide_s_figures_are_those_of_the_code() -> None:
    assert f"opset {OPSET};" in GUIDE
    assert GUIDE.count(f"at most {SAME:.0e}".replace("e-0", "e-")) == 2
    assert f"at most {PROGRAM:.0e}, in float32".replace("e-0", "e-") in GUIDE


def test_files_that_the_guide_names_are_those_of_an_export(classifier: Path, translator: Path) -> None:
    named = set(re.findall(r"^\| `([\w.]+)` \|", GUIDE, re.MULTILINE))
    (translation,) = (translator / "exports").iterdir()
    assert named == {path.name for folder in (classifier, translation) for path in folder.iterdir()}


def test_the_guide_s_code_runs_on_an_export(classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export = shutil.copytree(classifier, tmp_path / "results" / "digits" / "exports" / "ID")
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
    assert tuple(getattr(names["scores"], "shape", ())) == (5, 10)
    assert {path.name for path in Path("copy").iterdir()} == {path.name for path in export.iterdir()}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_guide_s_commands_run_in_their_order(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    image_HW = (Digits().split("test").images_NCHW[0, 0].float() * 255 / 16).round().to(torch.uint8)
    Image.fromarray(image_HW.numpy()).save(tmp_path / "scan.png")
    for command in commands():
        if "nas run" in command:
            command += f" {SHORT}"
        for found in (tmp_path / "results" / "digits" / "exports").glob("*"):
            command = re.sub(r"\bID\b", found.name, command)
        arguments = shlex.split(command)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "nas", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if arguments[0] == "predict":
            assert re.fullmatch(r"scan\.png\t\d\t[01]\.\d{4}\n", done.stdout)
