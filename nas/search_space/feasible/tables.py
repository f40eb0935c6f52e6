"""Tables of costs: what each alternative of a frame adds to a cost, or raises it to.

FLOPs and parameters are sums over blocks, and peak memory is the most of any block. Which of the two a cost is, if
either, shows on networks that differ in one slot, and is checked on random networks of every frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas.search_space.feasible.frames import Floats, Frames, Ints
from nas.search_space.space import Space

CHECKED_DRAWS = 256
LEAST_DRAWS_A_FRAME = 4
TOLERANCE = 1e-9

Costs = dict[str, float]


@dataclass(frozen=True)
class Table:
    """One cost in every frame: `base + sum of parts`, or `max(base, most of parts)`."""

    adds: bool
    """Whether parts add up; else the cost is the most of them."""
    base: tuple[float, ...]
    """By frame."""
    parts: tuple[tuple[Floats, ...], ...]
    """By frame and slot, one of each alternative."""

    def total(self, frame: int, picks: Ints) -> Floats:
        """The cost of networks of one frame.

        Args:
            picks: One row a network, one column a slot.
        """
        total = np.full(len(picks), self.base[frame])
        for slot, parts in enumerate(self.parts[frame]):
            total = total + parts[picks[:, slot]] if self.adds else np.maximum(total, parts[picks[:, slot]])
        return total

    def bounds(self) -> tuple[float, float]:
        """Least and most of the cost over all frames."""
        totals: list[float] = []
        for frame, parts in enumerate(self.parts):
            picks = [[int(end(each)) for each in parts] for end in (np.argmin, np.argmax)]
            totals += self.total(frame, np.array(picks, dtype=np.int64).reshape(2, len(parts))).tolist()
        return min(totals), max(totals)


class Pricing:
    """Costs of networks by their place in a space's frames, each asked for once."""

    def __init__(self, space: Space, frames: Frames, cost: Callable[[Any], Costs]) -> None:
        self.frames = frames.frames
        self._space = space
        self._cost = cost
        self._known: dict[tuple[int, tuple[int, ...]], Costs] = {}

    def cost(self, frame: int, picks: Sequence[int]) -> Costs:
        key = (frame, tuple(picks))
        if key not in self._known:
            self._known[key] = self._cost(self._space.replay(self.frames[frame].genes(picks)))
        return self._known[key]

    def table(self, name: str) -> Table | None:
        """The table of a cost; None if it is neither a sum nor a maximum over slots."""
        sums = self._singles(name, [self._like(frame, 0) for frame in range(len(self.frames))], adds=True)
        if self._fits(sums, name):
            return sums
        # a reference dearer than other alternatives would hide what they cost
        most = [max((len(slot.paths) for slot in frame.slots), default=1) for frame in self.frames]
        references = [
            min((self._like(frame, pick) for pick in range(most[frame])), key=lambda p, f=frame: self.cost(f, p)[name])  # type: ignore[misc]
            for frame in range(len(self.frames))
        ]
        maxima = self._singles(name, references, adds=False)
        return maxima if self._fits(maxima, name) else None

    def _like(self, frame: int, pick: int) -> list[int]:
        """One alternative everywhere; the last one where a slot has fewer."""
        return [min(pick, len(slot.paths) - 1) for slot in self.frames[frame].slots]

    def _singles(self, name: str, references: list[list[int]], adds: bool) -> Table:
        """From the networks that differ from the reference of their frame in one slot."""
        base, parts = [], []
        for frame, reference in enumerate(references):
            base.append(self.cost(frame, reference)[name])
            of_frame = []
            for slot, alternatives in enumerate(self.frames[frame].slots):
                picks = [[*reference[:slot], pick, *reference[slot + 1 :]] for pick in range(len(alternatives.paths))]
                of_frame.append(np.array([self.cost(frame, each)[name] for each in picks]) - adds * base[-1])
            parts.append(tuple(of_frame))
        return Table(adds, tuple(base), tuple(parts))

    def _fits(self, table: Table, name: str) -> bool:
        """Whether random networks of every frame cost what the table says."""
        rng = np.random.default_rng(0)
        draws = max(LEAST_DRAWS_A_FRAME, CHECKED_DRAWS // len(self.frames))
        for number, frame in enumerate(self.frames):
            sizes = [len(slot.paths) for slot in frame.slots]
            picks = rng.integers(sizes, size=(draws, len(sizes))) if sizes else np.zeros((1, 0), dtype=np.int64)
            costs = [self.cost(number, row)[name] for row in picks.tolist()]
            if not np.allclose(table.total(number, picks), costs, rtol=TOLERANCE, atol=0):
                return False
        return True
