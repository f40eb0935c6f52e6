"""What the FLOPs of a candidate cost to know: cached blocks, beside full traces of the whole network.

    python benchmarks/costs.py [--out FILE]

Random architectures of AutoFormer's spaces on CIFAR-10's images in patches of 4 (64 tokens); no data is read. Kinds are
softmax, linear and cosformer: fvcore fails at lrpe, which multiplies a matrix with a vector. The methods take turns on
each architecture, on one thread. Building networks is in the times from nothing, but not in those of the full traces.
About 30 seconds on one core.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import fvcore
import numpy as np
import torch
from fvcore.nn import FlopCountAnalysis
from parts.report import heading, parser, publish, table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nas.evaluators.flops import Flops, count_flops
from nas.search_space import SearchSpace, presets
from nas.tasks.cifar10 import Cifar10

KINDS = ("softmax", "linear", "cosformer")
SPACES = {"autoformer_tiny": presets.autoformer_tiny(KINDS), "autoformer_small": presets.autoformer_small(KINDS)}
CANDIDATES = 1_000
FIRST_PASSES = 3
TRACED = 5
TASK = Cifar10(patch_size=4)
COLUMNS = (
    "space", "method", "median, ms", "interquartile range, ms", "CPU time, median, ms", "mean count, M", "measured",
)  # fmt: skip


class Sample(NamedTuple):
    """One measurement."""

    wall_ms: float
    cpu_ms: float
    flops: float
    """Multiply-adds that the method reports."""


def measure(count: Callable[[], float]) -> Sample:
    """Time one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = count()
    return Sample(1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu), found)


def fvcore_total(model: nn.Module) -> float:
    """fvcore's own count, which leaves out fused attention and counts normalisation."""
    analysis = FlopCountAnalysis(model, TASK.example_inputs())
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return float(analysis.total())


def torch_total(model: nn.Module) -> float:
    """PyTorch's own count, halved since it counts a multiply-add as 2."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*TASK.example_inputs())
    return int(counter.get_total_flops()) / 2


def fresh_tasks() -> Iterator[Cifar10]:
    """Tasks of equal costs, but with nothing known yet: costs are kept per task, and these differ in training alone."""
    return (replace(TASK, label_smoothing=0.5 + step / 1e6) for step in range(1_000))


def candidate_samples(space: SearchSpace, tasks: Iterator[Cifar10]) -> dict[str, list[Sample]]:
    """Measurements by method."""
    rng = np.random.default_rng(0)
    candidates = [space.sample(rng) for _ in range(CANDIDATES)]
    flops = Flops()
    samples: dict[str, list[Sample]] = {}
    for task in islice(tasks, FIRST_PASSES):
        sample = measure(lambda t=task: float(np.mean([flops(t, c) for c in candidates][:TRACED])))  # type: ignore[misc]
        shared = Sample(sample.wall_ms / CANDIDATES, sample.cpu_ms / CANDIDATES, sample.flops)
        samples.setdefault(f"cached blocks, from nothing, mean of {CANDIDATES:,}", []).append(shared)
    samples["cached blocks"] = [measure(lambda c=c: flops(task, c)) for c in candidates]  # type: ignore[misc]
    for candidate in candidates[:TRACED]:
        for method, sample in traces(candidate, next(tasks)).items():
            samples.setdefault(method, []).append(sample)
    return samples


def traces(candidate: Any, unknown: Cifar10) -> dict[str, Sample]:
    """Every method that runs the network, once, in turn."""
    model = TASK.build(candidate).eval()
    return {
        "one candidate from nothing": measure(lambda: Flops()(unknown, candidate)),
        "our handles, full trace": measure(lambda: float(count_flops(model, TASK.example_inputs()))),
        "fvcore, full trace": measure(lambda: fvcore_total(model)),
        "torch.utils.flop_counter, full run": measure(lambda: torch_total(model)),
    }


def lines() -> list[str]:
    """All measurements in Markdown."""
    rows = []
    tasks = fresh_tasks()
    for name, space in SPACES.items():
        for method, samples in candidate_samples(space, tasks).items():
            wall_ms, cpu_ms, flops = np.array(samples).T
            low, median, high = np.percentile(wall_ms, [25, 50, 75])
            # of the same candidates for every method
            mflops = flops[:TRACED].mean() / 1e6
            figures = [f"{median:.4g}", f"{high - low:.2g}", f"{np.median(cpu_ms):.4g}", f"{mflops:.1f}"]
            rows.append([f"`{name}`", method, *figures, f"{len(samples):,}"])
    setting = f"fvcore {fvcore.__version__}; {TASK.cost_setting()}; one multiply-add = 1"
    return [*heading("Costs of a candidate", setting), "", *table(COLUMNS, rows, words=("space", "method"))]


def main() -> None:
    out = parser(__doc__).parse_args().out
    torch.set_num_threads(1)
    publish(lines(), out)


if __name__ == "__main__":
    main()
