"""What every task owes to training, search and costs; a new file in nas/tasks is tested the moment it exists."""

import dataclasses
import importlib
import inspect
import json
import pkgutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

import nas.tasks
from nas.search_space.presets import tiny
from nas.tasks.base import DataError, Task

# which fixture makes the data of a task that reads a folder
DATA_FIXTURES = {"cifar10": "cifar10_root"}


def task_classes() -> list[type[Task]]:
    names = [module.name for module in pkgutil.iter_modules(nas.tasks.__path__)]
    found = []
    for module in (importlib.import_module(f"nas.tasks.{name}") for name in names):
        members = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, Task)]
        found += [value for value in members if value.__module__ == module.__name__ and not inspect.isabstract(value)]
    return found


def reads_folder(kind: type[Task]) -> bool:
    return kind.with_data is not Task.with_data


@pytest.fixture(params=task_classes(), ids=lambda kind: kind.name)
def task(request: pytest.FixtureRequest) -> Task:
    task = request.param()
    if not reads_folder(request.param):
        return task
    if task.name not in DATA_FIXTURES:
        pytest.skip(f"no fixture makes the data of {task.name}; name one in DATA_FIXTURES")
    return task.with_data(request.getfixturevalue(DATA_FIXTURES[task.name]))


@pytest.fixture
def architecture():
    return tiny().sample(np.random.default_rng(0))


def assert_equal_batches(first, second) -> None:
    assert len(first.inputs) == len(second.inputs)
    for one, other in zip((*first.inputs, first.targets), (*second.inputs, second.targets), strict=True):
        assert_close(one, other, rtol=0, atol=0)


def test_a_task_is_a_frozen_hashable_value_with_a_name(task):
    assert task.name.isidentifier()
    assert dataclasses.replace(task) == task
    assert hash(dataclasses.replace(task)) == hash(task)
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.name = "other"


def test_prepare_says_one_line(task):
    line = task.prepare()
    assert len(line.splitlines()) == 1


def test_training_batches_are_a_pure_function_of_step_size_and_seed(task):
    first = [task.train_batch(step, 16, seed=3) for step in range(4)]
    torch.rand(5)  # a draw from the global generator in between changes nothing
    for step in (2, 0, 3, 1):
        assert_equal_batches(task.train_batch(step, 16, seed=3), first[step])


def test_training_draws_from_no_global_generator(task):
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    task.train_batch(0, 16, seed=0)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)


def test_steps_and_seeds_give_different_batches(task):
    first = task.train_batch(0, 16, seed=0).inputs[0]
    assert not torch.equal(first, task.train_batch(1, 16, seed=0).inputs[0])
    assert not torch.equal(first, task.train_batch(0, 16, seed=1).inputs[0])


def test_a_batch_larger_than_the_data_is_refused(task):
    with pytest.raises(ValueError, match="1000000000"):
        task.train_batch(0, 1_000_000_000, seed=0)


@pytest.mark.parametrize("split", ["search", "test"])
def test_a_split_is_the_same_in_whatever_batches_it_comes(task, split):
    large, small = ([*task.batches(split, size)] for size in (1_000, 170))
    assert all(len(batch.targets) == 170 for batch in small[:-1])
    for place in range(len(large[0].inputs)):
        whole = torch.cat([batch.inputs[place] for batch in large])
        assert_close(whole, torch.cat([batch.inputs[place] for batch in small]), rtol=0, atol=0)
    assert torch.equal(torch.cat([b.targets for b in large]), torch.cat([b.targets for b in small]))


def test_search_and_test_share_no_input(task):
    rows = [
        {row.numpy().tobytes() for batch in task.batches(split, 500) for row in batch.inputs[0]}
        for split in ("search", "test")
    ]
    assert not rows[0] & rows[1]


def test_a_network_runs_on_the_example_and_on_batches(task, architecture):
    torch.manual_seed(0)
    model = task.build(architecture).eval()
    assert all(len(x) == 1 for x in task.example_inputs())
    example = model(*task.example_inputs())
    batch = next(iter(task.batches("search", 3)))
    outputs = model(*batch.inputs)
    assert outputs.shape == (3, *example.shape[1:])
    assert [x.shape[1:] for x in batch.inputs] == [x.shape[1:] for x in task.example_inputs()]


def test_the_loss_is_a_finite_scalar_that_reaches_every_parameter(task, architecture):
    torch.manual_seed(0)
    model = task.build(architecture)
    batch = task.train_batch(0, 16, seed=0)
    loss = task.loss(model(*batch.inputs), batch.targets)
    assert loss.shape == ()
    assert torch.isfinite(loss)
    loss.backward()
    missed = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert missed == []


def test_pieces_hold_the_parameters_of_the_network(task, architecture):
    def parameters(module):
        return sum(parameter.numel() for parameter in module.parameters())

    pieces = task.pieces(architecture)
    assert sum(parameters(piece.build()) for piece in pieces) == parameters(task.build(architecture))
    for piece in pieces:
        piece.build()(*(torch.zeros(shape) for shape in piece.shapes))
        hash(piece.key)


def test_what_an_export_holds_can_be_written_down(task):
    assert task.cost_setting()
    assert json.loads(json.dumps(task.preprocessing())) == task.preprocessing()
    if task.family() is not None:
        name, settings = task.family()
        assert json.loads(json.dumps([name, settings])) == [name, settings]


@pytest.mark.parametrize("kind", task_classes(), ids=lambda kind: kind.name)
def test_a_folder_is_read_or_refused_in_one_line(kind, tmp_path):
    nowhere = tmp_path / "nowhere"
    with pytest.raises(DataError if reads_folder(kind) else ValueError, match="nowhere") as error:
        kind().with_data(Path(nowhere)).prepare()
    assert "\n" not in str(error.value)
