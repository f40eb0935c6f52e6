"""Outputs, targets, loss and quality are held together on one batch before anything is trained."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nas.evaluators.likelihood import LogLikelihood
from nas.experiment import Experiment
from nas.experiment.first_batch import check_first_batch
from nas.tasks.base import Batch
from tests.experiments.own_model import Perceptron, experiment


@dataclass(frozen=True)
class Pairs(Perceptron):
    """Gives logits and a loss beside them."""

    def build(self, widths: Any) -> nn.Module:
        class Beside(nn.Module):
            def __init__(self, network: nn.Module) -> None:
                super().__init__()
                self.network = network

            def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
                outputs = self.network(images)
                return outputs, outputs.square().mean()

        return Beside(super().build(widths))

    def loss(self, outputs: Any, targets: Tensor) -> Tensor:
        return super().loss(outputs[0], targets) + outputs[1]


@dataclass(frozen=True)
class Unreduced(Perceptron):
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets, reduction="none")


@dataclass(frozen=True)
class Nested(Perceptron):
    """Targets are a label and, beside it, another; inputs a dict."""

    def build(self, widths: Any) -> nn.Module:
        class Named(nn.Module):
            def __init__(self, network: nn.Module) -> None:
                super().__init__()
                self.network = network

            def forward(self, inputs: dict[str, Tensor]) -> Tensor:
                return self.network(inputs["images"])  # type: ignore[no-any-return]

        return Named(super().build(widths))

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        batch = super().train_batch(step, batch_size, seed)
        return Batch(({"images": batch.inputs[0]},), (batch.targets, {"same": batch.targets}))

    def batches(self, split: Any, batch_size: int) -> Any:
        for batch in super().batches(split, batch_size):
            yield Batch(({"images": batch.inputs[0]},), batch.targets)

    def loss(self, outputs: Tensor, targets: Any) -> Tensor:
        return super().loss(outputs, targets[0]) + super().loss(outputs, targets[1]["same"])


def with_task(task: Perceptron) -> Experiment:
    return replace(experiment, task=task)


def test_an_experiment_that_holds_together_draws_nothing_from_torch() -> None:
    before = torch.get_rng_state()
    check_first_batch(experiment)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("quality", [experiment.quality, LogLikelihood()])
def test_outputs_that_the_quality_cannot_read_are_refused(quality: Any) -> None:
    with pytest.raises(ValueError, match=r"of task digits: outputs are a tuple, .*return scores alone"):
        check_first_batch(replace(with_task(Pairs()), quality=quality))


def test_outputs_that_cannot_be_distilled_are_refused_under_the_sandwich_rule() -> None:
    supernet = replace(experiment.supernet, rule="sandwich")
    with pytest.raises(ValueError, match="networks of task digits give a tuple, and rule sandwich"):
        check_first_batch(replace(with_task(Pairs()), supernet=supernet))


def test_a_loss_that_is_no_mean_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the loss of task digits is a tensor of shape \(2,\)"):
        check_first_batch(with_task(Unreduced()))


def test_inputs_and_targets_may_be_nested() -> None:
    task = Nested()
    check_first_batch(with_task(task))
    batch = task.train_batch(0, 8, 0).to(torch.device("cpu"))
    part = batch.rows(slice(2, 5))
    assert (batch.size(), part.size()) == (8, 3)
    assert torch.equal(part.targets[1]["same"], batch.targets[0][2:5])
    assert torch.equal(part.inputs[0]["images"], batch.inputs[0]["images"][2:5])
