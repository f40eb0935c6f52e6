"""Milliseconds of one pass of a network and of its programs, batch 1, one thread, measured by turns."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

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
    times: dict[str, list[float]] = {name: [] for name in passes}
    with torch.no_grad(), threads(1):
        for run in list(passes.values()) * WARMUP:
            run()
        begun = time.perf_counter()
        for number in range(MOST_ROUNDS):
            if number >= LEAST_ROUNDS and time.perf_counter() - begun > MOST_SECONDS:
                break
            for name, run in passes.items():
                start = time.perf_counter()
                run()
                times[name].append(1_000 * (time.perf_counter() - start))
    return {name: _summary(found) for name, found in times.items()}


def _summary(times_ms: list[float]) -> dict[str, float]:
    low, median, high = np.percentile(times_ms, [25, 50, 75])
    return {"median_ms": float(median), "low_ms": float(low), "high_ms": float(high), "rounds": len(times_ms)}
