"""A choice with settings of its own, written as text: `lrpe`, `lrpe(core=complex,basis=dct)`.

An architecture holds the text. So equal choices are equal values, trials, tables and command lines read alike, and
whoever makes and mutates architectures need not know what can be set.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import ClassVar

from nas.system.ranges import check


@dataclass(frozen=True)
class Kind:
    """Base of frozen dataclasses whose fields are settings; every field has a default.

    Raises: ValueError if a setting is not among those that its field's type allows.
    """

    name: ClassVar[str]
    """Word before the settings."""

    def __post_init__(self) -> None:
        check(self, f"{self.name}: ")

    def __str__(self) -> str:
        """The one text of equal kinds: settings in the order of the fields, those at their default left out."""
        changed = [field for field in dataclasses.fields(self) if getattr(self, field.name) != field.default]
        settings = ",".join(f"{field.name}={getattr(self, field.name)}" for field in changed)
        return f"{self.name}({settings})" if settings else self.name


def identifier(text: str) -> str:
    """The text of a kind as a name for a module of a network: `lrpe_core_complex`."""
    return re.sub(r"\W+", "_", text).strip("_")
