"""The exports that an experiment will end with, known before the first training step."""

from collections.abc import Iterator
from typing import Any

from torch import nn

from nas.experiment import Experiment
from nas.export.families import family_of
from nas.export.family import Family, Settings
from nas.supernet.meta import build_on_meta


def exports_ahead(experiment: Experiment) -> Iterator[str]:
    """One line on what the exports will lack; nothing where they will lack nothing.

    Raises: ValueError if the task names a family that is not known, or that would load its networks otherwise.
    """
    task = experiment.task
    found = family_of(task)
    if found is None:
        yield f"exports     none: the networks of task {task.name} come from a builder of its own, of no model family"
        return
    _check_loads(experiment, *found)
    family, _ = found
    if lacks := family.lacks():
        yield f"exports     {family.name}: {', '.join(lacks)}"


def _check_loads(experiment: Experiment, family: Family, settings: Settings) -> None:
    """Raises: ValueError if the family's networks are not those that the task builds."""
    task, architecture = experiment.task, experiment.space.smallest()
    what = f"task {task.name} names the model family {family.name}, whose networks are not those that it builds"
    instead = "name another family, or none"
    if not isinstance(architecture, family.architecture):
        found = type(architecture).__name__
        raise ValueError(f"{what}: the space makes {found}, not {family.architecture.__name__}; {instead}")
    try:
        loaded = build_on_meta(lambda each: family.network(each, settings), architecture)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{what}: {type(error).__name__}: {error}; {instead}") from error
    shapes, expected = _shapes(loaded), _shapes(build_on_meta(task.build, architecture))
    if shapes != expected:
        name = next(name for name in {**expected, **shapes} if expected.get(name) != shapes.get(name))
        raise ValueError(f"{what}: {name} is {shapes.get(name)} there, {expected.get(name)} here; {instead}")


def _shapes(network: nn.Module) -> dict[str, Any]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
