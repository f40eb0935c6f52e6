"""Limits on costs: each a window with an upper end, a lower end, or both."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from nas.system.numbers import number

_TEXT = re.compile(r"(?P<least>[^.]*(?:\.\d+[^.]*)?)\.\.(?P<most>[^.]*(?:\.\d+[^.]*)?)")


@dataclass(frozen=True)
class Window:
    """The range that a cost may have; both ends are inside.

    Raises: ValueError if an end is not a number above zero, or the ends cross.
    """

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        ends = [end for end in (self.at_least, self.at_most) if end is not None]
        if not ends:
            raise ValueError("a window needs an end: at_least, at_most, or both")
        for end in ends:
            if isinstance(end, bool) or not isinstance(end, int | float) or not 0 < end < math.inf:
                raise ValueError(f"the end of a window is {end!r}; it needs to be a number above zero")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(
                f"the ends of the window cross: at least {number(self.at_least)}, at most {number(self.at_most)}"
            )

    def __str__(self) -> str:
        ends = {">=": self.at_least, "<=": self.at_most}
        return " and ".join(f"{sign} {number(end)}" for sign, end in ends.items() if end is not None)

    def excess(self, cost: float) -> float:
        """How far outside a cost is, as a share of the end that it misses; 0 inside, infinite if it is no number."""
        if not math.isfinite(cost):
            return math.inf
        if self.at_most is not None and cost > self.at_most:
            return cost / self.at_most - 1
        if self.at_least is not None and cost < self.at_least:
            return 1 - cost / self.at_least
        return 0.0


Limit = float | str | Window
"""The most of a cost as a number, a window, or a window's text: `10e6..30e6`, `..30e6`, `10e6..`."""


def window(limit: Limit) -> Window:
    """Raises: ValueError if it is none of the forms of a limit."""
    if isinstance(limit, Window):
        return limit
    if not isinstance(limit, str):
        return Window(at_most=limit)
    found = _TEXT.fullmatch(limit.strip())
    least, most = (found["least"], found["most"]) if found else ("", limit)
    return Window(*(_end(text, limit) if text else None for text in (least, most)))


def windows(limits: Mapping[str, Limit]) -> dict[str, Window]:
    """The limits by the cost's name, as windows.

    Raises: ValueError, which names the cost, if one is no limit.
    """
    found = {}
    for name, limit in limits.items():
        try:
            found[name] = window(limit)
        except ValueError as error:
            raise ValueError(f"limit on {name}: {error}") from error
    return found


def violation(costs: Mapping[str, float], limits: Mapping[str, Window]) -> float:
    """Sum over the limits of the excess; 0 inside."""
    return sum(limit.excess(costs[name]) for name, limit in limits.items())


def _end(text: str, limit: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{limit!r} is no window; write 30e6 or 10e6..30e6, ..30e6, 10e6..") from error
