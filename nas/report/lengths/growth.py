"""Costs of networks at several input lengths, and break-evens: lengths from which a network is cheaper than softmax."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nas.evaluators.latency import Quartiles

NOISY, NOISY_SHARE = 0.5, 0.1
"""Quartile range in medians that makes a time noisy, and the share of noisy times that makes a measurement noisy."""
NEVER = math.inf
"""Break-even of a network that is cheaper at no length."""


@dataclass(frozen=True)
class Growth:
    """Costs of one network at each length."""

    id: str
    kind: str | None
    """Attention kind of a homogeneous network; None for a mixture."""
    on_front: bool
    alike: bool
    """Whether it is homogeneous in the shape of the first network; two such networks differ in kind alone."""
    flops: tuple[float, ...]
    """FLOPs at each length."""
    latency: tuple[Quartiles | None, ...]
    """Latency at each length; None where it was not measured."""
    softmax: str | None
    """Id of the all-softmax network of the same shape; None for that network itself, or without softmax."""
    flops_break_even: float | None
    """Exact number of tokens from which it has fewer FLOPs than that network; None where there is none."""


@dataclass(frozen=True)
class LengthCosts:
    """Costs of a few networks at several lengths."""

    tokens: tuple[int, ...]
    """Lengths of an image or a source, in rising order."""
    own: int
    """The length of the task."""
    flops: str
    """Name of the cost that is counted: `flops` or `body_flops`."""
    networks: tuple[Growth, ...]
    """The networks; the first is the one of the front whose shape the homogeneous ones have."""
    device: str | None = None
    """Device on which latency was measured; None where it was not."""
    threads: int = 1
    too_long: bool = False
    """Whether latency at the longest lengths was left out for its time or memory."""

    @property
    def is_noisy(self) -> bool:
        """Whether many times have a wide quartile range."""
        times = [each for own in self.networks for each in own.latency if each is not None]
        return sum(each.high - each.low > NOISY * each.median for each in times) > NOISY_SHARE * len(times)

    def network(self, name: str | None) -> Growth | None:
        """The network with this id; None where there is none."""
        return next((each for each in self.networks if each.id == name), None)

    def latency_break_even(self, own: Growth) -> float | None:
        """Tokens from which its median latency is below that of the all-softmax network of its shape.

        Between measured lengths it is interpolated by a straight line in logarithms; None where a latency is missing.
        """
        rival = self.network(own.softmax)
        if rival is None:
            return None
        measured = [
            (tokens, mine.median, theirs.median)
            for tokens, mine, theirs in zip(self.tokens, own.latency, rival.latency, strict=True)
            if mine is not None and theirs is not None
        ]
        return interpolated_break_even(*zip(*measured, strict=True)) if measured else None


def interpolated_break_even(lengths: Sequence[float], own: Sequence[float], rival: Sequence[float]) -> float:
    """The length from which `own` stays below `rival`; the first length where it always is.

    Returns: `NEVER` where it is not below at the last length.
    """
    leads = [math.log(theirs / mine) for mine, theirs in zip(own, rival, strict=True)]
    if leads[-1] <= 0:
        return NEVER
    last = next((place for place in range(len(leads) - 1, -1, -1) if leads[place] <= 0), None)
    if last is None:
        return float(lengths[0])
    before, after = leads[last], leads[last + 1]
    start, end = math.log(lengths[last]), math.log(lengths[last + 1])
    return math.exp(start + (end - start) * -before / (after - before))


def counted_break_even(lengths: Sequence[int], is_cheaper: Callable[[int], bool], known: Sequence[int]) -> float:
    """The first of rising lengths from which a network is cheaper, found by bisection; this may change only once.

    Args:
        lengths: All possible lengths.
        known: Lengths among them that are cheap to ask; they include the last one.

    Returns: `NEVER` where it is not cheaper at the last length.
    """
    if not is_cheaper(lengths[-1]):
        return NEVER
    dearer = [length for length in known if not is_cheaper(length)]
    low = lengths.index(dearer[-1]) if dearer else -1
    high = min(place for place, length in enumerate(lengths) if length in known and place > low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_cheaper(lengths[middle]) else (middle, high)
    return float(lengths[high])
