"""The networks of a space inside limits, as far as frames and tables of costs can tell: counted, drawn, listed."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from nas.search_space.feasible.assembly import Network
from nas.search_space.feasible.counting import Axis, Flags, Limited, Tally, axis, uncounted
from nas.search_space.feasible.frames import Frames, Ints, Weights, uniformly

BINS = {1: (256, 2_048, 16_384, 65_536), 2: (24, 128, 256)}
"""Steps by the number of limits that are counted, from coarse to fine."""
COARSE, FINE = 0, 1
MOST_COUNTED = 2
CHUNK = 2_048
LEAST_ACCEPTED = 0.02
MOST_REFUSED = 1_000_000


class Count:
    """How much weight is inside, frame by frame, and draws by weight."""

    def __init__(self, inside: "Inside", weights: Weights, level: int) -> None:
        self._inside = inside
        self._tallies: dict[int, Tally] = {}
        logs = []
        for frame, axes in enumerate(inside.axes(level)):
            weight = float(weights.frames[frame])
            if axes is None or weight <= 0:
                continue
            slots = [each * ok for each, ok in zip(weights.slots[frame], inside.allowed[frame], strict=True)]
            tally = Tally(axes, slots)
            if tally.log_weight > -math.inf:
                self._tallies[frame] = tally
                logs.append(math.log(weight) + tally.log_weight)
        self._logs = np.array(logs)

    def __bool__(self) -> bool:
        """Whether anything may be inside; that nothing is, is certain."""
        return bool(self._tallies)

    @property
    def weight(self) -> float:
        """Weight of all networks that are inside in steps."""
        return float(np.exp(np.logaddexp.reduce(self._logs))) if self._tallies else 0.0

    def draw(self, rng: np.random.Generator, count: int) -> list[Network]:
        """Frame and alternatives of those of `count` networks that are inside all limits."""
        shares = np.exp(self._logs - np.logaddexp.reduce(self._logs))
        numbers_N = rng.choice(len(shares), size=count, p=shares / shares.sum())
        found: list[tuple[int, Network]] = []
        for number, (frame, tally) in enumerate(self._tallies.items()):
            places = np.flatnonzero(numbers_N == number)
            if not len(places):
                continue
            picks_NS = tally.draw(rng, len(places))
            kept = self._inside.allows(frame, picks_NS)
            found += [(int(n), (frame, row)) for n, row in zip(places[kept], picks_NS[kept].tolist(), strict=True)]
        return [network for _, network in sorted(found, key=lambda each: each[0])]

    def networks(self) -> Iterator[Network]:
        for frame, tally in self._tallies.items():
            for picks in tally.networks():
                yield frame, picks


class Inside:
    """The networks of `frames` inside the limits on costs that tables know."""

    def __init__(self, frames: Frames, limited: Sequence[Limited]) -> None:
        self.frames = frames
        self._limited = tuple(limited)
        self._axes: dict[int, list[tuple[Axis, ...] | None]] = {}
        self._counts: dict[tuple[bool, int], Count] = {}

    def axes(self, level: int) -> list[tuple[Axis, ...] | None]:
        """By frame; None where nothing is inside."""
        level = min(level, len(self._bins) - 1)
        if level not in self._axes:
            self._axes[level] = self._all_axes(self._counted, self._bins[level])
        return self._axes[level]

    def allows(self, frame: int, picks_NS: Ints) -> Flags:
        """Which networks are inside, but for rounding."""
        flags = np.ones(len(picks_NS), dtype=np.bool_)
        for limited in self._limited:
            flags &= limited.allows(limited.table.total(frame, picks_NS))
        return flags

    def draws(self, rng: np.random.Generator, weights: Weights, count: int, level: int = FINE) -> Iterator[Network]:
        """Networks inside, each drawn by its weight, without end; nothing if there is certainly none of any weight.

        Args:
            count: How many are likely to be taken.

        Raises: ValueError if no network is found though none of the counts is zero.
        """
        tally = self._count(weights, level)
        tried = accepted = 0
        while tally:
            share = max(LEAST_ACCEPTED, accepted / tried if tried else 1.0)
            size = min(CHUNK, math.ceil(1.1 * max(1, count - accepted) / share) + (8 if tried else 0))
            found = tally.draw(rng, size)
            tried, accepted = tried + size, accepted + len(found)
            yield from found
            if tried > CHUNK and accepted < LEAST_ACCEPTED * tried and level + 1 < len(self._bins):
                level, tried, accepted = level + 1, 0, 0
                tally = self._count(weights, level)
            elif tried > MOST_REFUSED and not accepted:
                raise ValueError(f"no network inside the limits was found in {tried:,} draws")

    def share(self, rng: np.random.Generator, weights: Weights, draws: int) -> float:
        """The weight of all that is inside; where it is not exact, what is let in besides is taken off by draws."""
        tally = self._count(weights, FINE)
        if not tally or self._exact:
            return tally.weight
        return tally.weight * len(tally.draw(rng, draws)) / draws

    def networks(self) -> Iterator[Network]:
        """Every network inside, but for rounding; some that are not where steps are not exact."""
        return self._count(self.equal, FINE).networks()

    @cached_property
    def uniform(self) -> Weights:
        """The chances of `Space.sample`."""
        return self.frames.weights(uniformly)

    @cached_property
    def equal(self) -> Weights:
        return self.frames.equal_weights()

    @cached_property
    def allowed(self) -> list[list[Flags]]:
        """By frame and slot, the alternatives that do not by themselves exceed a cost that is a maximum."""
        found = []
        for number, frame in enumerate(self.frames.frames):
            flags = [np.ones(len(slot.paths), dtype=np.bool_) for slot in frame.slots]
            for limited in self._limited:
                if not limited.table.adds:
                    for slot, parts in enumerate(limited.table.parts[number]):
                        flags[slot] &= parts <= limited.ends()[1]
            found.append(flags)
        return found

    @cached_property
    def _counted(self) -> list[Limited]:
        """The limits on sums; of more than can be counted, those that shut out most."""
        sums = [each for each in self._limited if each.table.adds]
        if len(sums) <= MOST_COUNTED:
            return sums
        return sorted(sums, key=self._weight_alone)[:MOST_COUNTED]

    @cached_property
    def _bins(self) -> tuple[int, ...]:
        return BINS[max(1, len(self._counted))]

    @property
    def _exact(self) -> bool:
        """Whether all that is inside in steps is inside."""
        others = [each for each in self._limited if all(each is not counted for counted in self._counted)]
        settled = all(not each.table.adds and each.window.at_least is None for each in others)
        return settled and all(each.exact for each in chain.from_iterable(axes or () for axes in self.axes(FINE)))

    def _weight_alone(self, limited: Limited) -> float:
        weight = 0.0
        for frame, axes in enumerate(self._all_axes([limited], BINS[1][COARSE])):
            if axes is not None:
                weight += self.uniform.frames[frame] * math.exp(Tally(axes, self.uniform.slots[frame]).log_weight)
        return weight

    def _all_axes(self, counted: Sequence[Limited], bins: int) -> list[tuple[Axis, ...] | None]:
        return [self._frame_axes(counted, frame, bins) for frame in range(len(self.frames.frames))]

    def _frame_axes(self, counted: Sequence[Limited], frame: int, bins: int) -> tuple[Axis, ...] | None:
        allowed = self.allowed[frame]
        base_allowed = all(each.table.adds or each.table.base[frame] <= each.ends()[1] for each in self._limited)
        if not base_allowed or not all(flags.any() for flags in allowed):
            return None
        found = [axis(limited, frame, allowed, bins) for limited in counted] or [uncounted(allowed)]
        present = tuple(each for each in found if each is not None)
        return present if len(present) == len(found) else None

    def _count(self, weights: Weights, level: int) -> Count:
        if weights is not self.uniform and weights is not self.equal:
            return Count(self, weights, level)
        key = (weights is self.uniform, level)
        if key not in self._counts:
            self._counts[key] = Count(self, weights, level)
        return self._counts[key]
