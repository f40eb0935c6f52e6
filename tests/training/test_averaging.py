"""Means of a training's last weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from nas.search_space.presets import tiny
from nas.tasks.digits import Digits
from nas.training.averaging import SnapshotMean
from nas.training.plain import PlainTrainee
from nas.training.settings import SupernetTraining, Training

TASK = Digits(patch_size=4)
TRAINING = Training(steps=9, batch_size=8, learning_rate=1e-2, warmup_steps=1, average=3, average_every=2)


def trainee() -> PlainTrainee:
    torch.manual_seed(0)
    return PlainTrainee(TASK.build(tiny().sample(np.random.default_rng(0))), TASK, TRAINING, seed=0)


def test_the_weights_are_the_mean_of_those_after_the_named_steps():
    trained, seen = trainee(), []
    for step in range(9):
        trained.step(step)
        seen.append({name: tensor.detach().clone() for name, tensor in trained.parameters.items()})
    trained.finish()
    assert trained.averaged == {"averaged_snapshots": 3}
    for name, tensor in trained.parameters.items():
        assert_close(tensor, (seen[4][name] + seen[6][name] + seen[8][name]) / 3)


@pytest.mark.parametrize("stop", [3, 6, 9])
def test_a_training_that_goes_on_ends_in_the_same_mean(stop):
    whole, first, second = trainee(), trainee(), trainee()
    for step in range(9):
        whole.step(step)
    for step in range(stop):
        first.step(step)
    second.load(first.state())
    for step in range(stop, 9):
        second.step(step)
    for each in (whole, second):
        each.finish()
    assert all(torch.equal(tensor, second.parameters[name]) for name, tensor in whole.parameters.items())


def test_without_snapshots_the_last_weights_stay():
    weights = {"w": torch.ones(2)}
    mean = SnapshotMean(replace(TRAINING, average=0))
    mean.take(9, weights)
    assert mean.put(weights) == {}
    assert mean.state() == {}


def test_a_supernet_is_not_averaged():
    with pytest.raises(ValueError, match="average = 2 is for retraining"):
        SupernetTraining(steps=9, batch_size=8, learning_rate=1e-2, warmup_steps=1, average=2)
    with pytest.raises(ValueError, match="average_every needs a whole number from 1 to 1,000,000,000; found 0"):
        replace(TRAINING, average_every=0)
