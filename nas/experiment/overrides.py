"""Values of an experiment changed by name: `--limits.flops 30e6`.

A name is the path of a field in the experiment; a value is read as the type that the field has.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Container, Sequence
from contextlib import suppress
from typing import Any

from nas.system.ranges import read_number, shortened, words


def split_overrides(arguments: Sequence[str], options: Container[str]) -> tuple[list[str], dict[str, str]]:
    """Arguments of a command apart from the settings among them: `--seed 1`, `--limits.flops=3e7`.

    Args:
        options: Names with their dashes that are the command's own.

    Returns: The command's arguments, and the values of the settings by name.
    Raises: ValueError if a setting has no value.
    """
    own: list[str] = []
    found: dict[str, str] = {}
    pending = iter(arguments)
    for argument in pending:
        name, equals, value = argument.partition("=")
        if not name.startswith("--") or name in options:
            own.append(argument)
            continue
        if not equals:
            value = next(pending, "--")
        if value.startswith("--"):
            raise ValueError(f"{name} has no value; write it as {name} VALUE")
        found[name.removeprefix("--").replace("-", "_")] = value
    return own, found


def separate(text: str) -> list[str]:
    """The items between commas; `tpe,evolution(parents=5,population_size=20)` are two, and a comma may end the list.

    Raises: ValueError if brackets do not match, or there is nothing between two commas.
    """
    items, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        if letter == "," and depth == 0:
            items.append("")
        else:
            items[-1] += letter
    if depth:
        raise ValueError(f"the brackets of {shortened(text)} do not match; write items as softmax,lrpe(core=complex)")
    items = [item.strip(" '\"") for item in items]
    if items[-1] == "":
        items.pop()
    if "" in items:
        raise ValueError(f"{shortened(text)} has nothing before a comma; write items as softmax,linear")
    return items


def apply_overrides(experiment: Any, overrides: dict[str, str]) -> Any:
    """The experiment with the named values changed, all at once.

    Raises: ValueError if there is no such setting, or the value is of the wrong type or out of range.
    """
    return _replaced(experiment, overrides, "") if overrides else experiment


def _replaced(value: Any, overrides: dict[str, str], path: str) -> Any:
    """The value at `path`, with the settings below it changed."""
    if isinstance(value, dict):
        return value | {name: _number_or_text(text) for name, text in overrides.items()}
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
        elif str in typing.get_args(hints[head]) and dataclasses.is_dataclass(getattr(value, head)):
            changed[head] = text
        elif dataclasses.is_dataclass(getattr(value, head)) or isinstance(getattr(value, head), dict):
            raise ValueError(f"--{path}{head} is a group of settings; change one of them with --{path}{head}.NAME")
        else:
            changed[head] = _parse(hints[head], text, f"{path}{head}")
    # a strategy that is named anew is made before its settings are changed
    named = {head: changed.pop(head) for head in groups if head in changed}
    if named:
        value = dataclasses.replace(value, **named)
    changed |= {head: _replaced(getattr(value, head), inner, f"{path}{head}.") for head, inner in groups.items()}
    return dataclasses.replace(value, **changed)


def _number_or_text(text: str) -> float | str:
    """A value of a group without types of its own, such as a limit: a number if it is one, else the text."""
    with suppress(ValueError):
        if math.isfinite(float(text)):
            return float(text)
    return text


def _parse(kind: Any, text: str, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if text not in arguments:
            raise ValueError(f"--{name} {text!r}: expected one of {', '.join(map(str, arguments))}")
        return text
    if origin in (typing.Union, types.UnionType):
        return None if text.lower() == "none" else _parse(next(a for a in arguments if a is not type(None)), text, name)
    if origin is tuple:
        inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        return tuple(_parse(arguments[0], part, name) for part in separate(inner))
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
        return read_number(text, kind)
    except ValueError as error:
        raise ValueError(f"--{name} {shortened(text)}: expected {words(kind)}") from error
