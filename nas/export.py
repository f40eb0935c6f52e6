"""Exports: a retrained network as a folder that stands alone; exported.py says what is in it and reads it back."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from nas.evaluators.bleu import Bleu
from nas.exported import CONFIG, WEIGHTS, load
from nas.files import replacing, write_json, write_tensors, write_text
from nas.model_card import card
from nas.models.decoding import Decoding
from nas.retrained import Retrained
from nas.run import Run
from nas.search_space import to_json
from nas.tasks.base import Task
from nas.tasks.translation import TranslationTask

LARGEST_DIFFERENCE = 1e-5
CHECKED = {"examples": 32, "tokens": 2_000}
"""How much of the search split is computed twice, as batches count."""


def export(run: Run, identifier: str) -> Path:
    """Write the retrained network `identifier`, of its trainings the best on the search split, to exports/<id>/.

    Raises: ValueError if it was not retrained, is of a user's own builder, or the written network differs.
    """
    result = _best_training(run, identifier)
    task = run.experiment.task
    weights = run.subnet_weights(result)
    folder = run.export_folder(identifier)
    costs = {cost.name: cost(task, result.architecture) for cost in run.experiment.costs}
    config = _config(run, task, result, costs)
    write_tensors(folder / WEIGHTS, weights, {"format": "pt"})
    for name, content in task.export_files().items():
        with replacing(folder / name, "wb") as file:
            file.write(content)
    write_json(folder / CONFIG, config)
    write_text(folder / "README.md", card(run.experiment, run.name, result, costs, folder))
    _check(task, result.architecture, weights, folder)
    return folder


def _best_training(run: Run, identifier: str) -> Retrained:
    results = run.retrained()
    found = [result for result in results if result.id == identifier]
    if not found:
        there = ", ".join(sorted({result.id for result in results})) or "none"
        raise ValueError(f"no retrained network {identifier!r} in {run.folder}; there are: {there}")
    return max(found, key=lambda result: result.search_quality)


def _config(run: Run, task: Task, result: Retrained, costs: dict[str, float]) -> dict[str, Any]:
    family = task.family()
    if family is None:
        raise ValueError(f"networks of task {task.name} come from a builder of its own, which an export cannot carry")
    return {
        "family": family[0],
        "settings": family[1],
        "architecture": to_json(result.architecture),
        "id": result.id,
        "task": task.name,
        "preprocessing": task.preprocessing(),
        **_decoding(run, task),
        "costs": {"setting": task.cost_setting(), **costs},
        "results": _results(run, result),
        "training": {"arm": result.arm, "seed": result.seed, "steps": result.steps, "seconds": result.seconds},
        "provenance": {"run": run.name, "commit": result.commit, "device": result.device},
    }


def _decoding(run: Run, task: Task) -> dict[str, Any]:
    if not isinstance(task, TranslationTask):
        return {}
    tested = run.experiment.tested
    return {"decoding": asdict(tested.decoding if isinstance(tested, Bleu) else Decoding())}


def _results(run: Run, result: Retrained) -> dict[str, Any]:
    test, search = run.experiment.tested.name, run.experiment.quality.name
    found = {f"test_{test}": result.quality, f"search_{search}": result.search_quality}
    return found | ({"details": result.details} if result.details else {})


def _check(task: Task, architecture: Any, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """The reloaded network must compute what the retrained one computes, on real inputs."""
    network = task.build(architecture)
    network.load_state_dict(weights)
    inputs = next(task.batches("search", CHECKED[task.batch_unit])).inputs
    with torch.no_grad():
        difference = (network.eval()(*inputs) - load(folder)(*inputs)).abs().max().item()
    if not difference <= LARGEST_DIFFERENCE:
        raise ValueError(f"the export in {folder} differs from the retrained network by {difference}")
