"""Experiments read from their files, and as they travel to other processes."""

import importlib.util
import re
import sys
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nas.experiment.experiment import Experiment
from nas.experiment.helpers import Helpers, find_helpers, importable, write_helpers
from nas.experiment.overrides import apply_overrides
from nas.experiment.settings import with_recorded

SHIPPED = Path(__file__).parents[1] / "shipped"
"""Folder of the experiments that come with the package."""


@dataclass(frozen=True)
class Recipe:
    """An experiment as it travels to other processes and machines: the text of its file, and what was changed in it."""

    source: str
    variable: str
    overrides: dict[str, str]
    data: Path | None
    """Folder with the data, the same on every machine; None for what the task embeds or downloads."""
    settings: dict[str, Any] | None = None
    """All settings as they were recorded when the run began; None where nothing was recorded."""
    helpers: Helpers = field(default_factory=dict)
    """The files beside the experiment that it imports."""

    def experiment(self) -> Experiment:
        """Raises: ValueError if the text makes no such experiment."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "experiment.py"
            path.write_text(self.source, encoding="utf-8")
            write_helpers(self.helpers, Path(folder))
            return with_changes(load(f"{path}:{self.variable}").experiment, self.overrides, self.data, self.settings)


@dataclass(frozen=True)
class Loaded:
    """An experiment and the file it came from."""

    experiment: Experiment
    source: str
    """Text of the file."""
    variable: str
    """Name of the experiment in the file."""
    name: str
    """Name of the run: `cifar10`, or `cifar10-cpu` for the variant `cpu`."""
    description: str
    """The docstring of the file."""
    helpers: Helpers = field(default_factory=dict)
    """The files beside it that it imports."""

    def check_travels(self) -> None:
        """Raises: ValueError if the file cannot be read where a run keeps it, as one that reads a text beside it."""
        try:
            Recipe(self.source, self.variable, {}, None, None, self.helpers).experiment()
        except ValueError as error:
            raise ValueError(
                f"the experiment cannot be read away from its folder ({error}); a run keeps the Python files that it "
                "imports, and no others: name other files by their whole path"
            ) from error


def load(spec: str, beside: Path | None = None) -> Loaded:
    """Read the experiment that `file.py`, `file.py:variable`, `name` or `name:variable` names.

    A name is that of a shipped experiment, such as `digits`. Without a variable it is `experiment`.

    Args:
        beside: Folder of the Python files that it imports; None: its own.

    Raises: ValueError if there is no such file, or no such experiment in it.
    """
    named, variable = _parts(spec)
    path = _file(named)
    source = path.read_text(encoding="utf-8")
    folder = (path.parent if beside is None else beside).absolute()
    helpers = find_helpers(source, folder)
    module = _module(path, helpers, folder)
    experiment = getattr(module, variable, None)
    if not isinstance(experiment, Experiment):
        there = [name for name, value in vars(module).items() if isinstance(value, Experiment)]
        raise ValueError(f"no experiment {variable!r} in {named}; there are: {', '.join(there) or 'none'}")
    name = path.stem if variable == "experiment" else f"{path.stem}-{variable}"
    return Loaded(experiment, source, variable, name, (module.__doc__ or "").strip(), helpers)


def is_shipped(spec: str) -> bool:
    """Whether a spec names a shipped experiment: `digits`, `cifar10:cpu`."""
    return _parts(spec)[0] in shipped_names()


def _parts(spec: str) -> tuple[str, str]:
    """File or name, and variable; a colon may also be part of a file's path."""
    named, _, variable = spec.rpartition(":")
    return (named, variable) if named and variable.isidentifier() and not Path(spec).is_file() else (spec, "experiment")


def shipped_names() -> list[str]:
    """The names of the shipped experiments."""
    return sorted(path.stem for path in SHIPPED.glob("*.py"))


def _file(named: str) -> Path:
    """Raises: ValueError if it is neither a Python file nor the name of a shipped experiment."""
    path = Path(named)
    if path.is_file() and path.suffix == ".py":
        return path
    if is_shipped(named):
        return SHIPPED / f"{named}.py"
    raise ValueError(
        f"no experiment {named!r}; name a Python file, or a shipped experiment: {', '.join(shipped_names())}"
    )


def with_changes(
    experiment: Experiment, overrides: dict[str, str], data: Path | None, recorded: dict[str, Any] | None = None
) -> Experiment:
    """The experiment with settings changed by name, its task reading from the folder `data` if one is named.

    Args:
        recorded: Settings of a run as they were when it began. They take the place of today's, whose defaults may have
            changed since; names among the overrides that are no settings any more are then left out.

    Raises: ValueError if there is no such setting, or the task reads no folder.
    """
    changed: Experiment = experiment
    if recorded is None:
        changed = apply_overrides(experiment, overrides)
    else:
        changed = with_recorded(apply_overrides(experiment, _known(experiment, overrides)), recorded)
    return changed if data is None else replace(changed, task=changed.task.with_data(data))


def _known(experiment: Experiment, overrides: dict[str, str]) -> dict[str, str]:
    """The overrides without those that today's classes refuse; their values are among the recorded settings."""
    try:
        apply_overrides(experiment, overrides)
        return overrides
    except ValueError:
        return {name: text for name, text in overrides.items() if _is_accepted(experiment, name, text)}


def _is_accepted(experiment: Experiment, name: str, text: str) -> bool:
    try:
        apply_overrides(experiment, {name: text})
    except ValueError:
        return False
    return True


def _module(path: Path, helpers: Helpers, folder: Path) -> Any:
    # classes of the file are looked up by the module's name when they are pickled, so it must be registered
    name = "nas_experiment_" + re.sub(r"\W", "_", path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with importable(helpers, folder):
            spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ValueError(f"{error.filename or path}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == spec.origin]
        what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path}, line {lines[-1] if lines else '?'}: {what}") from error
    return module
