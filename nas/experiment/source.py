"""An experiment as Python source: a value that was made in a notebook becomes a file that a run can keep."""

import dataclasses
import math
import sys
from pathlib import Path
from typing import Any

from nas.experiment.experiment import Experiment
from nas.experiment.loading import Loaded
from nas.experiment.settings import describe, differences

WIDTH = 100
"""Characters of a line, about."""
INDENT = "    "
DOCSTRING = "An experiment that was given as a value in Python."


def loaded_value(experiment: Experiment, name: str) -> Loaded:
    """The experiment with a source of its own, under the name of its run.

    Raises: ValueError if no source can be written, as for a class that is defined in a notebook.
    """
    return Loaded(experiment, experiment_source(experiment), "experiment", name, DOCSTRING)


def experiment_source(experiment: Experiment) -> str:
    """Python text that defines an equal experiment under the name `experiment`; settings at their default are left out.

    Raises: ValueError if a value in it has no source, as one of a class that is defined in a notebook.
    """
    writer = _Writer()
    value = writer.text(experiment, "experiment", 0)
    source = f'"""{DOCSTRING}"""\n\n{_import_lines(writer.imports)}\n\nexperiment = {value}\n'
    _check(source, experiment)
    return source


def _check(source: str, experiment: Experiment) -> None:
    """Raises: ValueError if the source makes another experiment."""
    made: dict[str, Any] = {}
    exec(compile(source, "<experiment>", "exec"), made)
    changed = list(differences(describe(experiment), describe(made["experiment"])))
    if changed or made["experiment"] != experiment:
        raise ValueError(
            f"the experiment cannot be written as Python source ({'; '.join(changed[:3]) or 'its value changes'}); "
            "define it in a file and name that file"
        )


class _Writer:
    """Writes values as text and gathers the imports that the text needs."""

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}
        """Module of each imported name."""

    def text(self, value: Any, where: str, depth: int) -> str:
        """The value as an expression; `where` is its place in the experiment, for messages."""
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._call(value, where, depth)
        if type(value) is dict:
            items = [
                f"{self._plain(key, where)}: {self.text(item, f'{where}[{key!r}]', depth + 1)}"
                for key, item in value.items()
            ]
            return _joined("{", items, "}", depth)
        if type(value) in (tuple, list):
            items = [self.text(item, f"{where}[{place}]", depth + 1) for place, item in enumerate(value)]
            if type(value) is list:
                return _joined("[", items, "]", depth)
            return f"({items[0]},)" if len(items) == 1 else _joined("(", items, ")", depth)
        return self._plain(value, where)

    def _plain(self, value: Any, where: str) -> str:
        if isinstance(value, Path):
            self.imports["Path"] = "pathlib"
            return f"Path({_quoted(str(value))})"
        # a number of NumPy
        if hasattr(value, "item"):
            return self._plain(value.item(), where)
        if type(value) is float and not math.isfinite(value):
            return f'float("{value}")'
        if type(value) is str:
            return _quoted(value)
        if value is None or type(value) in (bool, int, float):
            return repr(value)
        raise ValueError(
            f"{where} is {value!r}, which has no form as Python source; define it in a file, and name that"
        )

    def _call(self, value: Any, where: str, depth: int) -> str:
        name = self._imported(type(value), where)
        arguments = []
        for field in dataclasses.fields(value):
            if not field.init:
                continue
            known = dict(self.imports)
            text = self.text(getattr(value, field.name), f"{where}.{field.name}", depth + 1)
            if text == _default(field, depth + 1):
                # a setting that is left out needs no import
                self.imports = known
            else:
                arguments.append(f"{field.name}={text}")
        return _joined(f"{name}(", arguments, ")", depth)

    def _imported(self, kind: type, where: str) -> str:
        """The name of a class in the text. Raises: ValueError if a file could not import it."""
        module, name = _public_module(kind), kind.__qualname__
        if "<locals>" in name or not _is_importable(module):
            raise ValueError(
                f"{where} is a {name} of {_place(module)}, which a run cannot import; "
                "write the experiment in a file, and name that"
            )
        outer = name.partition(".")[0]
        if self.imports.setdefault(outer, module) != module:
            raise ValueError(f"{where}: two classes are called {outer}; write the experiment in a file, and name that")
        return name


def _default(field: dataclasses.Field[Any], depth: int) -> str | None:
    """The field's default as text; None if it has none."""
    if field.default is not dataclasses.MISSING:
        return _Writer().text(field.default, field.name, depth)
    if field.default_factory is not dataclasses.MISSING:
        return _Writer().text(field.default_factory(), field.name, depth)
    return None


def _public_module(kind: type) -> str:
    """The package that offers the class under its name, such as `nas.search_space`; else the module that defines it."""
    parts = kind.__module__.split(".")
    for length in range(2, len(parts)):
        package = ".".join(parts[:length])
        if getattr(sys.modules.get(package), kind.__name__, None) is kind:
            return package
    return kind.__module__


def _is_importable(module: str) -> bool:
    """Whether another process finds the module's package; what is only loaded here, such as a notebook, it does not."""
    top = module.partition(".")[0]
    if top == "__main__":
        return False
    if top in sys.builtin_module_names:
        return True
    return any(finder.find_spec(top, None) is not None for finder in sys.meta_path if hasattr(finder, "find_spec"))


def _place(module: str) -> str:
    """Where a class is defined, in words."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file).name if file else "this notebook or program"


def _joined(opening: str, items: list[str], closing: str, depth: int) -> str:
    """Items in brackets, on one line if they fit and else a line each."""
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + len(INDENT) * depth <= WIDTH and "\n" not in line:
        return line
    inside = "".join(f"{INDENT * (depth + 1)}{item},\n" for item in items)
    return f"{opening}\n{inside}{INDENT * depth}{closing}"


def _quoted(text: str) -> str:
    is_simple = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if is_simple else repr(text)


def _import_lines(imports: dict[str, str]) -> str:
    """A line for each module; those of this package come last."""
    modules = sorted(set(imports.values()), key=lambda module: (module.startswith("nas."), module))
    names = {module: sorted(name for name, own in imports.items() if own == module) for module in modules}
    return "\n".join(f"from {module} import {', '.join(own)}" for module, own in names.items())
