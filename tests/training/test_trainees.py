"""Steps of supernets and plain networks: what moves, what stays, and what a resume repeats."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nas.search_space import presets
from nas.supernet import Supernet
from nas.supernet.trainee import SupernetTrainee
from nas.tasks.digits import Digits
from nas.training.adamw import AdamW
from nas.training.loop import Trainee, fit
from nas.training.plain import PlainTrainee
from nas.training.settings import SupernetTraining, Training

TASK = Digits(patch_size=4)
SPACE = presets.tiny()


def supernet_trainee(rule: str = "single_path", steps: int = 6, learning_rate: float = 1e-2) -> SupernetTrainee:
    torch.manual_seed(0)
    training = SupernetTraining(steps, 8, learning_rate, warmup_steps=1, rule=rule)  # type: ignore[arg-type]
    return SupernetTrainee(Supernet(TASK.build, SPACE), TASK, training, seed=5)


def plain_trainee(steps: int = 6) -> PlainTrainee:
    torch.manual_seed(0)
    training = Training(steps=steps, batch_size=8, learning_rate=1e-2, warmup_steps=1)
    return PlainTrainee(TASK.build(SPACE.smallest()), TASK, training, seed=5)


def test_a_step_moves_the_sampled_slices_and_nothing_else() -> None:
    trainee = supernet_trainee()
    for step in range(4):
        before = {name: tensor.detach().clone() for name, tensor in trainee.supernet.weights().items()}
        shapes = {
            name: view.shape for name, view in trainee.supernet.path(trainee.architectures(step)[0]).parameters.items()
        }
        trainee.step(step)
        for name, tensor in trainee.supernet.weights().items():
            moved = tensor.detach() != before[name]
            inside = torch.zeros_like(moved)
            if name in shapes:
                inside[tuple(slice(n) for n in shapes[name])] = True
            assert not (moved & ~inside).any(), f"{name} moved outside of the path in step {step}"
        assert any((tensor.detach() != before[name]).any() for name, tensor in trainee.supernet.weights().items())


def test_optimizer_averages_outside_of_the_path_stay_zero() -> None:
    trainee = supernet_trainee()
    visited = [trainee.architectures(step)[0] for step in range(2)]
    for step in range(2):
        trainee.step(step)
    for name, mean in trainee.optimizer.mean.items():
        reached = torch.zeros_like(mean, dtype=torch.bool)
        for architecture in visited:
            view = trainee.supernet.path(architecture).parameters.get(name)
            if view is not None:
                reached[tuple(slice(n) for n in view.shape)] = True
        assert (mean[~reached] == 0).all(), name


def test_training_the_largest_slice_is_plain_adamw() -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(5, 4), nn.Linear(5, 4)
    theirs.load_state_dict(ours.state_dict())
    training = Training(steps=5, batch_size=1, learning_rate=0.1, warmup_steps=0, weight_decay=0.3, clip_norm=0.5)
    optimizer = AdamW(dict(ours.named_parameters()), training)
    reference = torch.optim.AdamW(
        [{"params": [theirs.weight], "weight_decay": 0.3}, {"params": [theirs.bias], "weight_decay": 0.0}], lr=0.1
    )
    for _ in range(5):
        inputs = torch.randn(3, 5)
        for network in (ours, theirs):
            network.zero_grad()
            network(inputs).square().sum().backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        reference.step()
        optimizer.step(dict(ours.named_parameters()), 0.1)
        assert_close(ours.weight, theirs.weight)
        assert_close(ours.bias, theirs.bias)


def test_a_supernet_of_one_network_trains_as_the_plain_network() -> None:
    shared = supernet_trainee()
    architecture = SPACE.largest()
    shared.architectures = lambda step: [architecture]  # type: ignore[method-assign]
    plain = PlainTrainee(shared.supernet.subnet(architecture), TASK, shared.training, seed=5)
    for step in range(3):
        assert shared.step(step) == pytest.approx(plain.step(step), rel=1e-5)
    trained = shared.supernet.path(architecture).parameters
    for name, tensor in plain.network.named_parameters():
        assert_close(trained[name].detach(), tensor.detach(), rtol=1e-4, atol=1e-5)


def test_the_sandwich_sums_the_gradients_of_its_subnets() -> None:
    trainee = supernet_trainee("sandwich")
    architectures = trainee.architectures(0)
    batch = TASK.train_batch(0, 8, 5)
    _, summed = trainee._backward(architectures, batch)
    expected: dict[str, torch.Tensor] = {}
    first = trainee.supernet.subnet(architectures[0]).train()
    outputs = first(*batch.inputs)
    TASK.loss(outputs, batch.targets).backward()  # type: ignore[no-untyped-call]
    networks = [first]
    for architecture in architectures[1:]:
        network = trainee.supernet.subnet(architecture).eval()
        TASK.distillation(network(*batch.inputs), outputs.detach(), batch.targets).backward()  # type: ignore[no-untyped-call]
        networks.append(network)
    for network in networks:
        for name, tensor in network.named_parameters():
            whole = expected.setdefault(name, torch.zeros_like(trainee.supernet.weights()[name]))
            whole[tuple(slice(n) for n in tensor.shape)] += tensor.grad
    for name, view in summed.items():
        assert_close(view.grad, expected[name][tuple(slice(n) for n in view.shape)], rtol=1e-4, atol=1e-6)
        assert expected[name].count_nonzero() == view.grad.count_nonzero()


def test_gradients_are_summed_in_whatever_order_small_and_large_subnets_come() -> None:
    # small, large, small again: its weights are the same tensors both times, and their gradient counts once each time
    trainee = supernet_trainee("sandwich")
    batch = TASK.train_batch(0, 8, 5)
    small, large = SPACE.smallest(), SPACE.largest()
    other = SPACE.replay({**SPACE.genes(small), "encoder.blocks.0.num_heads": 3})
    _, summed = trainee._backward([small, large, other], batch)
    plain = [trainee.supernet.subnet(architecture) for architecture in (small, large, other)]
    outputs = plain[0].train()(*batch.inputs)
    TASK.loss(outputs, batch.targets).backward()  # type: ignore[no-untyped-call]
    for network in plain[1:]:
        TASK.distillation(network.eval()(*batch.inputs), outputs.detach(), batch.targets).backward()  # type: ignore[no-untyped-call]
    for name, view in summed.items():
        expected = torch.zeros_like(view)
        for network in plain:
            tensor = dict(network.named_parameters()).get(name)
            if tensor is not None:
                expected[tuple(slice(n) for n in tensor.shape)] += tensor.grad
        assert_close(view.grad, expected, rtol=1e-4, atol=1e-6)


def test_distillation_is_cross_entropy_with_the_teachers_distribution() -> None:
    outputs, teacher = torch.randn(4, 3).double(), torch.randn(4, 3).double()
    by_hand = sum(-float(teacher[n].softmax(0)[c] * outputs[n].softmax(0)[c].log()) for n in range(4) for c in range(3))
    assert float(TASK.distillation(outputs, teacher, torch.zeros(4))) == pytest.approx(by_hand / 4, rel=1e-5)


class Interrupting:
    """A trainee that is told to stop after a step, as by Ctrl-C."""

    def __init__(self, trainee: Trainee, after: int) -> None:
        self.trainee, self.training, self.after = trainee, trainee.training, after
        self.state, self.load = trainee.state, trainee.load

    def step(self, step: int) -> float:
        loss = self.trainee.step(step)
        if step + 1 == self.after:
            import signal

            signal.raise_signal(signal.SIGINT)
        return loss


@pytest.mark.parametrize("make", [supernet_trainee, plain_trainee, lambda: supernet_trainee("sandwich")])
def test_an_interrupted_training_ends_as_the_uninterrupted(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    whole = make()
    fit(whole, tmp_path / "whole.safetensors", tmp_path / "whole.jsonl", lambda done, words: None)
    for after in (2, 5):
        with pytest.raises(KeyboardInterrupt):
            fit(Interrupting(make(), after), tmp_path / "cut.safetensors", tmp_path / "cut.jsonl", lambda *_: None)
    resumed = make()
    steps: list[int] = []
    fit(resumed, tmp_path / "cut.safetensors", tmp_path / "cut.jsonl", lambda done, words: steps.append(done))
    assert steps == [5, 6]
    for name, tensor in whole.state().items():
        assert torch.equal(tensor, resumed.state()[name]), name
    assert (tmp_path / "cut.jsonl").read_text() == (tmp_path / "whole.jsonl").read_text(), "means are over all steps"


def test_a_truncated_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    checkpoint = tmp_path / "supernet.checkpoint.safetensors"
    fit(plain_trainee(), checkpoint, tmp_path / "log.jsonl", lambda *_: None)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"is damaged .* delete it to start that part again"):
        fit(plain_trainee(), checkpoint, tmp_path / "log.jsonl", lambda *_: None)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.safetensors"
    fit(plain_trainee(), checkpoint, tmp_path / "log.jsonl", lambda *_: None)
    with pytest.raises(ValueError, match="does not fit this experiment"):
        fit(supernet_trainee(), checkpoint, tmp_path / "log.jsonl", lambda *_: None)


def test_a_loss_that_is_not_finite_names_the_network() -> None:
    trainee = supernet_trainee()
    with torch.no_grad():
        for tensor in trainee.supernet.weights().values():
            tensor.fill_(np.nan)
    with pytest.raises(
        ValueError, match=r"the loss became nan in Architecture.*, first in stem\.\S*: its \S+ is not finite"
    ):
        trainee.step(0)


@pytest.mark.parametrize("rule", ["single_path", "sandwich"])
def test_training_lowers_the_loss(rule: str) -> None:
    trainee = supernet_trainee(rule, steps=60, learning_rate=3e-3)
    losses = [trainee.step(step) for step in range(60)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.1
