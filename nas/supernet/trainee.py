"""Training of a supernet's shared weights: single path, or sandwich with in-place distillation.

Sources: single path, SPOS (arXiv:1904.00420); sandwich and in-place distillation, BigNAS (arXiv:2003.11142).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nas.supernet import Path, Supernet, Visits, sample_balanced, sandwich
from nas.system.devices import autocast
from nas.tasks.base import Batch, Task
from nas.training.adamw import AdamW
from nas.training.loop import finite, generator, seed_torch
from nas.training.plain import part
from nas.training.schedules import learning_rate
from nas.training.settings import SupernetTraining


class SupernetTrainee:
    """A supernet that trains a few subnets a step."""

    def __init__(self, supernet: Supernet, task: Task, training: SupernetTraining, seed: int) -> None:
        self.supernet = supernet
        self.task = task
        self.training = training
        self.seed = seed
        self.device = next(supernet.parameters()).device
        self.optimizer = AdamW(supernet.weights(), training)
        self.visits = Visits()

    def step(self, step: int) -> float:
        seed_torch(self.seed, step)
        batch = self.task.train_batch(step, self.training.batch_size, self.seed).to(self.device)
        architectures = self.architectures(step)
        loss, gradients = self._backward(architectures, batch)
        self.optimizer.step(gradients, learning_rate(self.training, step))
        for architecture in architectures:
            self.supernet.path(architecture).clear_gradients()
            self.visits.add(self.supernet.space.genes(architecture))
        return loss

    def architectures(self, step: int, rank: int = 0) -> list[Any]:
        """The subnets of a step, a function of seed, step and rank alone."""
        rng = generator(self.seed, step, rank)
        if self.training.rule == "single_path":
            return [sample_balanced(self.supernet.space, rng)]
        return sandwich(self.supernet.space, rng, self.training.random_paths)

    def state(self) -> dict[str, Tensor]:
        weights = {f"weights/{name}": tensor for name, tensor in self.supernet.table.state_dict().items()}
        visits = {"visits": _pack(self.visits)}
        return weights | visits | {f"optimizer/{name}": tensor for name, tensor in self.optimizer.state().items()}

    def load(self, state: dict[str, Tensor]) -> None:
        self.supernet.table.load_state_dict(part(state, "weights"))
        self.optimizer.load(part(state, "optimizer"))
        self.visits = Visits.from_json(bytes(state["visits"].tolist()).decode())

    def _backward(self, architectures: list[Any], batch: Batch) -> tuple[float, Mapping[str, Tensor]]:
        """Loss of the first subnet, and its tensors with the gradients of all summed into them."""
        first, *others = architectures
        path = self.supernet.path(first).train()
        with autocast(self.training.precision, self.device):
            outputs = path(*batch.inputs)
            loss = self.task.loss(outputs, batch.targets)
            value = finite(loss, first, path.module, batch.inputs)
        loss.backward()  # type: ignore[no-untyped-call]
        summed = dict(path.parameters)
        for architecture in others:
            self._distil(architecture, batch, outputs.detach())
            _add_gradients(summed, self.supernet.path(architecture))
        return value, summed

    def _distil(self, architecture: Any, batch: Batch, teacher: Tensor) -> None:
        # in evaluation mode: only the largest network is regularised
        student = self.supernet.path(architecture).train(False)
        with autocast(self.training.precision, self.device):
            outputs = student(*batch.inputs)
            loss = self.task.distillation(outputs, teacher, batch.targets)
            finite(loss, architecture, student.module, batch.inputs)
        loss.backward()  # type: ignore[no-untyped-call]


def _add_gradients(summed: dict[str, Tensor], path: Path) -> None:
    """Move the path's gradients into those of the tensors of the same names, so that each name has one tensor with one.

    Raises: ValueError if of two slices of one weight neither holds the other.
    """
    for name, view in path.parameters.items():
        whole = summed.setdefault(name, view)
        # subnets in which a weight has the same shape share its tensor, whose gradient is a sum already
        if whole is view or view.grad is None:
            continue
        if whole.grad is None:
            summed[name] = view
            continue
        smaller, larger = sorted((whole, view), key=Tensor.numel)
        if any(n > most for n, most in zip(smaller.shape, larger.shape, strict=True)):
            raise ValueError(f"slices {tuple(smaller.shape)} and {tuple(larger.shape)} of {name} are not nested")
        assert smaller.grad is not None and larger.grad is not None
        larger.grad[tuple(slice(n) for n in smaller.shape)] += smaller.grad
        smaller.grad, summed[name] = None, larger


def _pack(visits: Visits) -> Tensor:
    return torch.frombuffer(bytearray(visits.to_json().encode()), dtype=torch.uint8)
