"""Names of slots: the parts of a network, block by block, to which its choices belong."""

from collections.abc import Callable
from functools import lru_cache

SlotOf = Callable[[str], str | None]
"""The slot of a choice, by its name; None for a choice that is common to the network."""


@lru_cache(maxsize=100_000)
def inner_slot(name: str) -> str | None:
    """The name without its last part, if that leaves a number."""
    *parts, last = name.split(".")
    if any(part.isdigit() for part in parts):
        return ".".join(parts)
    return name if last.isdigit() else None


@lru_cache(maxsize=100_000)
def outer_slot(name: str) -> str | None:
    """The name up to its first number."""
    parts = name.split(".")
    for place, part in enumerate(parts):
        if part.isdigit():
            return ".".join(parts[: place + 1])
    return None
