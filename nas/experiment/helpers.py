"""Python files beside an experiment that it imports: found in its text, kept with the run, and sent to workers."""

import ast
import importlib
import importlib.machinery
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

Helpers = Mapping[str, str]
"""Texts by path inside the experiment's folder: `blocks.py`, `parts/heads.py`."""


def find_helpers(source: str, folder: Path) -> dict[str, str]:
    """The files of `folder` that a text imports, directly or through one another; a package with all of its files.

    A name that Python finds elsewhere first, such as that of a library, is no helper.
    """
    found: dict[str, str] = {}
    waiting = [source]
    while waiting:
        for name in _imported(waiting.pop()):
            for path in _files(name, folder):
                place = path.relative_to(folder).as_posix()
                if place not in found:
                    found[place] = path.read_text(encoding="utf-8")
                    waiting.append(found[place])
    return found


@contextmanager
def importable(helpers: Helpers, folder: Path) -> Iterator[None]:
    """Inside, helpers are imported from `folder`, and at the end all of them are, since the folder may not stay."""
    names = {place.removesuffix(".py").split("/")[0] for place in helpers}
    for module in [each for each in sys.modules if each.split(".")[0] in names]:
        # of another folder, or of another state of this one
        del sys.modules[module]
    importlib.invalidate_caches()
    sys.path.append(str(folder))
    try:
        yield
        for name in sorted(names):
            importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def write_helpers(helpers: Helpers, folder: Path) -> None:
    for place, text in helpers.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _imported(source: str) -> Iterator[str]:
    """First names of the modules that a text imports; none if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _files(name: str, folder: Path) -> list[Path]:
    """The files of a module or package of `folder`; none if Python finds the name elsewhere."""
    if name == "nas" or name in sys.stdlib_module_names:
        return []
    importlib.invalidate_caches()
    spec = importlib.machinery.PathFinder.find_spec(name, [*sys.path, str(folder)])
    if spec is None or spec.origin is None:
        return []
    module, package = folder / f"{name}.py", folder / name / "__init__.py"
    if _is_same(spec.origin, package):
        return sorted(package.parent.rglob("*.py"))
    return [module] if _is_same(spec.origin, module) else []


def _is_same(origin: str, path: Path) -> bool:
    return path.is_file() and path.resolve() == Path(origin).resolve()
