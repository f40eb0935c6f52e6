"""Exports: a retrained network as a folder that stands alone, and `load`, which needs no run.

model.safetensors    weights
config.json          model family, settings and architecture; preprocessing; what was measured
README.md            the model card
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from nas.files import read_json, read_tensors, write_json, write_tensors, write_text
from nas.models.vision import VisionTransformer
from nas.retrained import Retrained
from nas.run import Run
from nas.search_space import Architecture, from_json, to_json
from nas.tasks.base import Task

FAMILIES = {"vision_transformer": VisionTransformer}
LARGEST_DIFFERENCE = 1e-5


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
    write_tensors(folder / "model.safetensors", weights, {"format": "pt"})
    write_json(folder / "config.json", config)
    write_text(folder / "README.md", _card(run, result, costs))
    _check(task, result.architecture, weights, folder)
    return folder


def load(folder: Path | str) -> nn.Module:
    """The exported network as a plain module in evaluation mode.

    Raises: ValueError if the folder holds no export, or it is damaged.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise ValueError(f"no export in {folder}: it has no config.json; write one with nas export RUN ID")
    config = read_json(folder / "config.json")
    try:
        family, settings = config["family"], config["settings"]
        architecture = from_json(Architecture, config["architecture"])
        if family not in FAMILIES:
            raise ValueError(f"no family {family!r}; there are: {', '.join(FAMILIES)}")
        network = FAMILIES[family](architecture, **settings)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"{folder / 'config.json'} is not that of an export of this version ({what})") from error
    weights, _ = read_tensors(folder / "model.safetensors")
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its config.json: {error}") from error
    return network.eval()


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
    quality = run.experiment.quality
    return {
        "family": family[0],
        "settings": family[1],
        "architecture": to_json(result.architecture),
        "id": result.id,
        "task": task.name,
        "preprocessing": task.preprocessing(),
        "costs": {"setting": task.cost_setting(), **costs},
        "results": {f"test_{quality.name}": result.quality, f"search_{quality.name}": result.search_quality},
        "training": {"arm": result.arm, "seed": result.seed, "steps": result.steps, "seconds": result.seconds},
        "provenance": {"run": run.name, "commit": result.commit, "device": result.device},
    }


def _check(task: Task, architecture: Any, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """The reloaded network must compute what the retrained one computes, on real inputs."""
    network = task.build(architecture)
    network.load_state_dict(weights)
    inputs = next(task.batches("search", 32)).inputs
    with torch.no_grad():
        difference = (network.eval()(*inputs) - load(folder)(*inputs)).abs().max().item()
    if not difference <= LARGEST_DIFFERENCE:
        raise ValueError(f"the export in {folder} differs from the retrained network by {difference}")


def _card(run: Run, result: Retrained, costs: dict[str, float]) -> str:
    experiment = run.experiment
    units = {cost.name: cost.unit for cost in experiment.costs}
    lines = [f"| {name} | {value:,.0f} {units[name]} |" for name, value in costs.items()]
    blocks = getattr(getattr(result.architecture, "encoder", None), "blocks", ())
    layers = [
        f"| {number} | {block.attention} | {block.num_heads} x {block.head_dim} | {block.ffn_dim} |"
        for number, block in enumerate(blocks, start=1)
    ]
    return "\n".join(
        [
            f"# {experiment.task.name} network {result.id}",
            "",
            f"Found by the search `{run.name}` and trained with arm `{result.arm}`, seed {result.seed}, "
            f"{result.steps:,} steps, on {result.device} (commit {result.commit}).",
            "",
            "| measure | value |",
            "|---|---|",
            f"| {experiment.quality.name}, test split | {result.quality:.4f} |",
            f"| {experiment.quality.name}, search split | {result.search_quality:.4f} |",
            *lines,
            "",
            f"Costs are quoted at {experiment.task.cost_setting()}, batch 1; one multiply-add counts as one FLOP.",
            "",
            "| layer | attention | heads x width | FFN |",
            "|---|---|---|---|",
            *layers,
            "",
            "```python",
            "import nas",
            "",
            f'network = nas.load("{run.export_folder(result.id).as_posix()}")',
            "```",
            "",
        ]
    )
