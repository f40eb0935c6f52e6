"""Settings of a training, for supernets and for plain networks."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nas.system.ranges import BatchSize, Range, Threads, check

Precision = Literal["float32", "bf16"]
Rule = Literal["single_path", "sandwich"]
Draw = Literal["same", "per_rank"]
Steps = Annotated[int, Range(1, 1_000_000_000)]


@dataclass(frozen=True)
class Training:
    """AdamW with linear warm-up and cosine decay to zero."""

    steps: Steps
    """Optimizer steps in all."""
    batch_size: BatchSize
    learning_rate: Annotated[float, Range(0, 100, without_least=True)]
    """Peak of the schedule."""
    warmup_steps: Annotated[int, Range(0, 1_000_000_000)]
    weight_decay: Annotated[float, Range(0, 100)] = 0.05
    """Decoupled decay of weight matrices; biases, norms and other vectors are not decayed."""
    clip_norm: Annotated[float, Range(0, 1e9, without_least=True)] = 1.0
    """Largest norm of the gradient over all weights."""
    precision: Precision = "float32"
    """`bf16` runs the network under autocast; use it only where the device is fast at it."""
    average: Annotated[int, Range(0, 1_000)] = 0
    """Snapshots whose mean a retrained network's weights are: those after the last step and before, `average_every`
    steps apart; 0: the weights after the last step."""
    average_every: Steps = 100

    def __post_init__(self) -> None:
        check(self)
        if self.warmup_steps >= self.steps:
            raise ValueError(f"warmup_steps = {self.warmup_steps} must be from 0 to less than steps = {self.steps}")


@dataclass(frozen=True)
class SupernetTraining(Training):
    """How the shared weights are trained."""

    rule: Rule = "single_path"
    """One sampled subnet a step; or the largest, the smallest and random ones, distilled from the largest."""
    threads: Threads = 1
    """CPU threads. More pay for large networks on a machine that does nothing else; beside other work, threads that
    wait for one another are many times slower than one. Results repeat to the bit for an equal number only."""
    random_paths: Annotated[int, Range(0, 1_000)] = 2
    """Random subnets a step beside the two ends, under the sandwich rule."""
    draw: Draw = "same"
    """Subnets of a step when several processes train. `same`: all train the same subnets, each on its part of the
    batch, which gives the result of one process. `per_rank`: each draws subnets of its own, and the gradients are
    summed; the result then depends on the number of processes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average:
            raise ValueError(f"average = {self.average} is for retraining; a supernet keeps its last weights")


Arm = Literal["scratch", "inherited"]
"""Where the weights started: a fresh initialisation, or the supernet's slices."""
