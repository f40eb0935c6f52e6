"""Settings of experiments as JSON values: differences between two of them, and recorded ones put in force again."""

import dataclasses
import math
import re
import typing
from collections.abc import Iterator
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-f]+|\bnas_experiment_\w+\.")


def differences(before: Any, after: Any, path: str = "", words: tuple[str, str] = ("there", "asked")) -> Iterator[str]:
    """A line for each value that differs: `limits.flops: 12000 there, 9000.0 asked`."""
    if isinstance(before, dict) and isinstance(after, dict) and before.get("type") == after.get("type"):
        for key in sorted(before.keys() | after.keys()):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".strip("."), words)
    elif before != after:
        yield f"{path}: {_short(before)} {words[0]}, {_short(after)} {words[1]}"


def _short(value: Any) -> Any:
    """A value in a message: of a group of settings only its type."""
    return value["type"] if isinstance(value, dict) and "type" in value else value


def filled(recorded: Any, now: Any) -> Any:
    """Recorded settings, completed with today's values of those that an older version did not have."""
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        return [filled(*pair) for pair in zip(recorded, now, strict=True)]
    # values of different types share no settings
    if not (isinstance(recorded, dict) and isinstance(now, dict)) or recorded.get("type") != now.get("type"):
        return _without_addresses(recorded) if isinstance(recorded, str) else recorded
    return now | {key: filled(value, now.get(key)) for key, value in recorded.items()}


def lost(value: Any, recorded: Any) -> list[str]:
    """A line for each recorded setting that `value` does not have: `strategy: Evolution recorded, Guided today`."""
    now = describe(value)
    return list(differences(filled(recorded, now), now, words=("recorded", "today")))


def with_recorded(value: Any, recorded: Any) -> Any:
    """The value with recorded settings in place of its own, as far as today's classes have a place for them.

    Args:
        recorded: What `describe` gave of the value when it was recorded.
    """
    if describe(value) == recorded:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _with_fields(value, recorded) if _is_group(recorded, type(value).__name__) else value
    if isinstance(value, dict) and isinstance(recorded, dict):
        if any(isinstance(each, dict | list) for key, each in recorded.items() if key not in value):
            return value
        return {key: with_recorded(value[key], each) if key in value else each for key, each in recorded.items()}
    if isinstance(value, tuple | list) and isinstance(recorded, list):
        if len(value) == len(recorded):
            return type(value)(with_recorded(*pair) for pair in zip(value, recorded, strict=True))
        return type(value)(recorded) if all(_fits(value[0] if value else None, each) for each in recorded) else value
    return recorded if _fits(value, recorded) else value


def _with_fields(value: Any, recorded: dict[str, Any]) -> Any:
    hints = typing.get_type_hints(type(value))
    names = [f.name for f in dataclasses.fields(value) if f.init and f.compare and f.name in recorded]
    changed = {name: with_recorded(getattr(value, name), recorded[name]) for name in names}
    changed |= {name: None for name in names if recorded[name] is None and type(None) in typing.get_args(hints[name])}
    try:
        return dataclasses.replace(value, **changed)
    except (TypeError, ValueError):
        # today's class refuses what was recorded; `lost` says so
        return value


def _is_group(recorded: Any, type_name: str) -> bool:
    return isinstance(recorded, dict) and recorded.get("type") == type_name


def _fits(value: Any, recorded: Any) -> bool:
    """Whether a recorded scalar may stand in the place of a value; a text could also stand for an object."""
    if isinstance(recorded, bool):
        return value is None or isinstance(value, bool)
    if isinstance(recorded, int | float):
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    return isinstance(recorded, str) and isinstance(value, str)


def describe(value: Any) -> Any:
    """A value of an experiment as JSON, as a run's folder keeps it and as two experiments are compared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    # JSON has no form for infinity
    is_plain = isinstance(value, int | str | bool | None) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else _without_addresses(repr(value))


def _without_addresses(text: str) -> str:
    """The repr of an object without what differs between two processes: its address, and the module of its file."""
    return _ADDRESS.sub("", text)
