"""The model families by name: one module here for each that is shipped, and those that are registered from elsewhere.

An export names its family. Its config never decides what code is run: a family from elsewhere is found if a program has
imported its module, if the environment variable NAS_FAMILIES names the module, or if an installed package offers it
under the entry-point group `attention_nas.families`.
"""

import importlib
import importlib.machinery
import importlib.metadata
import os
import pkgutil
from typing import TYPE_CHECKING

from nas.export.family import Family, Settings

if TYPE_CHECKING:
    from nas.tasks.base import Task

GROUP = "attention_nas.families"
"""Entry points of installed packages, each a family's name and the module that registers it."""
VARIABLE = "NAS_FAMILIES"
"""Environment variable of modules that register families, with commas between."""

_registered: dict[str, tuple[Family, str]] = {}


def register(family: Family, module: str) -> None:
    """Make a family from outside this package known; `module` is the `__name__` of the module that does so.

    Raises: ValueError if the name is another family's, or the module cannot be imported by its name later.
    """
    _, owner = _registered.get(family.name, (family, module))
    if family.name in shipped() or owner != module:
        by = "nas" if family.name in shipped() else owner
        raise ValueError(f"{module} registers the model family {family.name!r}, which is one of {by}; rename it")
    if importlib.machinery.PathFinder.find_spec(module.partition(".")[0]) is None:
        what = f"the model family {family.name!r} is registered by {module}, which exports cannot import again"
        raise ValueError(f"{what}; move its row to a module of its own on PYTHONPATH")
    _registered[family.name] = family, module


def shipped() -> list[str]:
    """Names of the families of this package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def family_named(name: str, module: str | None = None) -> Family:
    """The family of a name.

    Args:
        module: Where an export says that it was registered; named in the message, never imported.

    Raises: ValueError if there is none.
    """
    if name in shipped():
        found: Family = importlib.import_module(f"{__name__}.{name}").FAMILY
        return found
    if name not in _registered:
        _import_allowed(name)
    if name not in _registered:
        there = f"no family {name!r}; there are: {', '.join([*shipped(), *sorted(_registered)])}"
        raise ValueError(there if module is None else f"{there}; if you trust {module}, set {VARIABLE}={module}")
    return _registered[name][0]


def entries(family: Family) -> dict[str, str]:
    """A config's entries that name a family: its name, and the module that registers it if it is not shipped."""
    if family.name not in _registered:
        return {"family": family.name}
    return {"family": family.name, "family_module": _registered[family.name][1]}


def family_of(task: "Task") -> tuple[Family, Settings] | None:
    """The family of the networks that the task builds, and their settings; None if it has a builder of its own.

    Raises: ValueError if the task names a family that is not known.
    """
    named = task.family()
    if named is None:
        return None
    name, settings = named
    return family_named(name), settings


def _import_allowed(name: str) -> None:
    """Import the modules that the user allows to register families. Raises: ValueError if one cannot be imported."""
    for module in filter(None, os.environ.get(VARIABLE, "").split(",")):
        try:
            importlib.import_module(module.strip())
        except ImportError as error:
            raise ValueError(f"{VARIABLE} names {module.strip()}, which cannot be imported: {error}") from error
    for point in importlib.metadata.entry_points(group=GROUP, name=name):
        point.load()
