"""What weight sharing costs: a training step of the supernet beside one of the plain network of the same shape.

    python benchmarks/supernet_overhead.py [--out FILE]

Both sides are the trainees that `nas run` uses, on one ready-made batch of random images of CIFAR-10's size, or of
random sentences of 30 tokens, so that the making of batches hides no difference. They take turns on one thread (AB BA
AB ...) after a warm-up. `same network` trains one architecture in every step. `new network` samples one in every
step, as a supernet's training does, and so makes a network in every step; the plain networks of those very
architectures were made and stepped once before.

Memory is what all tensors hold together at the worst moment of a step, in bytes, exactly: weights, the optimizer's
averages, gradients, activations and batch. Kinds differ in what they keep for the backward pass; so the plain network
is the largest that has the kinds of the trained one, and of several trained in a step the dearest. Of several steps the
one with the worst ratio is shown. About ten minutes on one core.
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from parts.report import heading, parser, publish, section
from parts.timing import MIB

from nas.evaluators.memory import LiveStorages
from nas.experiment.loading import load
from nas.search_space import Space
from nas.search_space.presets import autoformer_tiny, hat_wmt14
from nas.supernet import Supernet
from nas.supernet.trainee import SupernetTrainee
from nas.tasks.base import Batch, Task
from nas.tasks.cifar10 import Cifar10
from nas.tasks.parallel import Parallel
from nas.training.loop import Trainee
from nas.training.plain import PlainTrainee
from nas.training.settings import Rule, SupernetTraining

WARMUP_STEPS = 6
SAMPLED_STEPS = 10
SANDWICH_STEPS = 5
SENTENCE_TOKENS = 30
TIMES_CAPTION = (
    "Training step, supernet (single path) beside plain network; milliseconds as median (interquartile range)."
)
TIMES_COLUMNS = (
    "network", "batch", "plain, wall", "supernet, wall", "plain, CPU", "supernet, CPU", "ratio of medians, wall",
    "ratio of medians, CPU", "ratio of pairs, CPU: median (quartiles)", "target", "pairs",
)  # fmt: skip
MEMORY_CAPTION = (
    "Peak of all live tensors during a training step, beside that of the largest plain network of the same kinds."
)
MEMORY_COLUMNS = (
    "space", "batch", "the supernet trains", "largest plain network, MiB", "supernet, MiB", "ratio", "target",
)  # fmt: skip


@dataclass(frozen=True)
class OneImageBatch(Cifar10):
    """CIFAR-10's networks on one batch of noise; no file is read."""

    batch: Batch | None = field(default=None, compare=False)

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        assert self.batch is not None
        return self.batch


@dataclass(frozen=True)
class OneTextBatch(Parallel):
    """Translators on one batch of random tokens; no file is read."""

    batch: Batch | None = field(default=None, compare=False)

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        assert self.batch is not None
        return self.batch


def images(batch_size: int) -> Task:
    """A task of so many images."""
    rng = torch.Generator().manual_seed(0)
    images_NCHW = torch.randn(batch_size, 3, 32, 32, generator=rng)
    return OneImageBatch(batch=Batch((images_NCHW,), torch.randint(10, (batch_size,), generator=rng)))


def sentences(batch_size: int) -> Task:
    """A task of so many pairs of sentences."""
    rng, task = torch.Generator().manual_seed(0), OneTextBatch()
    shape = (batch_size, SENTENCE_TOKENS)
    source, target, said = (torch.randint(4, task.vocabulary, shape, generator=rng) for _ in range(3))
    return OneTextBatch(batch=Batch((source, target), said))


class GivenNetworks(SupernetTrainee):
    """A supernet that trains the given architectures in every step, if there are any, in place of sampled ones."""

    given: Sequence[Any] = ()

    def architectures(self, step: int) -> list[Any]:
        return list(self.given) or super().architectures(step)


class Setting(NamedTuple):
    """A space and a batch size, on which both sides train."""

    space_name: str
    space: Space
    batch_size: int
    """Images, or pairs of sentences."""
    make_task: Callable[[int], Task] = images

    def supernet(self, rule: Rule = "single_path", given: Sequence[Any] = ()) -> GivenNetworks:
        torch.manual_seed(0)
        task = self.make_task(self.batch_size)
        trainee = GivenNetworks(Supernet(task.build, self.space), task, self._training(rule), seed=0)
        trainee.given = given
        return trainee

    def plain(self, architecture: Any) -> PlainTrainee:
        task = self.make_task(self.batch_size)
        return PlainTrainee(task.build(architecture), task, self._training("single_path"), seed=0)

    def _training(self, rule: Rule) -> SupernetTraining:
        return SupernetTraining(10_000, self.batch_size, learning_rate=1e-3, warmup_steps=100, rule=rule)


CPU_SPACE = load(f"{Path(__file__).parents[1]}/experiments/cifar10.py:cpu").experiment.space
CIFAR = Setting("`cifar10.py:cpu`", CPU_SPACE, 128)
CIFAR_16 = Setting("`cifar10.py:cpu`", CPU_SPACE, 16)
AUTOFORMER = Setting("`autoformer_tiny`", autoformer_tiny(), 8)
HAT = Setting("`hat_wmt14`", hat_wmt14(), 20, sentences)


class Times(NamedTuple):
    """Milliseconds of neighbouring steps, by pair."""

    plain_wall: Any
    plain_cpu: Any
    shared_wall: Any
    shared_cpu: Any


def same_network(setting: Setting, architecture: Any, repeats: int) -> Times:
    """Both sides train one architecture."""
    plain = setting.plain(architecture)
    return in_turn(setting.supernet(given=[architecture]), lambda step: plain, repeats)


def new_network(setting: Setting, repeats: int) -> Times:
    """The supernet samples an architecture in every step; the plain networks exist."""
    shared = setting.supernet()
    trainees = [setting.plain(shared.architectures(step)[0]) for step in range(WARMUP_STEPS + repeats)]
    for trainee in trainees:
        trainee.step(0)
    return in_turn(shared, lambda step: trainees[step], repeats)


def in_turn(shared: Trainee, plain: Callable[[int], Trainee], repeats: int) -> Times:
    """Steps of both sides, one after the other; which goes first alternates."""
    pairs = []
    gc.collect()
    for step in range(WARMUP_STEPS + repeats):
        if step % 2:
            ours, theirs = milliseconds(shared, step), milliseconds(plain(step), step)
        else:
            theirs, ours = milliseconds(plain(step), step), milliseconds(shared, step)
        pairs.append((*theirs, *ours))
    return Times(*np.array(pairs[WARMUP_STEPS:]).T)


def milliseconds(trainee: Trainee, step: int) -> tuple[float, float]:
    """Wall time and CPU time of one step."""
    wall, cpu = time.perf_counter(), time.process_time()
    trainee.step(step)
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def time_row(what: str, setting: Setting, times: Times, target: str) -> list[str]:
    return [
        f"{what} of {setting.space_name}",
        str(setting.batch_size),
        *(_quartiles(each) for each in (times.plain_wall, times.shared_wall, times.plain_cpu, times.shared_cpu)),
        f"{np.median(times.shared_wall) / np.median(times.plain_wall):.3f}",
        f"{np.median(times.shared_cpu) / np.median(times.plain_cpu):.3f}",
        "{:.3f} ({:.3f} to {:.3f})".format(*np.percentile(times.shared_cpu / times.plain_cpu, [50, 25, 75])),
        target,
        str(len(times.plain_wall)),
    ]


def _quartiles(values: Any) -> str:
    low, median, high = np.percentile(values, [25, 50, 75])
    return f"{median:.4g} ({high - low:.2g})"


def peak_bytes(trainee: GivenNetworks | PlainTrainee, step: int) -> int:
    """The most that all tensors hold together during a step: what the trainee keeps, its batch, and what it makes."""
    network = trainee.network if isinstance(trainee, PlainTrainee) else trainee.supernet
    kept = [*network.state_dict().values(), *trainee.optimizer.state().values()]
    batch = trainee.task.train_batch(step, 0, 0)
    storages = LiveStorages()
    for tensor in (*kept, *batch.inputs, batch.targets):
        storages.follow(tensor)
    with storages:
        trainee.step(step)
    return storages.peak_bytes


def memory_rows(setting: Setting) -> list[list[str]]:
    """Peaks of steps of the supernet beside those of plain networks."""
    largest, sampled = setting.supernet(given=[setting.space.largest()]), setting.supernet()
    return [
        memory_row("the largest", setting, largest, 1, "1.1"),
        memory_row(f"one sampled; worst of {SAMPLED_STEPS} steps", setting, sampled, SAMPLED_STEPS, "1.1"),
        memory_row(
            f"a sandwich; worst of {SANDWICH_STEPS} steps", setting, setting.supernet("sandwich"), SANDWICH_STEPS, "1.2"
        ),
    ]


def memory_row(what: str, setting: Setting, shared: GivenNetworks, steps: int, target: str) -> list[str]:
    peaks = []
    for step in range(steps):
        dearest = max(plain_peak_bytes(setting, architecture) for architecture in shared.architectures(step))
        peaks.append((dearest, peak_bytes(shared, step)))
    theirs, ours = max(peaks, key=lambda peak: peak[1] / peak[0])
    cells = [setting.space_name, str(setting.batch_size), what]
    return [*cells, f"{theirs / MIB:.1f}", f"{ours / MIB:.1f}", f"{ours / theirs:.3f}", target]


def plain_peak_bytes(setting: Setting, architecture: Any) -> int:
    """Peak of a step of the largest plain network with the kinds of the architecture."""
    kinds = {name: gene for name, gene in setting.space.genes(architecture).items() if isinstance(gene, str)}
    largest = setting.space.replay({**setting.space.genes(setting.space.largest()), **kinds})
    return peak_bytes(setting.plain(largest), 0)


def lines() -> list[str]:
    """All measurements in Markdown."""
    smallest, largest = CPU_SPACE.smallest(), CPU_SPACE.largest()
    times = [
        time_row("same network: largest", CIFAR, same_network(CIFAR, largest, 60), "1.02"),
        time_row("same network: smallest", CIFAR_16, same_network(CIFAR_16, smallest, 600), "1.05"),
        time_row("same network: largest", AUTOFORMER, same_network(AUTOFORMER, AUTOFORMER.space.largest(), 20), ""),
        time_row("same network: largest", HAT, same_network(HAT, HAT.space.largest(), 12), "1.05"),
        time_row("new network: sampled", CIFAR, new_network(CIFAR, 60), ""),
        time_row("new network: sampled", CIFAR_16, new_network(CIFAR_16, 200), ""),
        time_row("new network: sampled", AUTOFORMER, new_network(AUTOFORMER, 12), ""),
    ]
    memory = [row for setting in (CIFAR, CIFAR_16, AUTOFORMER) for row in memory_rows(setting)]
    return [
        *heading("A training step of the supernet beside the plain network's"),
        *section(TIMES_CAPTION, TIMES_COLUMNS, times, words=("network",)),
        *section(MEMORY_CAPTION, MEMORY_COLUMNS, memory, words=("space", "the supernet trains")),
    ]


def main() -> None:
    out = parser(__doc__).parse_args().out
    torch.set_num_threads(1)
    publish(lines(), out)


if __name__ == "__main__":
    main()
