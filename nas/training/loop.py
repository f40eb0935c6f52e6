"""The one training loop: every step is a pure function of the state, the seed and the step's number.

Data, sampled subnets and torch's generator are set anew from (seed, step) in every step, so that a training resumed
from a checkpoint takes exactly the steps that an uninterrupted one takes.
"""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from nas.models.guard import first_not_finite
from nas.system.files import append_line, read_lines, write_text
from nas.system.interrupts import deferred_interrupts
from nas.system.progress import Advance
from nas.system.tensors import read_tensors, write_tensors
from nas.training.settings import Training

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 30.0
LOG_STEPS = 50

Checkpoint = tuple[dict[str, Tensor], dict[str, str]]
"""The state of a trainee, and as text the step and the seconds after which it is the state, and the losses since the
last line of the log.
"""


class Begun(NamedTuple):
    """Where a training goes on."""

    step: int
    seconds: float
    losses: tuple[float, ...] = ()
    """Those of the last steps, whose mean is not logged yet."""


class Keeper(Protocol):
    """Where the memory of a training lies: its last checkpoint and its log."""

    name: str
    """Name of the checkpoint in messages."""

    def last(self) -> Checkpoint | None:
        """The checkpoint that was saved last. Raises: ValueError if it is damaged."""

    def rewind(self, step: int, steps: int) -> None:
        """Forget what was logged after `step` of `steps`, from where the training goes on."""

    def log(self, line: dict[str, Any]) -> None:
        """Keep a line; `step` says when it was written."""

    def save(self, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
        """Keep a checkpoint in place of the last."""


class Files:
    """A keeper on this machine's disk."""

    def __init__(self, checkpoint: Path, log_file: Path) -> None:
        self.name = str(checkpoint)
        self.checkpoint = checkpoint
        self.log_file = log_file

    def last(self) -> Checkpoint | None:
        return read_tensors(self.checkpoint) if self.checkpoint.exists() else None

    def rewind(self, step: int, steps: int) -> None:
        if step:
            log.info("resumed %s at step %d of %d", self.checkpoint.name, step, steps)
        if self.log_file.exists():
            lines = [line for line in read_lines(self.log_file) if line["step"] <= step]
            text = "".join(f'{{"step": {line["step"]}, "loss": {line["loss"]}}}\n' for line in lines)
            write_text(self.log_file, text)

    def log(self, line: dict[str, Any]) -> None:
        append_line(self.log_file, line)

    def save(self, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
        write_tensors(self.checkpoint, state, metadata)


class Trainee(Protocol):
    """Something that the loop trains step by step."""

    @property
    def training(self) -> Training:
        """Says how many steps there are."""

    def step(self, step: int) -> float:
        """Take one step; returns its loss."""

    def state(self) -> dict[str, Tensor]:
        """All tensors that the next step depends on."""

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` gave. Raises: ValueError if it does not fit."""


def fit(trainee: Trainee, checkpoint: Path, log_file: Path, advance: Advance) -> float:
    """Train to the end, going on from `checkpoint` if it exists; removing it is up to the caller.

    Returns: Wall seconds of the training, those before the checkpoint included.
    Raises: ValueError if the checkpoint is damaged or belongs to another network; KeyboardInterrupt after a checkpoint.
    """
    files = Files(checkpoint, log_file)
    begun = resume(trainee, files)
    with deferred_interrupts() as interrupted:
        return take_steps(trainee, files, begun, advance, interrupted)


def resume(trainee: Trainee, keeper: Keeper) -> Begun:
    """Load the last checkpoint, if there is one. Raises: ValueError if it does not fit."""
    found = keeper.last()
    begun = Begun(0, 0.0) if found is None else load_checkpoint(trainee, found, keeper.name)
    keeper.rewind(begun.step, trainee.training.steps)
    return begun


def load_checkpoint(trainee: Trainee, found: Checkpoint, name: str) -> Begun:
    """Raises: ValueError if the checkpoint, called `name`, does not fit."""
    state, metadata = found
    try:
        trainee.load(state)
        losses = json.loads(metadata.get("losses", "[]"))
        return Begun(int(metadata["step"]), float(metadata["seconds"]), tuple(map(float, losses)))
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{name} does not fit this experiment ({error}); delete it") from error


def take_steps(
    trainee: Trainee, keeper: Keeper, begun: Begun, advance: Advance, interrupted: Callable[[], bool]
) -> float:
    """All steps that are left, until the end or until `interrupted`; either way the keeper is given a checkpoint.

    Returns: Wall seconds of the training, those before `begun` included. Raises: KeyboardInterrupt if interrupted.
    """
    step, seconds, losses = begun.step, begun.seconds, list(begun.losses)
    started = saved = time.monotonic()
    advance(step, "")
    while step < trainee.training.steps:
        losses.append(trainee.step(step))
        step += 1
        finished = step == trainee.training.steps
        if step % LOG_STEPS == 0 or finished:
            keeper.log({"step": step, "loss": round(float(np.mean(losses)), 5)})
            losses.clear()
        advance(step, f"loss {losses[-1]:.3f}" if losses else "")
        if finished or interrupted() or time.monotonic() - saved > CHECKPOINT_SECONDS:
            saved = time.monotonic()
            metadata = {"step": str(step), "seconds": str(seconds + saved - started), "losses": json.dumps(losses)}
            keeper.save(trainee.state(), metadata)
        if interrupted():
            raise KeyboardInterrupt
    return seconds + saved - started


def generator(seed: int, step: int, rank: int = 0) -> np.random.Generator:
    """The random numbers of one step; several processes that train together have different ones, by rank."""
    return np.random.default_rng(_sequence(seed, step, rank))


def seed_torch(seed: int, step: int, rank: int = 0) -> None:
    """Set torch's generator for one step: drop-path and dropout then repeat after a resume."""
    torch.manual_seed(int(_sequence(seed, step, rank).generate_state(1)[0]))


def _sequence(seed: int, step: int, rank: int) -> np.random.SeedSequence:
    # the first of several processes draws what a process by itself draws
    return np.random.SeedSequence([seed, step], spawn_key=(rank,) if rank else ())


def finite(loss: Tensor, what: object, network: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """The loss as a number; called where the network ran, in the same context.

    Raises: ValueError that names the network, the layer and its attention kind if it is not finite.
    """
    value = loss.item()
    if not np.isfinite(value):
        where = first_not_finite(network, inputs) or "the loss itself"
        raise ValueError(f"the loss became {value} in {what}, first in {where}; lower learning_rate or clip_norm")
    return value
