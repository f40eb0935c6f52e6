"""The working directories of guides: experiments, and short runs of them that were made once for all."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from nas.cli import main
from nas.tasks.digits import Digits
from tests.conftest import made_once
from tests.docs.guides import ROOT, short


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the experiments and an image of a digit."""
    shutil.copytree(ROOT / "experiments", tmp_path / "experiments")
    image_HW = (Digits().split("test").images_NCHW[0, 0].float() * 255 / 16).round().to(torch.uint8)
    Image.fromarray(image_HW.numpy()).save(tmp_path / "scan.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def have_run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Puts the run of an experiment, such as `digits`, into the working directory."""

    def put(name: str) -> None:
        def make(made: Path) -> None:
            shutil.copytree(folder / "experiments", made / "experiments")
            with contextlib.chdir(made), pytest.raises(SystemExit, match=r"^0$"):
                main(short(["nas", "run", f"experiments/{name}.py"]))

        made = made_once(tmp_path_factory, f"guides-{name}", make)
        shutil.copytree(made / "results" / name, folder / "results" / name)

    return put
