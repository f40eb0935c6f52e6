"""Images are classified by ONNX Runtime as by torch, and where there is no torch."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nas
from nas.export.families.vision_transformer.predict import Pixels, network_input
from nas.export.predict.predict import predict
from nas.export.read.config import read_config
from nas.export.read.onnx_model import OnnxModel
from nas.tasks.digits import Digits

ROOT = Path(__file__).parents[3]
LOADED_ELSEWHERE = (
    "torch",
    "torchvision",
    "safetensors",
    "sentencepiece",
    "fvcore",
    "ray",
    "optuna",
    "sklearn",
    "rich",
)


@pytest.fixture
def digits(tmp_path: Path) -> list[Path]:
    """Files of twelve digits, whose 17 shades are spread over all 256."""
    images_NCHW, _, rows = Digits().split("test")
    paths = [tmp_path / f"{number}.png" for number in range(12)]
    for path, row in zip(paths, rows, strict=False):
        Image.fromarray((images_NCHW[row, 0].float() * 255 / 16).round().to(torch.uint8).numpy()).save(path)
    return paths


def same(lines: list[str], others: list[str], most: float) -> bool:
    """Whether files and classes are equal, and probabilities nearly."""
    rows, other_rows = ([line.split("\t") for line in each] for each in (lines, others))
    near = all(abs(float(a[2]) - float(b[2])) <= most for a, b in zip(rows, other_rows, strict=True))
    return near and [row[:2] for row in rows] == [row[:2] for row in other_rows]


def test_pixels_are_prepared_as_the_task_prepares_them(classifier: Path) -> None:
    images_NCHW, _, rows = Digits().split("test")
    pixels = Pixels(*read_config(classifier).preprocessing(*Pixels._fields))
    (expected_NCHW,) = next(Digits().batches("test", 20)).inputs
    for row, expected_CHW in zip(rows, expected_NCHW, strict=False):
        image = Image.fromarray((images_NCHW[row, 0].float() * 255 / 16).round().to(torch.uint8).numpy())
        np.testing.assert_allclose(network_input(image, pixels)[0], expected_CHW.numpy(), rtol=0, atol=1e-6)


def test_every_backend_finds_the_same(classifier: Path, digits: list[Path]) -> None:
    by_torch, by_onnx, by_int8 = (
        list(predict(classifier, digits, {"backend": each})) for each in ("torch", "onnx", "int8")
    )
    assert same(by_onnx, by_torch, 1e-4)
    assert list(predict(classifier, digits)) == by_onnx
    # with weights of 8 bits a network that has hardly been trained may waver
    assert all(
        abs(float(a.split("\t")[2]) - float(b.split("\t")[2])) < 0.05 for a, b in zip(by_int8, by_onnx, strict=True)
    )
    assert by_int8 != by_onnx
    (images,) = next(Digits().batches("test", 50)).inputs
    with torch.no_grad():
        expected = nas.load(classifier)(images).numpy()
    np.testing.assert_allclose(OnnxModel(read_config(classifier))(images.numpy()), expected, rtol=0, atol=1e-4)


def test_the_command_classifies_images_where_torch_cannot_be_imported(classifier: Path, digits: list[Path]) -> None:
    blocked = f"import sys; sys.modules.update(dict.fromkeys({LOADED_ELSEWHERE})); from nas.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, "predict", str(classifier), *map(str, digits)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert same(done.stdout.splitlines(), list(predict(classifier, digits, {"backend": "torch"})), 1e-4)


@pytest.mark.slow
def test_a_fresh_environment_without_torch_classifies_images(
    classifier: Path, digits: list[Path], tmp_path: Path
) -> None:
    # a copy, since building leaves files beside the source
    shutil.copytree(ROOT / "nas", tmp_path / "source" / "nas", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, tmp_path / "source" / name)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    # as docs/exporting.md says
    subprocess.run([*install, "--no-deps", tmp_path / "source"], check=True)
    subprocess.run([*install, "numpy", "pillow", "onnxruntime"], check=True)
    there = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    assert "torch" not in there.stdout
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "nas", "predict", classifier, *digits],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert same(done.stdout.splitlines(), list(predict(classifier, digits, {"backend": "torch"})), 1e-4)


def test_a_mistake_about_backends_is_one_line(
    classifier_copy: Path, translator: Path, digits: list[Path], mistake: Callable[..., str]
) -> None:
    folder = classifier_copy
    (export,) = (translator / "exports").iterdir()
    assert mistake("predict", folder, digits[0], "--backend", "gpu").startswith(
        "argument --backend: 'gpu' is none of onnx, int8, torch"
    )
    assert mistake("predict", export, "--backend", "onnx") == "argument --backend: 'onnx' is none of torch"
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-9])
    assert "model.onnx is damaged: its sha256 is " in mistake("predict", folder, digits[0])
    path.unlink()
    said = mistake("predict", folder, digits[0])
    assert said == f"{path} is missing; write the export again with nas export RUN ID"
    (folder / "model.safetensors").unlink()
    assert "model.safetensors is missing" in mistake("predict", folder, digits[0], "--backend", "torch")


def test_an_export_without_onnx_is_classified_by_torch_and_says_how_to_write_it(
    finished_copy: Path, digits: list[Path], command: Callable[..., str], mistake: Callable[..., str]
) -> None:
    command("export", finished_copy, "--formats", "none")
    (export,) = (finished_copy / "exports").iterdir()
    assert command("predict", export, digits[0]) == "".join(
        f"{x}\n" for x in predict(export, digits[:1], {"backend": "torch"})
    )
    said = mistake("predict", export, digits[0], "--backend", "onnx")
    assert said == f"{export} has no ONNX program; write it with nas export RUN ID"
    said = mistake("predict", export, digits[0], "--backend", "int8")
    assert said == f"{export} has no ONNX program of int8; write it with nas export RUN ID --int8"


def test_without_onnx_runtime_it_says_what_to_install(
    classifier: Path, digits: list[Path], mistake: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(predict(classifier, digits, {"backend": "torch"}))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert list(predict(classifier, digits)) == expected
    said = mistake("predict", classifier, digits[0], "--backend", "onnx")
    assert said.endswith("model.onnx is run by ONNX Runtime, which is not installed: pip install onnxruntime")
    monkeypatch.setitem(sys.modules, "torch", None)
    said = mistake("predict", classifier, digits[0])
    assert said.endswith("is run by torch, which is not installed: pip install onnxruntime")
