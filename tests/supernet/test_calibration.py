"""Running statistics are those of the subnet that is scored, and of training batches."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.testing import assert_close

from nas.search.scoring import inherited
from nas.supernet import Supernet
from nas.supernet.calibration import batches_read, statistics_keepers
from tests.experiments.own_model import Perceptron, Widths, experiment


@dataclass(frozen=True)
class Normed(Perceptron):
    def build(self, widths: Any) -> nn.Module:
        *before, last = super().build(widths)
        return nn.Sequential(*before, nn.BatchNorm1d(widths.last), nn.Dropout(0.5), last)


NARROW = Widths(4, 6)
NORMED = replace(experiment, task=Normed())


def test_a_scored_network_has_the_mean_statistics_of_training_batches() -> None:
    torch.manual_seed(0)
    supernet, training = Supernet(NORMED.task.build, NORMED.space), NORMED.supernet
    shared = {name: tensor.clone() for name, tensor in supernet.table.state_dict().items()}
    network = inherited(NORMED, supernet, NARROW)
    means, variances = [], []
    for step in range(batches_read(training)):
        (images,) = NORMED.task.train_batch(step, training.batch_size, NORMED.seed).inputs
        with torch.no_grad():
            hidden = nn.Sequential(*list(supernet.subnet(NARROW).eval())[:-3])(images)  # type: ignore[call-overload]
        means.append(hidden.mean(0))
        variances.append(hidden.var(0))
    assert_close(network.get_buffer("5.running_mean"), torch.stack(means).mean(0))
    assert_close(network.get_buffer("5.running_var"), torch.stack(variances).mean(0))
    assert not network.training
    # the table, which other networks read, is as it was
    for name, tensor in supernet.table.state_dict().items():
        assert_close(tensor, shared[name], rtol=0, atol=0)
    before = torch.get_rng_state()
    again = inherited(NORMED, supernet, NARROW)
    assert torch.equal(torch.get_rng_state(), before)
    assert_close(again.state_dict(), network.state_dict(), rtol=0, atol=0)


def test_a_buffer_that_training_leaves_alone_is_no_statistic() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("scale", torch.ones(1))
            self.flat, self.linear = nn.Flatten(), nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(self.flat(x)) * self.scale  # type: ignore[no-any-return]

    assert statistics_keepers(Scaled(), NORMED.task, NORMED.supernet, 0) == []
    network = NORMED.task.build(NORMED.space.sample(np.random.default_rng(0)))
    assert statistics_keepers(network, NORMED.task, NORMED.supernet, 0) == [network[5]]
