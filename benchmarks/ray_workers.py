"""Two Ray workers beside one, on evaluations with a supernet's weights: time, results and memory.

    python benchmarks/ray_workers.py [--out FILE]

One and two workers take turns (1 2, 2 1, 1 2, ...) on one Ray of this machine with the same networks: samples of
AutoFormer-Ti's space on noise of CIFAR-10's size. Workers are ready, and have evaluated one network each, before the
clock starts; what their start takes is shown beside. All qualities must be equal to the bit.

Memory is read from the kernel (`/proc/PID/smaps_rollup`) after the evaluations: `own` is what no other process has
(USS); `shared` lies in memory that other processes map too, libraries and the weights, of which a machine holds one
copy. Then the same with local processes. About three minutes on two free cores.
"""

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from parts.report import heading, parser, publish, section
from parts.timing import MIB

from nas.experiment.loading import Recipe
from nas.parallel.cluster import connected
from nas.parallel.map import Arrays, Workers, prepared_map
from nas.search.scoring import Candidate, evaluator
from nas.search_space import to_json
from nas.supernet import Supernet
from nas.system.machine import allotted_cores

NETWORKS = 12
REPEATS = 3
TIMES_COLUMNS = (
    "workers", "networks", "one evaluation, s", "one worker, s", "two workers, s", "ratio", "range", "target",
    "start of two, s", "turns",
)  # fmt: skip
EXPERIMENT = '''"""Networks of AutoFormer-Ti on noise of CIFAR-10's size, which needs no files."""

from dataclasses import dataclass

import torch

from nas.evaluators.accuracy import Accuracy
from nas.experiment import Experiment
from nas.search_space.presets import autoformer_tiny
from nas.tasks.cifar10 import Cifar10
from nas.tasks.image_classification import Split
from nas.training.settings import SupernetTraining, Training

IMAGES = 48


@dataclass(frozen=True)
class Noise(Cifar10):
    def prepare(self):
        return "noise"

    def split(self, name):
        draw = torch.Generator().manual_seed(0)
        images = torch.randint(256, (IMAGES, 3, 32, 32), generator=draw, dtype=torch.uint8)
        return Split(images, torch.arange(IMAGES) % 10, torch.arange(IMAGES))


experiment = Experiment(
    task=Noise(patch_size=4),
    space=autoformer_tiny(),
    quality=Accuracy(batch_size=16),
    supernet=SupernetTraining(steps=1, batch_size=1, learning_rate=1e-3, warmup_steps=0),
    retrain=Training(steps=1, batch_size=1, learning_rate=1e-3, warmup_steps=0),
    evaluations=1,
)
'''
RECIPE = Recipe(EXPERIMENT, "experiment", {}, None)


class Turn(NamedTuple):
    """One map over all networks."""

    seconds: float
    start_seconds: float
    qualities: list[float]
    evaluation_seconds: float
    """Of the median evaluation."""
    memory: list[dict[str, float]]
    """Of each worker, MiB."""


def turn(candidates: list[Candidate], weights: Arrays, workers: Workers) -> Turn:
    started = time.perf_counter()
    with prepared_map(partial(worker, RECIPE), weights, workers) as evaluated:
        assert workers.count is not None
        # one each: a worker that is ready takes the first, and the others the next
        first = list(evaluated(candidates[:1] * workers.count))
        ready = time.perf_counter()
        found = list(evaluated(candidates))
        seconds = time.perf_counter() - ready
        processes = dict.fromkeys(process for _, process in [*first, *found])
        memory = [memory_of(process) for process in processes]
    assert len(memory) == workers.count, "every worker took part"
    scores = [score for score, _ in found]
    evaluation = statistics.median(score.seconds for score in scores)
    return Turn(seconds, ready - started, [score.quality for score in scores], evaluation, memory)


def worker(recipe: Recipe, weights: Arrays) -> Callable[[Candidate], Any]:
    evaluate = evaluator(recipe, weights)
    return lambda candidate: (evaluate(candidate), os.getpid())


def memory_of(process: int) -> dict[str, float]:
    """Own and shared memory of a process of this machine, MiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    pages = {line.split(":")[0]: int(line.split()[1]) * 1024 / MIB for line in lines}
    return {
        "own": pages["Private_Clean"] + pages["Private_Dirty"],
        "shared": pages["Shared_Clean"] + pages["Shared_Dirty"],
    }


def compared(candidates: list[Candidate], weights: Arrays, ray: str | None) -> dict[int, list[Turn]]:
    """Turns by the number of workers."""
    turns: dict[int, list[Turn]] = {1: [], 2: []}
    for repeat in range(REPEATS):
        for count in (1, 2) if repeat % 2 == 0 else (2, 1):
            # a time limit that nothing reaches makes one local worker a process as well
            turns[count].append(turn(candidates, weights, Workers(count, ray, timeout=3600.0)))
    qualities = {tuple(each.qualities) for several in turns.values() for each in several}
    assert len(qualities) == 1, "results differ"
    return turns


def rows(name: str, turns: dict[int, list[Turn]]) -> tuple[list[str], list[list[str]]]:
    """The line of times, and the lines of memory."""
    medians = {count: statistics.median(each.seconds for each in several) for count, several in turns.items()}
    ratios = sorted(one.seconds / two.seconds for one, two in zip(turns[1], turns[2], strict=True))
    starts = statistics.median(each.start_seconds for each in turns[2])
    evaluation = statistics.median(each.evaluation_seconds for each in turns[1])
    times = [
        name, str(NETWORKS), f"{evaluation:.2f}", f"{medians[1]:.2f}", f"{medians[2]:.2f}",
        f"{medians[1] / medians[2]:.2f}", f"{ratios[0]:.2f} to {ratios[-1]:.2f}", "1.8", f"{starts:.1f}", str(REPEATS),
    ]  # fmt: skip
    memory = []
    alone = statistics.median(each.memory[0]["own"] for each in turns[1])
    for what, count, place in (("one alone", 1, 0), ("first of two", 2, 0), ("second of two", 2, 1)):
        own, shared = (
            statistics.median(each.memory[place][kind] for each in turns[count]) for kind in ("own", "shared")
        )
        memory.append([name, what, f"{own:.0f}", f"{shared:.0f}", f"{own / alone:.2f}", "1.15" if place else ""])
    return times, memory


def lines() -> list[str]:
    """All measurements in Markdown."""
    experiment = RECIPE.experiment()
    torch.manual_seed(0)
    table = Supernet(experiment.task.build, experiment.space).table
    weights = {name: tensor.numpy() for name, tensor in table.state_dict().items()}
    rng = np.random.default_rng(0)
    candidates = [Candidate(to_json(experiment.space.sample(rng)), "search") for _ in range(NETWORKS)]
    with connected("local", 2):
        on_ray = rows("Ray", compared(candidates, weights, "local"))
    here = rows("processes", compared(candidates, weights, None))
    size = sum(array.nbytes for array in weights.values()) / MIB
    return [
        *heading("Two workers beside one", f"{allotted_cores()} cores"),
        *section(
            "Evaluating the same networks; seconds as medians. Ratio: one worker's time over that of two; its range is "
            "over the turns. Start: until two workers are ready and have evaluated a network each.",
            TIMES_COLUMNS,
            [on_ray[0], here[0]],
            words=("workers",),
        ),
        *section(
            f"Memory of each worker, MiB; the supernet's weights are {size:.0f} MiB. Ratio: own memory beside that of "
            "one worker alone.",
            ("workers", "worker", "own", "shared", "ratio", "target"),
            [*on_ray[1], *here[1]],
            words=("workers", "worker"),
        ),
    ]


def main() -> None:
    out = parser(__doc__).parse_args().out
    torch.set_num_threads(1)
    publish(lines(), out)


if __name__ == "__main__":
    main()
