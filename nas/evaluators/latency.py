"""Latency: the wall time of one inference of the whole network on a device; measured, so it varies between runs.

Pieces are not used: times of parts do not add up to the time of the whole.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nas.system.devices import device_name
from nas.system.devices import threads as with_threads
from nas.system.ranges import Range, Threads, check
from nas.tasks.base import Task


@dataclass(frozen=True)
class LatencyResult:
    """The result of a measurement."""

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
    run = partial(_run, model, inputs)
    with torch.no_grad(), with_threads(threads):
        for _ in range(warmup):
            run()
        (times_ms,) = times_by_turns([run], seconds=0, least=repeats, most=repeats)
    found = Quartiles.of(times_ms)
    return LatencyResult(found.median, found.high - found.low, device_name(inputs[0].device), repeats)


class Quartiles(NamedTuple):
    """Milliseconds of one inference."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> "Quartiles":
        return cls(*map(float, np.percentile(times_ms, [25, 50, 75])))


def times_by_turns(
    passes: Sequence[Callable[[], object]], *, seconds: float, least: int, most: int
) -> list[list[float]]:
    """Milliseconds of each pass in each round; passes take turns, so that a slow moment of the machine is not one's.

    Args:
        passes: Each returns when all of its work is done.
        seconds: No further round begins after so long, once there are `least`; there are at most `most`.
    """
    times_ms: list[list[float]] = [[] for _ in passes]
    begun = time.perf_counter()
    for number in range(most):
        if number >= least and time.perf_counter() - begun > seconds:
            break
        for run, found in zip(passes, times_ms, strict=True):
            start = time.perf_counter()
            run()
            found.append(1_000 * (time.perf_counter() - start))
    return times_ms


def interleaved_latencies(
    models: Sequence[tuple[nn.Module, tuple[Tensor, ...]]],
    *,
    seconds: float,
    threads: int,
    least: int = 3,
    most: int = 50,
) -> list[Quartiles] | None:
    """Latencies of several models that take turns.

    Args:
        models: Each with its inputs.
        seconds: Time to spend; between `least` and `most` rounds are made, after one that is not measured.

    Returns: None where `least` rounds would take more than that.
    """
    passes = [partial(_run, *each) for each in models]
    with torch.no_grad(), with_threads(threads):
        started = time.perf_counter()
        for run in passes:
            run()
        if least * (time.perf_counter() - started) > seconds:
            return None
        return [Quartiles.of(each) for each in times_by_turns(passes, seconds=seconds, least=least, most=most)]


@dataclass(frozen=True)
class Latency:
    """Median milliseconds of one inference, with fresh weights, at the task's example inputs."""

    batch_size: Annotated[int, Range(1, 100_000)] = 1
    repeats: Annotated[int, Range(1, 1_000_000)] = 20
    warmup: Annotated[int, Range(0, 1_000_000)] = 3
    threads: Threads = 1
    device: str = "cpu"

    name = "latency"
    unit = "milliseconds"
    measured = True

    def __post_init__(self) -> None:
        check(self)
        try:
            torch.device(self.device)
        except RuntimeError as error:
            raise ValueError(f"device = {self.device!r} is no device of torch; name cpu, cuda or cuda:0") from error

    def __call__(self, task: Task, architecture: Any) -> float:
        return self.measure(task, architecture).median_ms

    def measure(self, task: Task, architecture: Any) -> LatencyResult:
        """The median with its spread and the device it belongs to."""
        with torch.random.fork_rng(devices=[]):
            model = task.build(architecture).eval().to(self.device)
        inputs = tuple(x.repeat_interleave(self.batch_size, 0).to(self.device) for x in task.example_inputs())
        return measure_latency(model, inputs, repeats=self.repeats, warmup=self.warmup, threads=self.threads)


def _run(model: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """One inference, finished on the device of the inputs."""
    model(*inputs)
    if inputs[0].device.type == "cuda":
        torch.cuda.synchronize(inputs[0].device)
