"""Training of a supernet by several processes: the gradients of all are summed, and all take the same step.

A draw of subnets is a function of seed, step and rank. So each process knows the subnets of all of them, and with them
which weights, at which sizes, the step touches: nobody asks, and nothing is searched for unused weights. The touched
slices lie one after another in one flat buffer, summed over the processes by a single all-reduce. Behind them the
buffer carries the loss, and whether a process failed or was asked to stop, so that all end after the same step.

Where processes draw subnets of their own, a weight moves at the smallest leading slice that holds the slices of all
subnets. What of it lies in no subnet has a gradient of zero there, and takes the decay and the average of one.

With drop-path or dropout each process draws masks of its own, so the step is another sample of what one process does.
The loss must be a mean over what the task counts in a batch, examples or tokens.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from nas.supernet import Supernet
from nas.supernet.trainee import SupernetTrainee
from nas.system.devices import default_device, threads
from nas.system.progress import Advance
from nas.tasks.base import Batch, Task
from nas.training.loop import Checkpoint, Keeper, resume, seed_torch, take_steps
from nas.training.schedules import learning_rate
from nas.training.settings import SupernetTraining

FINGERPRINT_STEPS = 50
"""Steps from one check that all processes hold equal weights to the next."""

LOSS, STOP, FAILED, BUFFERS, SIGNALS = range(5)

Made = TypeVar("Made")


class Group(NamedTuple):
    """The place of this process among those that train together; torch.distributed's default group is theirs."""

    rank: int
    size: int


class PeerFailed(RuntimeError):
    """Another process of the group failed; its own error says why."""


class Bucket:
    """A flat buffer with a place for each touched slice; behind them a count of gradients for each name, a number from
    each process, and the signals."""

    def __init__(self, shapes: Mapping[str, torch.Size], group: Group, like: Tensor) -> None:
        sizes = [*(shape.numel() for shape in shapes.values()), len(shapes), group.size, SIGNALS]
        self.flat = like.new_zeros(sum(sizes))
        parts = torch.split(self.flat, sizes)
        *places, self.counts, self.numbers, self.signals = parts
        self.places = {name: place.view(shape) for (name, shape), place in zip(shapes.items(), places, strict=True)}

    def put(self, gradients: Mapping[str, Tensor], share: float) -> None:
        """Lay the gradients, times `share`, into the leading slices of their places."""
        found = [0.0] * len(self.places)
        for index, (name, place) in enumerate(self.places.items()):
            gradient = gradients[name].grad if name in gradients else None
            if gradient is not None:
                found[index] = 1.0
                torch.mul(gradient, share, out=place[tuple(slice(n) for n in gradient.shape)])
        self.counts.copy_(torch.tensor(found))

    def sum(self) -> "Sums":
        """Sum the buffer over the processes; the places then hold the sums."""
        dist.all_reduce(self.flat)
        behind = torch.cat([self.counts, self.numbers, self.signals]).tolist()
        places = len(self.places)
        return Sums(behind[:places], behind[places:-SIGNALS], behind[-SIGNALS:])


class Sums(NamedTuple):
    """The values behind the places, after a sum."""

    counts: list[float]
    numbers: list[float]
    signals: list[float]


class DistributedTrainee(SupernetTrainee):
    """One of several processes that train one supernet; each holds all of it, equal to the bit."""

    def __init__(self, supernet: Supernet, task: Task, training: SupernetTraining, seed: int, group: Group) -> None:
        """Raises: ValueError if there are more processes than examples in a batch."""
        super().__init__(supernet, task, training, seed)
        if training.batch_size < group.size:
            what = f"{group.size} processes share batches of {training.batch_size}; use fewer, or raise batch_size"
            raise ValueError(what)
        self.group = group
        self.asked: Callable[[], bool] = lambda: False
        """Whether this process is asked to stop."""
        self.stopping = False
        """Whether any process was, before the last step."""
        self._weights = {name: tensor.detach() for name, tensor in supernet.weights().items()}
        dtype = reduce(torch.promote_types, (each.dtype for each in self._weights.values()), torch.float32)
        self._like = torch.empty(0, dtype=dtype, device=self.device)
        self._checked = False
        self._slices: dict[tuple[str, torch.Size], Tensor] = {}

    def step(self, step: int) -> float:
        drawn = self.draws(step)
        bucket = Bucket(self._shapes(drawn), self.group, self._like)
        try:
            self._fill(bucket, step, drawn)
        except Exception:
            # the others wait for this process's part; so they get one, and end too
            bucket.flat.zero_()
            bucket.signals[FAILED] = 1
            bucket.sum()
            raise
        sums = bucket.sum()
        self._heed(step, sums)
        self._move(bucket, sums, learning_rate(self.training, step))
        for architectures in drawn:
            for architecture in architectures:
                self.visits.add(self.supernet.space.genes(architecture))
        return sums.signals[LOSS]

    def draws(self, step: int) -> list[list[Any]]:
        """The subnets of a step, of each process that has subnets of its own; one list if all train the same."""
        ranks = range(self.group.size) if self.training.draw == "per_rank" else range(1)
        return [self.architectures(step, rank) for rank in ranks]

    def part(self, batch: Batch) -> Batch:
        """The examples of a batch that are this process's: none where a batch of tokens has fewer than processes.

        The first process always has some, since running statistics are taken from its part.
        """
        rank, size = self.group
        start, stop = (-(-batch.size() * place // size) for place in (rank, rank + 1))
        return batch.rows(slice(start, stop))

    def _shapes(self, drawn: list[list[Any]]) -> dict[str, torch.Size]:
        """The smallest leading slice of each weight that holds the slices of all subnets."""
        shapes: dict[str, torch.Size] = {}
        for architecture in dict.fromkeys(each for architectures in drawn for each in architectures):
            for name, view in self.supernet.path(architecture).parameters.items():
                if view.requires_grad:
                    before = shapes.get(name, view.shape)
                    shapes[name] = torch.Size(map(max, zip(before, view.shape, strict=True)))
        return shapes

    def _fill(self, bucket: Bucket, step: int, drawn: list[list[Any]]) -> None:
        """Train on this process's part, and lay gradients and signals into the bucket."""
        seed_torch(self.seed, step, self.group.rank)
        whole = self.task.train_batch(step, self.training.batch_size, self.seed)
        batch = self.part(whole).to(self.device)
        buffers = self._buffer_versions()
        if batch.size():
            own = drawn[self.group.rank if len(drawn) > 1 else 0]
            share = self.task.weight(batch.targets) / self.task.weight(whole.targets)
            bucket.signals[LOSS] = share * self._train_part(bucket, own, batch, share)
        bucket.signals[STOP] = self.asked()
        bucket.signals[BUFFERS] = self._buffer_versions() != buffers
        if step % FINGERPRINT_STEPS == 0 or not self._checked:
            bucket.numbers[self.group.rank] = self._fingerprint()
            self._checked = True

    def _train_part(self, bucket: Bucket, architectures: list[Any], batch: Batch, share: float) -> float:
        """Lay the gradients of a part, `share` of the batch, into the bucket; gives the part's loss."""
        try:
            loss, gradients = self._backward(architectures, batch)
            bucket.put(gradients, share if self.training.draw == "same" else 1.0)
        finally:
            for architecture in architectures:
                self.supernet.path(architecture).clear_gradients()
        return loss

    def _heed(self, step: int, sums: Sums) -> None:
        """Raises: PeerFailed if another process failed; RuntimeError if the weights differ."""
        if sums.signals[FAILED]:
            raise PeerFailed("another process of the training failed; its own error says why")
        if len(set(sums.numbers)) > 1:
            raise RuntimeError(
                f"the weights of the {self.group.size} processes differ at step {step}; "
                "do all machines have processors of one kind and the same versions of PyTorch and of the experiment?"
            )
        self.stopping = sums.signals[STOP] > 0
        if sums.signals[BUFFERS]:
            # running statistics, as those of a batch norm, are those of the first process's part
            for buffer in self.supernet.table.buffers():
                dist.broadcast(buffer, 0)

    def _move(self, bucket: Bucket, sums: Sums, rate: float) -> None:
        """Step by the summed gradients."""
        moved: dict[str, Tensor] = {}
        for (name, place), count in zip(bucket.places.items(), sums.counts, strict=True):
            # a weight that a network holds and did not use has no gradient, and takes no step
            if count:
                moved[name] = self._slice(name, place.shape)
                moved[name].grad = place.to(moved[name].dtype)
        self.optimizer.step(moved, rate)
        for tensor in moved.values():
            tensor.grad = None

    def _slice(self, name: str, shape: torch.Size) -> Tensor:
        """The leading slice of a weight, which shares memory with it; made once for a shape."""
        found = self._slices.get((name, shape))
        if found is None:
            whole = self._weights[name]
            found = self._slices[name, shape] = whole.as_strided(shape, whole.stride())
        return found

    def _fingerprint(self) -> Tensor:
        """A number that changes with any bit of the weights, exact in float32."""
        bits = [tensor.reshape(-1).view(torch.int16).sum() for tensor in self._weights.values()]
        return torch.stack(bits).sum() % 2**24

    def _buffer_versions(self) -> list[int]:
        return [buffer._version for buffer in self.supernet.table.buffers()]


Make = Callable[[Group], DistributedTrainee]


def run_rank(make: Make, group: Group, keeper: Keeper | None, advance: Advance, asked: Callable[[], bool]) -> None:
    """Train as one process of torch.distributed's default group, from the keeper's checkpoint to the end.

    Args:
        make: Gives the trainee as it is before training, the same on every rank.
        keeper: Where rank 0 reads and keeps checkpoints and log; other ranks have none, and get rank 0's checkpoint.
        asked: Whether this process is asked to stop; then all stop after one step.

    Raises: What failed here; PeerFailed if another process failed; KeyboardInterrupt after a checkpoint if asked.
    """
    trainee = _together(lambda: make(group))
    trainee.asked = asked
    shared = FromFirst(keeper, group)
    with threads(trainee.training.threads):
        take_steps(trainee, shared, resume(trainee, shared), advance, lambda: trainee.stopping)


class FromFirst:
    """The first process's keeper: it alone writes, and all read what it read."""

    def __init__(self, keeper: Keeper | None, group: Group) -> None:
        assert (keeper is not None) == (group.rank == 0)
        self.keeper = keeper
        self.name = "the checkpoint" if keeper is None else keeper.name

    def last(self) -> Checkpoint | None:
        sent: list[Any] = [None, None]
        if self.keeper is not None:
            try:
                sent[0] = self.keeper.last()
            except ValueError as error:
                sent[1] = error
        dist.broadcast_object_list(sent)
        found, failed = sent
        if failed is not None:
            raise failed if self.keeper is not None else PeerFailed(str(failed))
        return found  # type: ignore[no-any-return]

    def rewind(self, step: int, steps: int) -> None:
        if self.keeper is not None:
            self.keeper.rewind(step, steps)

    def log(self, line: dict[str, Any]) -> None:
        if self.keeper is not None:
            self.keeper.log(line)

    def save(self, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
        if self.keeper is not None:
            self.keeper.save(state, metadata)


def _together(function: Callable[[], Made]) -> Made:
    """The function's result, once all processes have theirs. Raises: its error; PeerFailed if another has one."""
    failed = torch.zeros(1, device=default_device())
    try:
        made = function()
    except Exception:
        dist.all_reduce(failed + 1)
        raise
    dist.all_reduce(failed)
    if failed:
        raise PeerFailed("another process of the training failed to start; its own error says why")
    return made
