"""Times of things measured in turn, so that what slows the machine slows all of them alike."""

import gc
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from nas.system.devices import device_name

Work = Callable[[], object]
Side = TypeVar("Side", bound=Hashable)
Samples = Any
"""An array of milliseconds, one of each round."""

LEAST_MS = 20.0
"""A sample lasts at least so long: shorter work is repeated within it."""
QUICK_ROUNDS = 2
QUICK_SHARE = 16
MIB = 2**20
# numbers of glibc's malloc.h


@dataclass(frozen=True)
class Bench:
    """Where things are measured, and how thoroughly."""

    device: torch.device
    dtype: torch.dtype = torch.float32
    """Of queries, keys and values."""
    quick: bool = False
    """Few repeats and short sequences: shows that everything runs, and no figure worth reading."""

    @property
    def name(self) -> str:
        return f"{device_name(self.device)}, {str(self.dtype).removeprefix('torch.')}"

    def tokens(self, count: int) -> int:
        """So many, or fewer if quick."""
        return max(1, count // QUICK_SHARE) if self.quick else count

    def in_turn(self, sides: Mapping[Side, Work], rounds: int) -> dict[Side, Samples]:
        """Milliseconds of each side in each round; every other round goes through the sides backwards."""
        least_ms, rounds = (0.0, QUICK_ROUNDS) if self.quick else (LEAST_MS, rounds)
        calls = {}
        for side, work in sides.items():
            work()
            calls[side] = max(1, math.ceil(least_ms / max(self.milliseconds(work, 1), 1e-3)))
        samples: dict[Side, list[float]] = {side: [] for side in sides}
        gc.collect()
        for number in range(rounds):
            for side in list(sides) if number % 2 else reversed(list(sides)):
                samples[side].append(self.milliseconds(sides[side], calls[side]))
        return {side: np.array(values) for side, values in samples.items()}

    def milliseconds(self, work: Work, calls: int) -> float:
        """Of one call, the mean of so many: CPU time of the process, or time on the GPU."""
        if self.device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda.synchronize()
            begin.record()
            for _ in range(calls):
                work()
            end.record()
            torch.cuda.synchronize()
            return float(begin.elapsed_time(end)) / calls
        start = time.process_time()
        for _ in range(calls):
            work()
        return 1e3 * (time.process_time() - start) / calls


def quartiles(values: Samples, digits: int = 2) -> str:
    """The median, and between which values the middle half lies."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return f"{median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def exponent(lengths: Sequence[int], costs: Samples) -> Samples:
    """The power of the length that costs grow with: slope of the least-squares line through their logarithms.

    Args:
        costs: By length, and then by round if there are rounds.
    """
    return np.polyfit(np.log(lengths), np.log(costs), 1)[0]


def crossover(lengths: Sequence[int], ratios: Samples) -> float:
    """The length from which on the ratio stays below 1, between lengths on a straight line of logarithms.

    0 if it is below 1 at every length, infinite if it is not at the last one.
    """
    above = np.flatnonzero(np.asarray(ratios) >= 1)
    if not above.size:
        return 0.0
    last = int(above[-1])
    if last + 1 == len(lengths):
        return math.inf
    before, after = math.log(ratios[last]), math.log(ratios[last + 1])
    share = before / (before - after)
    # a whole number of tokens stays one
    return round(float(lengths[last] ** (1 - share) * lengths[last + 1] ** share), 6)
