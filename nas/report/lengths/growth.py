"""How costs grow with the length of the input, and from which length on a network is cheaper than one of softmax."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nas.evaluators.latency import Quartiles

NOISY, NOISY_SHARE = 0.5, 0.1
NEVER = math.inf
"""As a break-even: at no length that was looked at."""


@dataclass(frozen=True)
class Growth:
    """Costs of one network at each length."""

    id: str
    kind: str | None
    """If it is of a single kind."""
    on_front: bool
    alike: bool
    """Whether it is of a single kind in the shape of the first network: two of them differ in the kind alone."""
    flops: tuple[float, ...]
    """In the order of the lengths."""
    latency: tuple[Quartiles | None, ...]
    """None where it was not measured."""
    softmax: str | None
    """Id of the same shape all in softmax; None for that network itself, and where softmax is not offered."""
    flops_break_even: float | None
    """Tokens from which on it has fewer FLOPs than that, counted exactly; None where there is no such network."""


@dataclass(frozen=True)
class LengthCosts:
    """Costs of a few networks at several lengths."""

    tokens: tuple[int, ...]
    """Of an image or a source, by length."""
    own: int
    """The length of the task."""
    flops: str
    """What is counted: `flops` or `body_flops`."""
    networks: tuple[Growth, ...]
    """First the network of the front whose shape those of a single kind have."""
    device: str | None = None
    """On which latency was measured; None where it was not."""
    threads: int = 1
    too_long: bool = False
    """Whether latency at the longest lengths was left out, since it would have taken too long."""

    @property
    def is_noisy(self) -> bool:
        """Whether many of the times vary by more than half of themselves from a quarter of the rounds to another."""
        times = [each for own in self.networks for each in own.latency if each is not None]
        return sum(each.high - each.low > NOISY * each.median for each in times) > NOISY_SHARE * len(times)

    def network(self, name: str | None) -> Growth | None:
        return next((each for each in self.networks if each.id == name), None)

    def latency_break_even(self, own: Growth) -> float | None:
        """Tokens from which on its median latency is below that of the same shape in softmax, between measured lengths
        by a straight line in logarithms; None where either was not measured.
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
    """The length from which on `own` stays below `rival`; the first one where it always is.

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
    """The first of rising lengths from which on it is cheaper, where that changes once; found by halving.

    Args:
        lengths: All that are possible.
        known: Those among them that are cheap to ask, the last of `lengths` among them.

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
