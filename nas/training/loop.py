"""The one training loop: every step is a pure function of the state, the seed and the step's number.

Data, sampled subnets and torch's generator are set anew from (seed, step) in every step, so that a training resumed
from a checkpoint takes exactly the steps that an uninterrupted one takes.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from nas.files import append_line, read_lines, read_tensors, write_tensors, write_text
from nas.interrupts import deferred_interrupts
from nas.models.guard import first_not_finite
from nas.training.settings import Training

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 30.0
LOG_STEPS = 50

Advance = Callable[[int, str], None]
"""Called with the number of finished steps and a few words on how it goes."""


class Trainee(Protocol):
    """What the loop trains."""

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
    step, seconds = _resume(trainee, checkpoint, log_file)
    losses: list[float] = []
    started = saved = time.monotonic()
    advance(step, "")
    with deferred_interrupts() as interrupted:
        while step < trainee.training.steps:
            losses.append(trainee.step(step))
            step += 1
            finished = step == trainee.training.steps
            if step % LOG_STEPS == 0 or finished:
                append_line(log_file, {"step": step, "loss": round(float(np.mean(losses)), 5)})
                losses.clear()
            advance(step, f"loss {losses[-1]:.3f}" if losses else "")
            if finished or interrupted() or time.monotonic() - saved > CHECKPOINT_SECONDS:
                saved = time.monotonic()
                spent = {"step": str(step), "seconds": str(seconds + saved - started)}
                write_tensors(checkpoint, trainee.state(), spent)
            if interrupted():
                raise KeyboardInterrupt
    return seconds + saved - started


def generator(seed: int, step: int) -> np.random.Generator:
    """The random numbers of one step."""
    return np.random.default_rng([seed, step])


def seed_torch(seed: int, step: int) -> None:
    """Set torch's generator for one step: drop-path and dropout then repeat after a resume."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step]).generate_state(1)[0]))


def finite(loss: Tensor, what: object, network: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """The loss as a number; called where the network ran, in the same context.

    Raises: ValueError that names the network, the layer and its attention kind if it is not finite.
    """
    value = loss.item()
    if not np.isfinite(value):
        where = first_not_finite(network, inputs) or "the loss itself"
        raise ValueError(f"the loss became {value} in {what}, first in {where}; lower learning_rate or clip_norm")
    return value


def _resume(trainee: Trainee, checkpoint: Path, log_file: Path) -> tuple[int, float]:
    """The step to go on with, and the seconds until it; what was logged after it is removed."""
    step, seconds = 0, 0.0
    if checkpoint.exists():
        state, metadata = read_tensors(checkpoint)
        try:
            trainee.load(state)
            step, seconds = int(metadata["step"]), float(metadata["seconds"])
        except (ValueError, KeyError, RuntimeError) as error:
            raise ValueError(f"{checkpoint} does not fit this experiment ({error}); delete it") from error
        log.info("resumed %s at step %d of %d", checkpoint.name, step, trainee.training.steps)
    if log_file.exists():
        lines = [line for line in read_lines(log_file) if line["step"] <= step]
        write_text(log_file, "".join(f'{{"step": {line["step"]}, "loss": {line["loss"]}}}\n' for line in lines))
    return step, seconds
