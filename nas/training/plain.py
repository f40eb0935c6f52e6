"""Training of one plain network."""

from torch import Tensor, nn

from nas.system.devices import autocast
from nas.tasks.base import Task
from nas.training.adamw import AdamW
from nas.training.averaging import SnapshotMean
from nas.training.loop import finite, seed_torch
from nas.training.schedules import learning_rate
from nas.training.settings import Training


class PlainTrainee:
    """A network that trains on all of a task's training data."""

    def __init__(self, network: nn.Module, task: Task, training: Training, seed: int) -> None:
        self.network = network
        self.task = task
        self.training = training
        self.seed = seed
        self.parameters = dict(network.named_parameters())
        self.device = next(network.parameters()).device
        self.optimizer = AdamW(self.parameters, training)
        self.mean = SnapshotMean(training)
        self.averaged: dict[str, int] = {}
        """How many snapshots the weights are the mean of, once the training is finished."""

    def step(self, step: int) -> float:
        seed_torch(self.seed, step)
        batch = self.task.train_batch(step, self.training.batch_size, self.seed).to(self.device)
        self.network.train()
        with autocast(self.training.precision, self.device):
            loss = self.task.loss(self.network(*batch.inputs), batch.targets)
            value = finite(loss, type(self.network).__name__, self.network, batch.inputs)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step(self.parameters, learning_rate(self.training, step))
        for tensor in self.parameters.values():
            tensor.grad = None
        self.mean.take(step + 1, self.parameters)
        return value

    def finish(self) -> None:
        """After the last step: the weights become the mean of the last ones, if the training says so."""
        self.averaged = self.mean.put(self.parameters)

    def state(self) -> dict[str, Tensor]:
        weights = {f"weights/{name}": tensor for name, tensor in self.network.state_dict().items()}
        mean = {f"mean/{name}": tensor for name, tensor in self.mean.state().items()}
        return weights | mean | {f"optimizer/{name}": tensor for name, tensor in self.optimizer.state().items()}

    def load(self, state: dict[str, Tensor]) -> None:
        self.network.load_state_dict(part(state, "weights"))
        self.optimizer.load(part(state, "optimizer"))
        self.mean.load(part(state, "mean"))


def part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors under `name/`, without that prefix."""
    return {key.removeprefix(f"{name}/"): tensor for key, tensor in state.items() if key.startswith(f"{name}/")}
