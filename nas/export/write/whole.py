"""A retrained network as a folder that stands alone; nas/export/read/config.py says what is in it."""

import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from nas.export.families import entries, family_of
from nas.export.family import Family, Settings, Values
from nas.export.read.config import CARD, CONFIG, WEIGHTS
from nas.export.read.network import load_network
from nas.export.write.card import card
from nas.export.write.checks import check_quality, check_size, check_slices, check_weights, real_inputs
from nas.export.write.costs import flops_by_length
from nas.export.write.forms import fingerprints, onnx_values, pt2_values
from nas.runs.records import Retrained
from nas.runs.run import Run
from nas.search_space import to_json
from nas.system.files import read_json, replacing, replacing_folder, write_json, write_text
from nas.system.provenance import commit
from nas.system.redaction import redacted_values, shared_path
from nas.system.tensors import write_tensors
from nas.tasks.base import Task

log = logging.getLogger(__name__)

Format = Literal["pt2", "onnx"]
FORMATS: tuple[Format, ...] = ("pt2", "onnx")
"""Forms of the network in an export, besides its weights."""

ONNX_PACKAGES = ("onnx", "onnxruntime", "onnxscript")


def formats_of(task: Task) -> tuple[Format, ...]:
    """The formats that networks of a task can be written in. Raises: ValueError if they are of no family."""
    family, _ = _family(task)
    return tuple(each for each in FORMATS if (family.onnx if each == "onnx" else family.programs))


def formats_here(asked: Sequence[str] | None, possible: Sequence[Format] = FORMATS) -> tuple[Format, ...]:
    """The formats to write: those that are asked for, else all for which the packages are here.

    Args:
        possible: Formats that the networks can be written in.

    Raises: ValueError if one is unknown or impossible, or its packages are missing.
    """
    unknown = set(asked or ()) - set(possible)
    if unknown:
        raise ValueError(f"no format {min(unknown)!r}; there are: {', '.join(possible) or 'none'}")
    missing = [name for name in ONNX_PACKAGES if importlib.util.find_spec(name) is None]
    chosen = tuple(each for each in possible if asked is None or each in asked)
    if "onnx" not in chosen or not missing:
        return chosen
    what = f"ONNX needs {', '.join(missing)}: pip install 'attention-nas[export]'"
    if asked is not None:
        raise ValueError(what)
    log.info("%s; the exports are written without it", what)
    return tuple(each for each in chosen if each != "onnx")


def export(run: Run, identifier: str, formats: Sequence[Format] | None = None, int8: bool = False) -> Path:
    """Write the retrained network `identifier`, of its trainings the best on the search split, to exports/<id>/.

    Args:
        formats: Forms of the network besides its weights; None: all that its family and the installed packages allow.
        int8: Also as ONNX with weights of 8 bits.

    Raises: ValueError if it was not retrained, is of a user's own builder, or a check of what was written fails; then
        an export that was there before is still there.
    """
    task = run.experiment.task
    family, settings = _family(task)
    formats = formats_here(formats, formats_of(task))
    _check_int8(family, formats, int8)
    result = run.best_training(identifier)
    values = _config(run, family, settings, result)
    weights = run.subnet_weights(result)
    final = run.export_folder(identifier)
    with replacing_folder(final) as folder:
        write_tensors(folder / WEIGHTS, weights, {"format": "pt"})
        _write_input_files(folder, task)
        write_json(folder / CONFIG, values)
        inputs = real_inputs(task, family.longest_input(settings))
        network = load_network(folder)
        values["checks"] = {
            "supernet": check_slices(run, result.architecture, inputs),
            "reloaded": check_weights(task, result.architecture, weights, network, inputs),
            "bytes": check_size(folder, weights),
            f"search_{run.experiment.quality.name}": check_quality(run, result, network),
        }
        if family.programs and "pt2" in formats:
            _merge(values, pt2_values(folder, values, network, task, family.programs, inputs))
        if family.programs and "onnx" in formats:
            _merge(values, onnx_values(folder, values, network, run.experiment, family.programs, inputs, int8))
        values["files"] = fingerprints(folder)
        write_text(folder / CARD, card(run.experiment, family, result, values, Path(shared_path(final))))
        write_json(folder / CONFIG, values)
    _say(final, values)
    return final


def _write_input_files(folder: Path, task: Task) -> None:
    for name, content in task.export_files().items():
        with replacing(folder / name, "wb") as file:
            file.write(content)


def _family(task: Task) -> tuple[Family, Settings]:
    """Raises: ValueError if the task's networks are of no family."""
    found = family_of(task)
    if found is None:
        raise ValueError(f"networks of task {task.name} come from a builder of its own, which an export cannot carry")
    return found


def _check_int8(family: Family, formats: Sequence[Format], int8: bool) -> None:
    """Raises: ValueError if weights of 8 bits are asked for, and the family or the formats have none."""
    if int8 and not family.int8:
        raise ValueError(f"networks of family {family.name} have no weights of 8 bits; leave out --int8")
    if int8 and "onnx" not in formats:
        raise ValueError(f"weights of 8 bits are written as ONNX, which is not among the formats {', '.join(formats)}")


def how_to_use(task: Task) -> str:
    """How the exports of a task are used, in a few words. Raises: ValueError if its networks are of no family."""
    family, _ = _family(task)
    command = f"nas predict FOLDER reads {family.predict.reads}, " if family.predict else ""
    return f"{command}nas.load(FOLDER) in Python gives a network"


def is_exported(run: Run, identifier: str, formats: Sequence[Format]) -> bool:
    """Whether there is an export of the network by this code, of its best training and in these formats."""
    path = run.export_folder(identifier) / CONFIG
    if not path.is_file():
        return False
    best, values = run.best_training(identifier), read_json(path)
    try:
        training = (values["training"]["arm"], values["training"]["seed"], values["provenance"]["exported_with"])
        return training == (best.arm, best.seed, commit()) and set(formats) <= set(values["checks"])
    except (KeyError, TypeError):
        return False


def _config(run: Run, family: Family, settings: Settings, result: Retrained) -> Values:
    task = run.experiment.task
    costs = {cost.name: cost(task, result.architecture) for cost in run.experiment.costs}
    values = {
        **entries(family),
        "settings": settings,
        "architecture": to_json(result.architecture),
        "id": result.id,
        "inputs": [list(x.shape) for x in task.example_inputs()],
        "task": task.name,
        "data_licence": task.data_licence(),
        "preprocessing": task.preprocessing(),
        **(family.config(run.experiment) if family.config else {}),
        "costs": {"setting": task.cost_setting(), **costs},
        "flops_by_length": flops_by_length(run.experiment, result.architecture),
        "results": _results(run, result),
        "training": {"arm": result.arm, "seed": result.seed, "steps": result.steps, "seconds": result.seconds},
        "provenance": {
            "run": run.name,
            "experiment": shared_path(run.manifest["experiment"]),
            "commit": result.commit,
            "device": result.device,
            "exported_with": commit(),
        },
    }
    # what is published says nothing of this machine
    return {name: redacted_values(value) for name, value in values.items()}


def _results(run: Run, result: Retrained) -> dict[str, Any]:
    test, search = run.experiment.tested.name, run.experiment.quality.name
    found = {f"test_{test}": result.quality, f"search_{search}": result.search_quality}
    return found | ({"details": result.details} if result.details else {})


def _merge(values: dict[str, Any], more: dict[str, Any]) -> None:
    """Add entries; those of sections that are there to the sections."""
    for name, value in more.items():
        values[name] = values[name] | value if isinstance(values.get(name), dict) else value


def _say(folder: Path, values: dict[str, Any]) -> None:
    """Log the results of the checks as one line."""
    forms = ("supernet", "reloaded", "pt2", "onnx")
    checks = values["checks"]
    said = [f"{name} {checks[name]:.2g}" for name in forms if checks.get(name) is not None]
    quality = next(name for name in checks if name.startswith("search_"))
    measured = f"{quality.removeprefix('search_')} {checks[quality]:.4f} on the search split, as recorded"
    log.info("%s: largest differences: %s; %s", folder.name, ", ".join(said), measured)
