"""Trains the networks behind the surrogate problem of benchmarks/search.py, one line a network.

    python benchmarks/search_table.py --data DATA

Networks are drawn from a space of small Vision Transformers on CIFAR-10 (16 tokens of 8 x 8 raw pixels, four attention
kinds in every layer), each is trained from scratch for 200 steps of 48 images, and its accuracy on the 5,000 images of
the search split is kept. About 3 seconds a network on one core; kill it at any time, the same command goes on.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import torch

from nas.evaluators.accuracy import Accuracy
from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.search_space import architecture_id
from nas.search_space.presets import tiny
from nas.system.devices import device_name, keep_freed_memory, threads
from nas.system.provenance import commit
from nas.tasks.augmentation import Augmentation
from nas.tasks.cifar10 import Cifar10
from nas.training.plain import PlainTrainee
from nas.training.settings import Training

TABLE = Path(__file__).parent / "tables" / "cifar10_small.csv"
COLUMNS = ("id", "embed_dim", "blocks", "flops", "parameters", "accuracy", "seconds")
SPACE = tiny()
TRAINING = Training(steps=200, batch_size=48, learning_rate=4e-3, warmup_steps=20)
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds cifar-10-batches-py")
    parser.add_argument("--networks", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    task = Cifar10(patch_size=8, tokenizer="patch", augmentation=Augmentation(flip=True), root=options.data)
    print(task.prepare(), f"{device_name()}, commit {commit()}", sep="\n", flush=True)
    keep_freed_memory()
    done = read_ids(options.out)
    with threads(1):
        for number in range(options.networks):
            architecture = SPACE.sample(np.random.default_rng([SEED, number]))
            if architecture_id(architecture) not in done:
                append(options.out, row(task, architecture))
                done.add(architecture_id(architecture))


def row(task: Cifar10, architecture) -> tuple:
    """Train one network; what the table says of it."""
    started = time.perf_counter()
    torch.manual_seed(SEED)
    network = task.build(architecture)
    trainee = PlainTrainee(network, task, TRAINING, SEED)
    for step in range(TRAINING.steps):
        trainee.step(step)
    accuracy = Accuracy()(task, network, "search")
    stack = architecture.encoder
    blocks = " ".join(f"{block.attention}:{block.num_heads}:{block.ffn_dim}" for block in stack.blocks)
    costs = int(Flops()(task, architecture)), int(Parameters()(task, architecture))
    seconds = round(time.perf_counter() - started, 2)
    return architecture_id(architecture), stack.embed_dim, blocks, *costs, round(accuracy, 4), seconds


def read_ids(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with path.open(newline="") as file:
        return {line["id"] for line in csv.DictReader(file)}


def append(path: Path, values: tuple) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        writer.writerow(values)


if __name__ == "__main__":
    main()
