"""A choice with settings of its own, written as text: `lrpe`, `lrpe(core=complex,basis=dct)`.

An architecture holds the text. So equal choices are equal values, trials, tables and command lines read alike, and
whoever makes and mutates architectures need not know what can be set.
"""

import dataclasses
import re
import typing
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Kind:
    """Base of frozen dataclasses whose fields are settings; every field has a default.

    Raises: ValueError if a setting is not among those that its field's type allows.
    """

    name: ClassVar[str]
    """Word before the settings."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            _check(f"{self.name}: {field.name}", getattr(self, field.name), hints[field.name])

    def __str__(self) -> str:
        """The one text of equal kinds: settings in the order of the fields, those at their default left out."""
        changed = [field for field in dataclasses.fields(self) if getattr(self, field.name) != field.default]
        settings = ",".join(f"{field.name}={getattr(self, field.name)}" for field in changed)
        return f"{self.name}({settings})" if settings else self.name


def identifier(text: str) -> str:
    """The text of a kind as a name for a module of a network: `lrpe_core_complex`."""
    return re.sub(r"\W+", "_", text).strip("_")


def _check(name: str, value: Any, expected: Any) -> None:
    if typing.get_origin(expected) is typing.Literal:
        options = typing.get_args(expected)
        # 8.0 equals 8, but not as text
        if not any(value == option and type(value) is type(option) for option in options):
            raise ValueError(f"{name} needs one of {', '.join(map(str, options))}; found {value!r}")
    elif not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(f"{name} needs a value of type {expected.__name__}, found {value!r}")
