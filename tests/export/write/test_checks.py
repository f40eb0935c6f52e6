"""Nothing is an export that does not compute what the retrained network computes, or not as well as was recorded."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import nas.export.write.forms
import nas.export.write.whole
from nas.export.write.checks import ELSEWHERE, check_difference, check_slices, real_inputs
from nas.export.write.programs import write_onnx, write_pt2
from nas.export.write.whole import export
from nas.runs.records import Retrained
from nas.runs.run import Run
from nas.system.tensors import read_tensors, write_tensors


@pytest.fixture
def run(finished_copy: Path) -> Run:
    return Run(finished_copy)


@pytest.fixture
def best(run: Run) -> Retrained:
    return max(run.retrained(), key=lambda result: result.search_quality)


def test_what_was_checked_stands_in_the_config(run: Run, best: Retrained) -> None:
    config = json.loads((export(run, best.id, formats=("pt2",)) / "config.json").read_text())
    checks = config["checks"]
    assert checks["reloaded"] == 0
    assert checks["supernet"] <= 1e-6
    assert checks["pt2"] <= 1e-4
    assert checks["search_accuracy"] == best.search_quality
    weights = run.subnet_weights(best)
    numbers = sum(tensor.numel() for tensor in weights.values())
    header = 8 + int.from_bytes((run.export_folder(best.id) / "model.safetensors").read_bytes()[:8], "little")
    assert checks["bytes"] == config["files"]["model.safetensors"]["bytes"] == header + 4 * numbers


def test_a_recorded_quality_that_the_weights_do_not_have_is_refused(run: Run, best: Retrained) -> None:
    before = export(run, best.id, formats=())
    config = (before / "config.json").read_bytes()
    # the wrong record is also the best one
    run.save_subnet(replace(best, search_quality=best.search_quality + 0.01), run.subnet_weights(best))
    found, recorded = best.search_quality, best.search_quality + 0.01
    said = rf"has accuracy {found:.6g} on the search split, where {recorded:.6g} was recorded, on the same device"
    with pytest.raises(ValueError, match=said):
        export(run, best.id, formats=())
    # the export of before is still there, and nothing else
    assert (before / "config.json").read_bytes() == config
    assert [path.name for path in before.parent.iterdir()] == [best.id]


def test_on_another_device_a_few_examples_may_come_out_otherwise(run: Run, best: Retrained) -> None:
    weights = run.subnet_weights(best)
    elsewhere = replace(best, device="another", search_quality=best.search_quality + 0.9 * ELSEWHERE)
    run.save_subnet(elsewhere, weights)
    export(run, best.id, formats=())
    run.save_subnet(replace(elsewhere, search_quality=best.search_quality + 1.1 * ELSEWHERE), weights)
    with pytest.raises(ValueError, match=r"was recorded, on .* instead of another"):
        export(run, best.id, formats=())


def test_weights_that_changed_after_the_training_are_refused(run: Run, best: Retrained) -> None:
    weights = run.subnet_weights(best)
    run.save_subnet(best, {name: tensor + 0.3 * torch.randn_like(tensor) for name, tensor in weights.items()})
    with pytest.raises(ValueError, match=rf"has accuracy .*, where {best.search_quality:.6g} was recorded"):
        export(run, best.id, formats=())
    assert not (run.folder / "exports" / best.id).exists()


@pytest.mark.parametrize("form", ["pt2", pytest.param("onnx", marks=pytest.mark.slow)])
def test_a_program_of_other_weights_is_refused(
    run: Run, best: Retrained, form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Callable[..., None] = {"pt2": write_pt2, "onnx": write_onnx}[form]

    def write_other(program: Any, path: Path) -> None:
        other = copy.deepcopy(program.module)
        with torch.no_grad():
            other.head.classes.bias.add_(0.05)
        write(replace(program, module=other), path)

    monkeypatch.setattr(nas.export.write.forms, f"write_{form}", write_other)
    with pytest.raises(ValueError, match=rf"model\.{form} differs from the retrained network by 0\.05, more than"):
        export(run, best.id, formats=(form,))
    assert not run.export_folder(best.id).exists()


def test_a_file_with_more_than_its_numbers_is_refused(
    run: Run, best: Retrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_more(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
        write_tensors(path, {name: tensor.double() for name, tensor in tensors.items()}, metadata)

    monkeypatch.setattr(nas.export.write.whole, "write_tensors", write_more)
    with pytest.raises(ValueError, match=r"model\.safetensors has .* bytes, which are not .* numbers of 4 bytes and a"):
        export(run, best.id, formats=())


def test_a_supernet_that_is_there_is_compared_and_none_is_no_error(run: Run, best: Retrained) -> None:
    inputs = real_inputs(run.experiment.task, None)
    assert [len(x[0]) for x in inputs] == [32, 30, 1]
    difference = check_slices(run, best.architecture, inputs)
    assert difference is not None
    assert difference <= 1e-6
    (run.folder / "supernet.safetensors").unlink()
    assert check_slices(run, best.architecture, inputs) is None
    assert json.loads((export(run, best.id, formats=()) / "config.json").read_text())["checks"]["supernet"] is None


def test_a_difference_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.pt2 differs from the retrained network by nan, more than 0\.0001"):
        check_difference("model.pt2", float("nan"), 1e-4)


def test_a_run_with_a_damaged_supernet_is_refused(run: Run, best: Retrained) -> None:
    path = run.folder / "supernet.safetensors"
    tensors, metadata = read_tensors(path)
    write_tensors(path, dict(list(tensors.items())[1:]), metadata)
    with pytest.raises(ValueError, match="the trained supernet is not of this experiment's space"):
        export(run, best.id, formats=())
