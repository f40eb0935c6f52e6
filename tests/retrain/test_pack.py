"""Packed runs: a clone without any other weights can be reported, described, exported, checked and predicted with."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

import nas.retrain.pack
from nas.retrain.pack import pack
from nas.runs.packed import PackedWeights, halved, restored
from nas.runs.run import Run
from nas.runs.weights import packed_group

RESULTS = Path(__file__).parents[2] / "results"
PACKED_RUNS = sorted(path.parent for path in RESULTS.glob("*/packed.safetensors"))


@pytest.fixture
def packed(finished_copy: Path, tmp_path: Path) -> Run:
    """A run as a clone holds it: all its files but the weights in full precision."""
    pack(Run(finished_copy))
    for path in finished_copy.rglob("*.safetensors"):
        if path.name != "packed.safetensors":
            path.unlink()
    return Run(finished_copy)


def test_a_group_comes_back_and_only_floats_are_rounded(tmp_path: Path) -> None:
    weights = {"a": torch.tensor([1.0, 1 / 3]), "b.c": torch.tensor([7, 2**40]), "d": torch.tensor([True])}
    file = PackedWeights(tmp_path / "packed.safetensors")
    assert not file.has("one")
    assert file.read("one") == {}
    file.write({"one": halved(weights), "two": weights})
    assert file.is_half("one")
    assert not file.is_half("two")
    read = file.read("one")
    assert {name: each.dtype for name, each in read.items()} == {name: each.dtype for name, each in weights.items()}
    assert torch.equal(read["b.c"], weights["b.c"])
    assert read["a"][1] == torch.tensor(1 / 3).half().float()
    assert torch.equal(file.read("two")["a"], weights["a"])
    assert torch.equal(restored(halved(weights))["a"], read["a"])


@pytest.mark.slow
def test_a_clone_of_a_packed_run_is_used_without_training(
    packed: Run, tmp_path: Path, command: Callable[..., str]
) -> None:
    identifier = packed.retrained()[0].id
    before = {result.id: packed.best_training(result.id) for result in packed.retrained()}
    command("report", packed.folder, "--out", tmp_path / "report")
    assert (tmp_path / "report" / "index.html").is_file()
    assert identifier in command("describe", packed.folder, identifier)
    said = command("reproduce", packed.folder, "--id", identifier)
    best = before[identifier]
    assert f"agrees       {best.arm}-{best.seed} accuracy, test split" in said
    assert "agrees       inherited accuracy, search split" in said
    command("export", packed.folder, identifier)
    Image.new("L", (8, 8)).save(tmp_path / "image.png")
    assert "image.png" in command("predict", packed.export_folder(identifier), tmp_path / "image.png")


def test_each_network_is_packed_by_its_best_training_alone(packed: Run) -> None:
    for identifier in {result.id for result in packed.retrained()}:
        best = packed.best_training(identifier)
        for result in packed.retrained():
            if result.id == identifier:
                assert packed.has_subnet_weights(result) == (packed_group(result) == packed_group(best))


def test_weights_that_lose_by_rounding_keep_full_precision(
    finished_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(finished_copy)
    monkeypatch.setattr(nas.retrain.pack, "halved", lambda weights: {n: (0 * w).half() for n, w in weights.items()})
    found = pack(run)
    assert found.half == 0
    assert found.supernet == "the supernet in full precision"
    best = run.best_training(run.retrained()[0].id)
    full = run.subnet_weights(best)
    run.subnet_weights_file(best.architecture, best.arm, best.seed).unlink()
    assert all(torch.equal(full[name], each) for name, each in run.subnet_weights(best).items())
    assert not run.has_half_weights(best)


def test_a_large_supernet_is_left_out(finished_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(finished_copy)
    monkeypatch.setattr(nas.retrain.pack, "MOST_SUPERNET_BYTES", 100)
    assert "no supernet, since its 0.0 MB are more than" in pack(run).supernet
    run.supernet_file.unlink()
    assert not run.has_supernet()


def test_a_run_without_retrained_networks_or_weights_is_refused(
    finished_copy: Path, mistake: Callable[..., str]
) -> None:
    for path in finished_copy.glob("subnets/*/*/weights.safetensors"):
        path.unlink()
    assert "is missing; nas reproduce" in mistake("pack", finished_copy)
    shutil.rmtree(finished_copy / "subnets")
    assert "has no retrained network to pack; run nas retrain" in mistake("pack", finished_copy)


@pytest.mark.slow
@pytest.mark.parametrize("folder", PACKED_RUNS, ids=lambda folder: folder.name)
def test_a_committed_run_is_used_as_it_is_cloned(folder: Path, tmp_path: Path, command: Callable[..., str]) -> None:
    copied = shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("exports", "weights.*"))
    (copied / "supernet.safetensors").unlink(missing_ok=True)
    run = Run(copied)
    best = max((run.best_training(result.id) for result in run.retrained()), key=lambda result: result.search_quality)
    command("report", copied)
    command("describe", copied, best.id)
    assert ", 0 differ" in command("reproduce", copied, "--id", best.id)
    command("export", copied, best.id, "--formats", "none")
    assert (run.export_folder(best.id) / "model.safetensors").is_file()


def test_runs_of_the_demo_and_of_phrases_are_committed_with_their_weights() -> None:
    assert {"digits-cpu", "phrases"} <= {folder.name for folder in PACKED_RUNS}
