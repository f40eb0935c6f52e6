"""What a second process gains: a step of one process with a whole batch beside that of two with half of it each.

    python benchmarks/distributed.py [--data FOLDER] [--out FILE]

The supernet is that of experiments/cifar10.py:cpu; every process computes with one thread. One process and the pair
take turns (AB BA AB ...) after a warm-up, on the same steps, and so on the same subnets; the pair's step lasts until
both are done. With `--data`, a folder with cifar-10-batches-py, batches are images, augmented; each process makes the
whole batch and trains on its part. Without, they are noise made beforehand. `same` and `per_rank` say what a pair
draws (nas/supernet/distributed.py); of one process only the step of `same` is comparable. About five minutes on two
free cores; beside other work the figures mean nothing.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
import torch.distributed as dist
from parts.report import heading, parser, publish, section

from nas.experiment import Experiment
from nas.experiment.loading import load
from nas.supernet import Supernet
from nas.supernet.distributed import Bucket, DistributedTrainee, Group, Sums
from nas.supernet.trainee import SupernetTrainee
from nas.tasks.base import Batch
from nas.tasks.cifar10 import Cifar10
from nas.training.settings import Draw

WARMUP_STEPS = 6
STEPS = 60
BATCH_SIZES = (96, 256)
TIMES_CAPTION = "Milliseconds of a step, as median (interquartile range)."
TIMES_COLUMNS = (
    "the pair draws", "batch", "one process", "two processes", "times faster: medians",
    "times faster: median of pairs (quartiles)", "the batch is made in", "first process waits and sums for", "steps",
)  # fmt: skip


@dataclass(frozen=True)
class Noise(Cifar10):
    """Networks of CIFAR-10 on images of noise, made once."""

    def prepare(self) -> str:
        return "noise"

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        return noise(batch_size)


@lru_cache(maxsize=1)
def noise(batch_size: int) -> Batch:
    rng = torch.Generator().manual_seed(0)
    images_NCHW = torch.randn(batch_size, 3, 32, 32, generator=rng)
    return Batch((images_NCHW,), torch.randint(10, (batch_size,), generator=rng))


class Side(NamedTuple):
    """What is trained; made anew in every process."""

    batch_size: int
    draw: Draw
    data: Path | None

    def experiment(self) -> Experiment:
        experiment = load(f"{Path(__file__).parents[1]}/experiments/cifar10.py:cpu").experiment
        supernet = replace(experiment.supernet, batch_size=self.batch_size, draw=self.draw)
        task = experiment.task.with_data(self.data) if self.data else Noise(patch_size=4, tokenizer="conv")
        task.prepare()
        return replace(experiment, supernet=supernet, task=task)

    def trainee(self, group: Group | None) -> SupernetTrainee:
        experiment = self.experiment()
        torch.manual_seed(0)
        supernet = Supernet(experiment.task.build, experiment.space)
        if group is None:
            return SupernetTrainee(supernet, experiment.task, experiment.supernet, 0)
        return DistributedTrainee(supernet, experiment.task, experiment.supernet, 0, group)


class Times(NamedTuple):
    """Milliseconds of neighbouring steps."""

    one: Any
    two: Any
    making: Any
    """Of them, of one process, for the making of the batch."""
    summing: Any
    """Of them, of the first of two, from the end of its own part until the sum is there."""


def measure(side: Side) -> Times:
    """Steps of one process and of two, in turn."""
    rows = []
    one = side.trainee(None)
    with pair(side) as step_of_two:
        for step in range(WARMUP_STEPS + STEPS):
            if step % 2:
                (two, summing), alone = step_of_two(step), milliseconds(lambda step=step: one.step(step))
            else:
                alone, (two, summing) = milliseconds(lambda step=step: one.step(step)), step_of_two(step)
            making = milliseconds(lambda step=step: one.task.train_batch(step, side.batch_size, 0))
            rows.append((alone, two, making, summing))
    return Times(*np.array(rows[WARMUP_STEPS:]).T)


@contextmanager
def pair(side: Side) -> Iterator[Callable[[int], tuple[float, float]]]:
    """Inside, two processes; the function has both take a step, and gives its milliseconds and those of summing."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        pipes, processes = [], []
        for rank in range(2):
            ours, theirs = context.Pipe()
            arguments = (side, Group(rank, 2), f"file://{folder}/store", theirs)
            processes.append(context.Process(target=answer, args=arguments, daemon=True))
            processes[-1].start()
            pipes.append(ours)
        for pipe in pipes:
            pipe.recv()

        def step_of_two(step: int) -> tuple[float, float]:
            summing: list[float] = []

            def both() -> None:
                for pipe in pipes:
                    pipe.send(step)
                summing.extend(pipe.recv() for pipe in pipes)

            return milliseconds(both), summing[0]

        yield step_of_two
        for process in processes:
            process.terminate()
            process.join()


def answer(side: Side, group: Group, store: str, pipe: Connection) -> None:
    """Take the steps that are asked for; answers each with milliseconds of summing."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=store, rank=group.rank, world_size=group.size)
    trainee = side.trainee(group)
    spent, plain_sum = [0.0], Bucket.sum

    def timed_sum(bucket: Bucket) -> Sums:
        started = time.perf_counter()
        sums = plain_sum(bucket)
        spent[0] = 1e3 * (time.perf_counter() - started)
        return sums

    Bucket.sum = timed_sum  # type: ignore[method-assign]
    pipe.send("ready")
    while True:
        trainee.step(pipe.recv())
        pipe.send(spent[0])


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)


def time_row(side: Side) -> list[str]:
    times = measure(side)
    return [
        f"`{side.draw}`",
        str(side.batch_size),
        _quartiles(times.one),
        _quartiles(times.two),
        f"{np.median(times.one) / np.median(times.two):.2f}",
        "{:.2f} ({:.2f} to {:.2f})".format(*np.percentile(times.one / times.two, [50, 25, 75])),
        _quartiles(times.making),
        _quartiles(times.summing),
        str(len(times.one)),
    ]


def _quartiles(values: Any) -> str:
    low, median, high = np.percentile(values, [25, 50, 75])
    return f"{median:.3g} ({high - low:.2g})"


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", type=Path, help="folder with cifar-10-batches-py; without it, images of noise")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    rows = [time_row(Side(size, draw, arguments.data)) for size in BATCH_SIZES for draw in get_args(Draw)]
    what = "augmented images of CIFAR-10" if arguments.data else "noise made beforehand"
    title = "A training step of the supernet by one process and by two"
    lines = [*heading(title, what), *section(TIMES_CAPTION, TIMES_COLUMNS, rows, words=("the pair draws",))]
    publish(lines, arguments.out)


if __name__ == "__main__":
    main()
