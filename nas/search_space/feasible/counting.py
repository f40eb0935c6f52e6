"""Counting the networks inside limits, and drawing from them, by dynamic programming over slots.

What a network costs above the least of its frame is cut into even steps, each slot's part rounded down. A table says,
for every slot and number of steps used before it, how much weight the completions have that stay inside the limits;
read forwards, it draws each network by its weight. Rounding down never loses a network that is inside, and what it lets
in besides is refused by its cost, so draws are exact whatever the size of a step. The steps of a frame reach only as
far as the room under its limits, so rare limits are resolved as finely as generous ones.

Letters: N draws, S slots, A alternatives of a slot, L limits that are counted.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nas.search_space.feasible.frames import Floats, Ints
from nas.search_space.feasible.tables import Table
from nas.search_space.limits import Window

Flags = NDArray[np.bool_]
TOLERANCE = 1e-9
MOST_GATHERED = 2_000_000


@dataclass(frozen=True)
class Limited:
    """A limit on a cost that has a table."""

    window: Window
    table: Table

    def allows(self, totals: Floats) -> Flags:
        """Where totals are inside, but for rounding."""
        least, most = self.ends()
        return (totals >= least) & (totals <= most)

    def ends(self, exact: bool = False) -> tuple[float, float]:
        """The window's ends, a little apart unless sums are exact."""
        slack = 0.0 if exact else TOLERANCE
        least, most = self.window.at_least, self.window.at_most
        return least * (1 - slack) if least else 0.0, most * (1 + slack) if most else math.inf


@dataclass(frozen=True)
class Axis:
    """Costs of one frame under one limit, in steps above the least."""

    parts: tuple[Ints, ...]
    """By slot, of each alternative; one more than `most` where it is too dear."""
    least: int
    """Steps from which on the lower end may be met."""
    most: int
    """Steps up to the upper end."""
    exact: bool
    """Whether what is inside in steps is inside."""


def uncounted(allowed: Sequence[Flags]) -> Axis:
    """The axis of no limit."""
    return Axis(tuple(np.zeros(len(slot), dtype=np.int64) for slot in allowed), 0, 0, exact=True)


def axis(limited: Limited, frame: int, allowed: Sequence[Flags], bins: int) -> Axis | None:
    """None if nothing in the frame is inside the limit.

    Args:
        allowed: By slot, which alternatives no other limit shuts out; at least one of each.
        bins: Steps up to the upper end, at most.
    """
    parts = limited.table.parts[frame]
    base = limited.table.base[frame] + sum(float(each[ok].min()) for each, ok in zip(parts, allowed, strict=True))
    # what is not allowed has no weight and needs no steps
    above = [np.where(ok, each - each[ok].min(), 0.0) for each, ok in zip(parts, allowed, strict=True)]
    whole = all(np.array_equal(each, np.round(each)) for each in (*parts, np.array(limited.table.base[frame])))
    low, high = limited.ends(exact=whole)
    reach = sum(float(each.max()) for each in above)
    room = min(high - base, reach)
    if room < 0 or low - base > reach + (0.0 if whole else TOLERANCE * abs(base + reach)):
        return None
    step, exact = _step(np.concatenate([np.zeros(1), *above]), room, bins, whole)
    # a hair less where steps are not whole, so that rounding loses nothing
    hair = 1 - 1e-12 * (not exact)
    most = int(room / step / hair)
    least = math.ceil((low - base) / step) if exact else math.floor((low - base) / step) - len(above)
    steps = tuple(np.minimum((each / step * hair).astype(np.int64), most + 1) for each in above)
    return Axis(steps, max(0, least), most, exact)


def _step(above: Floats, room: float, bins: int, whole: bool) -> tuple[float, bool]:
    """Size of a step, and whether all parts are whole numbers of it."""
    if whole:
        common = float(np.gcd.reduce(above.astype(np.int64))) or 1.0
        multiple = max(1, math.ceil(room / common / bins))
        return common * multiple, multiple == 1
    positive = above[above > 0]
    # where only the least is inside, any step will do that nothing else is below
    return (room / bins if room > 0 else float(positive.min())) if positive.size else 1.0, False


class Tally:
    """The weight of all completions in one frame, slot by slot."""

    def __init__(self, axes: Sequence[Axis], weights: Sequence[Floats]) -> None:
        """Args:
        axes: At least one.
        weights: By slot, of each alternative; 0 for what is not allowed.
        """
        self._most = np.array([each.most for each in axes])
        self._parts = [np.stack(slot, -1) for slot in zip(*(each.parts for each in axes), strict=True)]
        self._weights = weights
        core = tuple(self._most + 1)
        # one row of zeros beyond the upper end stands for all that is too dear
        table = np.zeros(tuple(self._most + 2))
        table[tuple(slice(each.least, each.most + 1) for each in axes)] = 1.0
        self._tables = [table]
        self.log_weight = 0.0
        for parts_AL, weights_A in zip(reversed(self._parts), reversed(weights), strict=True):
            table = _earlier(table, parts_AL, weights_A, core)
            scale = float(table.max())
            if scale > 0:
                table /= scale
                self.log_weight += math.log(scale)
            self._tables.insert(0, table)
        start = float(self._tables[0][(0,) * len(axes)])
        self.log_weight = self.log_weight + math.log(start) if start > 0 else -math.inf

    def draw(self, rng: np.random.Generator, count: int) -> Ints:
        """Alternatives of `count` networks, N x S, each network by its weight."""
        used_NL = np.zeros((count, len(self._most)), dtype=np.int64)
        picks_NS = np.zeros((count, len(self._parts)), dtype=np.int64)
        for slot, parts_AL in enumerate(self._parts):
            totals_NA = np.cumsum(self._weight_after(slot, used_NL), axis=1)
            drawn_N = np.minimum(rng.random(count) * totals_NA[:, -1], np.nextafter(totals_NA[:, -1], 0))
            picks_NS[:, slot] = (totals_NA <= drawn_N[:, None]).sum(1)
            used_NL += parts_AL[picks_NS[:, slot]]
        return picks_NS

    def networks(self) -> Iterator[list[int]]:
        """Alternatives of every network that is inside in steps and has a weight."""
        pending: list[tuple[list[int], Ints]] = [([], np.zeros((1, len(self._most)), dtype=np.int64))]
        while pending:
            picks, used_1L = pending.pop()
            if len(picks) == len(self._parts):
                yield picks
                continue
            possible = np.flatnonzero(self._weight_after(len(picks), used_1L)[0])
            parts_AL = self._parts[len(picks)]
            pending += [([*picks, int(pick)], used_1L + parts_AL[pick]) for pick in possible[::-1]]

    def _weight_after(self, slot: int, used_NL: Ints) -> Floats:
        """Weight of each alternative with all that may follow, N x A."""
        after_NAL = np.minimum(used_NL[:, None] + self._parts[slot], self._most + 1)
        found: Floats = self._tables[slot + 1][tuple(np.moveaxis(after_NAL, -1, 0))] * self._weights[slot]
        return found


def _earlier(table: Floats, parts_AL: Ints, weights_A: Floats, core: tuple[int, ...]) -> Floats:
    """The table of the slot before: `sum over a of weights[a] * table[used + parts[a]]`."""
    earlier = np.zeros(table.shape)
    inside = tuple(slice(0, size) for size in core)
    if len(weights_A) * math.prod(core) <= MOST_GATHERED:
        windows = sliding_window_view(np.pad(table, [(0, size) for size in core]), core)
        earlier[inside] = np.tensordot(weights_A, windows[tuple(parts_AL.T)], 1)
        return earlier
    for parts_L, weight in zip(parts_AL.tolist(), weights_A, strict=True):
        if weight and all(part < size for part, size in zip(parts_L, core, strict=True)):
            rest = table[tuple(slice(part, size) for part, size in zip(parts_L, core, strict=True))]
            earlier[tuple(slice(0, size) for size in rest.shape)] += weight * rest
    return earlier
