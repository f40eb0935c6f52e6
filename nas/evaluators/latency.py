"""Latency: the wall time of one inference of the whole network on a device; measured, so it varies between runs.

Pieces are not used: times of parts do not add up to the time of the whole.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nas.system.devices import device_name
from nas.system.devices import threads as with_threads
from nas.tasks.base import Task


@dataclass(frozen=True)
class LatencyResult:
    """What a measurement found."""

    median_ms: float
    spread_ms: float
    """Interquartile range of the repeats."""
    device: str
    """Name of the device."""
    repeats: int


def measure_latency(
    model: nn.Module, inputs: tuple[Tensor, ...], *, repeats: int, warmup: int, threads: int
) -> LatencyResult:
    """Run `model(*inputs)` `warmup` times unmeasured, then `repeats` times, on the device of the inputs.

    Args:
        threads: Threads within an operator, on the CPU.

    Raises: ValueError if there are no inputs or nothing to repeat.
    """
    if not inputs or repeats < 1 or warmup < 0:
        raise ValueError(f"latency needs inputs, repeats >= 1, warmup >= 0; found {len(inputs)}, {repeats}, {warmup}")
    device = inputs[0].device
    with torch.no_grad(), with_threads(threads):
        for _ in range(warmup):
            model(*inputs)
        times_ms = [_run_ms(model, inputs, device) for _ in range(repeats)]
    low, median, high = np.percentile(times_ms, [25, 50, 75])
    return LatencyResult(float(median), float(high - low), device_name(device), repeats)


class Quartiles(NamedTuple):
    """Milliseconds of one inference."""

    low: float
    median: float
    high: float


def interleaved_latencies(
    models: Sequence[tuple[nn.Module, tuple[Tensor, ...]]],
    *,
    seconds: float,
    threads: int,
    least: int = 3,
    most: int = 50,
) -> list[Quartiles] | None:
    """Latencies of several models that take turns, so that a slow moment of the machine is not one model's.

    Args:
        models: Each with its inputs.
        seconds: What to spend; between `least` and `most` rounds are made, after one that is not measured.

    Returns: None where `least` rounds would take more than that.
    """
    with torch.no_grad(), with_threads(threads):
        started = time.perf_counter()
        for model, inputs in models:
            _run_ms(model, inputs, inputs[0].device)
        rounds = int(seconds / (time.perf_counter() - started))
        if rounds < least:
            return None
        times_ms = [
            [_run_ms(model, inputs, inputs[0].device) for model, inputs in models] for _ in range(min(rounds, most))
        ]
    return [Quartiles(*map(float, each)) for each in np.percentile(times_ms, [25, 50, 75], axis=0).T]


@dataclass(frozen=True)
class Latency:
    """Median milliseconds of one inference, with fresh weights, at the task's example inputs."""

    batch_size: int = 1
    repeats: int = 20
    warmup: int = 3
    threads: int = 1
    device: str = "cpu"

    name = "latency"
    unit = "milliseconds"
    measured = True

    def __call__(self, task: Task, architecture: Any) -> float:
        return self.measure(task, architecture).median_ms

    def measure(self, task: Task, architecture: Any) -> LatencyResult:
        """The median with its spread and the device it belongs to."""
        with torch.random.fork_rng(devices=[]):
            model = task.build(architecture).eval().to(self.device)
        inputs = tuple(x.repeat_interleave(self.batch_size, 0).to(self.device) for x in task.example_inputs())
        return measure_latency(model, inputs, repeats=self.repeats, warmup=self.warmup, threads=self.threads)


def _run_ms(model: nn.Module, inputs: tuple[Tensor, ...], device: torch.device) -> float:
    _wait_for(device)
    start = time.perf_counter()
    model(*inputs)
    _wait_for(device)
    return 1_000 * (time.perf_counter() - start)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
