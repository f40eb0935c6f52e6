"""The forms in which an export holds its network besides the weights: written, compared with it, timed."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nas.evaluators.base import Quality
from nas.evaluators.bleu import Bleu
from nas.evaluators.likelihood import LogLikelihood
from nas.experiment import Experiment
from nas.export.family import Programs, Values
from nas.export.read.config import CARD, CONFIG, PT2, Config, fingerprint, onnx_file
from nas.export.read.onnx_model import OnnxModel
from nas.export.write.checks import PROGRAM, OnnxNetwork, arrays, check_difference, largest_difference
from nas.export.write.programs import read_pt2, write_int8, write_onnx, write_pt2
from nas.export.write.timing import quartiles_ms
from nas.system.devices import device_name
from nas.tasks.base import Task


def pt2_values(
    folder: Path, values: Values, network: nn.Module, task: Task, programs: Programs, inputs: list[tuple[Tensor, ...]]
) -> Values:
    """Write the program of torch.export; the config's entries on it. Raises: ValueError if it differs too much."""
    write_pt2(programs.whole(network, task.example_inputs(), values["settings"]), folder / PT2)
    difference = largest_difference(network, read_pt2(folder / PT2), inputs)
    check_difference(PT2, difference, PROGRAM)
    return {"checks": {"pt2": difference}}


def onnx_values(
    folder: Path,
    values: Values,
    network: nn.Module,
    experiment: Experiment,
    programs: Programs,
    inputs: list[tuple[Tensor, ...]],
    int8: bool,
) -> Values:
    """Write the ONNX programs; the config's entries on them: differences, latencies, and the quality at 8 bits.

    Raises: ValueError if they differ too much in float32.
    """
    task = experiment.task
    for program in programs.for_onnx(network, task.example_inputs(), values["settings"]):
        path = folder / onnx_file(program.name, "float32")
        write_onnx(program, path)
        if int8:
            write_int8(path, folder / onnx_file(program.name, "int8"))
    config = Config(folder, {**values, "files": fingerprints(folder)})
    model = OnnxModel(config, threads=1)
    difference = largest_difference(network, OnnxNetwork(model), inputs)
    check_difference(" and ".join(path.name for path in model.paths), difference, PROGRAM)
    models = {"onnx": model} | ({"int8": OnnxModel(config, "int8", threads=1)} if int8 else {})
    found: Values = {"checks": {"onnx": difference}, "latency_ms": _latency(network, models, task)}
    return found | ({"int8": _compared(models, experiment)} if int8 else {})


def fingerprints(folder: Path) -> dict[str, dict[str, Any]]:
    """Bytes and SHA-256 of all files but config and card, by name."""
    paths = sorted(path for path in folder.iterdir() if path.name not in (CONFIG, CARD))
    return {path.name: fingerprint(path) for path in paths}


def _latency(network: nn.Module, models: dict[str, OnnxModel], task: Task) -> Values:
    """The latency of one pass at the size at which costs are quoted."""
    inputs = task.example_inputs()
    given = list(arrays(inputs))
    passes = {"eager": lambda: network(*inputs)}
    passes |= {name: lambda model=model: model(*given) for name, model in models.items()}  # type: ignore[misc]
    return {"setting": task.cost_setting(), "device": device_name(torch.device("cpu")), **quartiles_ms(passes)}


def _compared(models: dict[str, OnnxModel], experiment: Experiment) -> Values:
    """The quality of both precisions on the search split."""
    quality: Quality = experiment.quality
    # its translations are searched by code that runs the network itself
    if isinstance(quality, Bleu):
        quality = LogLikelihood()
    measured = {name: quality(experiment.task, OnnxNetwork(model), "search") for name, model in models.items()}
    return {"quality": quality.name, "float32": measured["onnx"], "int8": measured["int8"]}
