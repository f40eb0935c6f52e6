"""Settings of experiments as JSON values, and the differences between two of them."""

import dataclasses
from collections.abc import Iterator
from typing import Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """A line for each value that differs: `limits.flops: 12000 there, 9000.0 asked`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".strip("."))
    elif before != after:
        yield f"{path}: {before} there, {after} asked"


def filled(recorded: Any, now: Any) -> Any:
    """Recorded settings, completed with today's values of those that an older version did not have."""
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        return [filled(*pair) for pair in zip(recorded, now, strict=True)]
    # values of different types share no settings
    if not (isinstance(recorded, dict) and isinstance(now, dict)) or recorded.get("type") != now.get("type"):
        return recorded
    return now | {key: filled(value, now.get(key)) for key, value in recorded.items()}


def describe(value: Any) -> Any:
    """A value of an experiment as JSON, as a run's folder keeps it and as two experiments are compared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    return value if isinstance(value, int | float | str | bool | None) else repr(value)
