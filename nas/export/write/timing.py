"""Milliseconds of one pass of a network and of its programs, batch 1, one thread, measured by turns."""

from collections.abc import Callable
from typing import Any

import torch

from nas.evaluators.latency import Quartiles, times_by_turns
from nas.system.devices import threads

MOST_ROUNDS = 200
LEAST_ROUNDS = 20
MOST_SECONDS = 4.0
"""After which no further round is begun, once there are enough."""
WARMUP = 5


def quartiles_ms(passes: dict[str, Callable[[], Any]]) -> dict[str, dict[str, float]]:
    """Median and both quartiles of each pass, and how often it ran.

    By turns, so that what else the machine does meanwhile is everyone's.
    """
    runs = list(passes.values())
    with torch.no_grad(), threads(1):
        for run in runs * WARMUP:
            run()
        times_ms = times_by_turns(runs, seconds=MOST_SECONDS, least=LEAST_ROUNDS, most=MOST_ROUNDS)
    return {name: _summary(found) for name, found in zip(passes, times_ms, strict=True)}


def _summary(times_ms: list[float]) -> dict[str, float]:
    low, median, high = Quartiles.of(times_ms)
    return {"median_ms": median, "low_ms": low, "high_ms": high, "rounds": len(times_ms)}
