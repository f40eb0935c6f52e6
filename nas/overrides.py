"""Values of an experiment changed by name: `--limits.flops 30e6`.

A name is the path of a field in the experiment; a value is read as the type that the field has.
"""

import ast
import dataclasses
import types
import typing
from collections.abc import Sequence
from typing import Any


def parse_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """`["--seed", "1", "--limits.flops=3e7"]` as a mapping. Raises: ValueError if a name has no value."""
    found: dict[str, str] = {}
    pending = list(arguments)
    while pending:
        name = pending.pop(0)
        if not name.startswith("--"):
            raise ValueError(f"unexpected argument {name!r}; settings are changed by --name value")
        name, equals, value = name[2:].partition("=")
        if not equals:
            if not pending:
                raise ValueError(f"--{name} has no value")
            value = pending.pop(0)
        found[name.replace("-", "_")] = value
    return found


def apply_overrides(experiment: Any, overrides: dict[str, str]) -> Any:
    """The experiment with the named values changed, all at once.

    Raises: ValueError if there is no such setting, or the value is of the wrong type or out of range.
    """
    return _replaced(experiment, overrides, "") if overrides else experiment


def _replaced(value: Any, overrides: dict[str, str], path: str) -> Any:
    """`value`, which stands at `path`, with the settings below it changed."""
    if isinstance(value, dict):
        return value | {name: _parse(float, text, f"{path}{name}") for name, text in overrides.items()}
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise ValueError(f"no setting --{path}{next(iter(overrides))}: {path.rstrip('.')} is a value, not a group")
    hints = typing.get_type_hints(type(value))
    names = [field.name for field in dataclasses.fields(value) if field.init]
    groups: dict[str, dict[str, str]] = {}
    changed: dict[str, Any] = {}
    for name, text in overrides.items():
        head, _, rest = name.partition(".")
        if head not in names:
            raise ValueError(f"no setting --{path}{head}; there are: {', '.join(names)}")
        if rest:
            groups.setdefault(head, {})[rest] = text
        elif dataclasses.is_dataclass(getattr(value, head)) or isinstance(getattr(value, head), dict):
            raise ValueError(f"--{path}{head} is a group of settings; change one of them with --{path}{head}.NAME")
        else:
            changed[head] = _parse(hints[head], text, f"{path}{head}")
    changed |= {head: _replaced(getattr(value, head), inner, f"{path}{head}.") for head, inner in groups.items()}
    return dataclasses.replace(value, **changed)


def _parse(kind: Any, text: str, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if text not in arguments:
            raise ValueError(f"--{name} {text!r}: expected one of {', '.join(map(str, arguments))}")
        return text
    if origin in (typing.Union, types.UnionType):
        return None if text.lower() == "none" else _parse(next(a for a in arguments if a is not type(None)), text, name)
    if origin is tuple:
        parts = [part for part in text.strip("()").split(",") if part.strip()]
        return tuple(_parse(arguments[0], part.strip(" '\""), name) for part in parts)
    return _parse_plain(kind, text, name)


def _parse_plain(kind: Any, text: str, name: str) -> Any:
    if kind is str:
        return text
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"--{name} {text!r}: expected true or false")
        return text.lower() == "true"
    if kind not in (int, float):
        raise ValueError(f"--{name} cannot be changed on the command line; change it in the experiment's file")
    try:
        number = float(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError):
        number = None
    if number is None or (kind is int and number != int(number)):
        raise ValueError(f"--{name} {text!r}: expected {'a whole number' if kind is int else 'a number'}")
    return kind(number)
