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
from nas.models.seq2seq import PAD
from nas.search_space.presets import tiny, tiny_translation
from nas.tasks.base import DataError, Task

# which fixture makes the data of a task that reads a folder
DATA_FIXTURES = {"cifar10": "cifar10_root", "parallel": "parallel_root", "wmt14": "translation_root"}
# what makes large data quick to prepare
SETTINGS = {"wmt14": {"train_pairs": 2_000, "vocabulary": 2_000}, "parallel": {"vocabulary": 500}}
# what a small batch counts
SMALL = {"examples": 16, "tokens": 150}


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
    task = request.param(**SETTINGS.get(request.param.name, {}))
    if not reads_folder(request.param):
        return task
    if task.name not in DATA_FIXTURES:
        pytest.skip(f"no fixture makes the data of {task.name}; name one in DATA_FIXTURES")
    return task.with_data(request.getfixturevalue(DATA_FIXTURES[task.name]))


@pytest.fixture
def architecture(task):
    space = tiny() if task.batch_unit == "examples" else tiny_translation()
    return space.sample(np.random.default_rng(0))


@pytest.fixture
def small(task) -> int:
    """A small batch."""
    return SMALL[task.batch_unit]


def rows(task: Task, split: str, batch_size: int) -> list[tuple[bytes, ...]]:
    """Inputs and targets of each example of a split, without what fills up a batch."""
    found = []
    for batch in task.batches(split, batch_size):
        for parts in zip(*batch.inputs, batch.targets, strict=True):
            plain = [part[part != PAD] if task.batch_unit == "tokens" else part for part in parts]
            found.append(tuple(part.numpy().tobytes() for part in plain))
    return found


def assert_equal_batches(first, second) -> None:
    assert len(first.inputs) == len(second.inputs)
    for one, other in zip((*first.inputs, first.targets), (*second.inputs, second.targets), strict=True):
        assert_close(one, other, rtol=0, atol=0)


def test_a_task_says_under_which_licence_its_data_is(task):
    assert type(task).data_licence is not Task.data_licence
    assert len(task.data_licence()) > 40


def test_a_task_is_a_frozen_hashable_value_with_a_name(task):
    assert task.name.isidentifier()
    assert dataclasses.replace(task) == task
    assert hash(dataclasses.replace(task)) == hash(task)
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.name = "other"


def test_prepare_says_one_line(task):
    line = task.prepare()
    assert len(line.splitlines()) == 1


def test_training_batches_are_a_pure_function_of_step_size_and_seed(task, small):
    first = [task.train_batch(step, small, seed=3) for step in range(4)]
    torch.rand(5)  # a draw from the global generator in between changes nothing
    for step in (2, 0, 3, 1):
        assert_equal_batches(task.train_batch(step, small, seed=3), first[step])


def test_training_draws_from_no_global_generator(task, small):
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    task.train_batch(0, small, seed=0)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)


def test_steps_and_seeds_give_different_batches(task, small):
    first = task.train_batch(0, small, seed=0).inputs[0]
    assert not torch.equal(first, task.train_batch(1, small, seed=0).inputs[0])
    assert not torch.equal(first, task.train_batch(0, small, seed=1).inputs[0])


def test_a_batch_larger_than_the_data_is_refused(task):
    with pytest.raises(ValueError, match=r"1,?000,?000,?000"):
        task.train_batch(0, 1_000_000_000, seed=0)


@pytest.mark.parametrize("split", ["search", "test"])
def test_a_split_is_the_same_in_whatever_batches_it_comes(task, split):
    batches = [*task.batches(split, 170)]
    if task.batch_unit == "examples":
        assert all(len(batch.targets) == 170 for batch in batches[:-1])
    else:
        assert all(
            max(x.numel() for x in (*batch.inputs, batch.targets)) <= 170 or len(batch.targets) == 1
            for batch in batches
        )
    assert rows(task, split, 1_000) == rows(task, split, 170)


def test_search_and_test_share_no_input(task):
    search, test = ({row[0] for row in rows(task, split, 500)} for split in ("search", "test"))
    assert not search & test


def test_a_network_runs_on_the_example_and_on_batches(task, architecture):
    torch.manual_seed(0)
    model = task.build(architecture).eval()
    assert all(len(x) == 1 for x in task.example_inputs())
    example = model(*task.example_inputs())
    batch = next(iter(task.batches("search", 3)))
    outputs = model(*batch.inputs)
    assert outputs.dim() == example.dim()
    assert outputs.shape[-1] == example.shape[-1]
    if task.batch_unit == "examples":
        assert len(outputs) == 3
        assert [x.shape[1:] for x in batch.inputs] == [x.shape[1:] for x in task.example_inputs()]


def test_a_batch_counts_as_its_parts_and_its_likelihood_adds_up(task, architecture):
    torch.manual_seed(0)
    model = task.build(architecture).eval()
    whole = next(iter(task.batches("search", 64)))
    count = len(whole.targets)
    assert count > 1
    halves = [slice(0, count // 2), slice(count // 2, count)]
    assert task.weight(whole.targets) == sum(task.weight(whole.targets[half]) for half in halves)
    outputs = model(*whole.inputs)
    total = task.log_likelihood(outputs, whole.targets)
    assert total < 0
    assert_close(total, sum(task.log_likelihood(outputs[half], whole.targets[half]) for half in halves))
    soft = task.distillation(outputs, outputs, whole.targets)
    assert soft <= task.distillation(outputs, torch.randn_like(outputs), whole.targets)


def test_the_loss_is_a_finite_scalar_that_reaches_every_parameter(task, architecture):
    torch.manual_seed(0)
    model = task.build(architecture)
    batch = task.train_batch(0, SMALL[task.batch_unit], seed=0)
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
        dtype = torch.int64 if piece.inputs == "tokens" else torch.float32
        piece.build()(*(torch.zeros(shape, dtype=dtype) for shape in piece.shapes))
        hash(piece.key)


def test_what_an_export_holds_can_be_written_down(task):
    assert task.cost_setting()
    assert json.loads(json.dumps(task.preprocessing())) == task.preprocessing()
    if task.family() is not None:
        name, settings = task.family()
        assert json.loads(json.dumps([name, settings])) == [name, settings]


def test_lengths_that_are_quoted_begin_with_the_task_s_own(task):
    settings = [task.at_length(*size).cost_setting() for size in task.quoted_lengths()]
    assert settings[:1] == [task.cost_setting()] * bool(settings)
    assert len(set(settings)) == len(settings)


@pytest.mark.parametrize("kind", task_classes(), ids=lambda kind: kind.name)
def test_a_folder_is_read_or_refused_in_one_line(kind, tmp_path):
    nowhere = tmp_path / "nowhere"
    with pytest.raises(DataError if reads_folder(kind) else ValueError, match="nowhere") as error:
        kind().with_data(Path(nowhere)).prepare()
    assert "\n" not in str(error.value)


def test_a_fingerprint_tells_the_splits_apart_and_stays(task):
    found = task.fingerprint()
    assert json.loads(json.dumps({name: part._asdict() for name, part in found.items()}))
    sizes = {
        split: sum(len(batch.targets) for batch in task.batches(split, 500)) for split in ("search", "select", "test")
    }
    assert sizes == {split: found[split].size for split in sizes}
    assert len({part.sha256 for part in found.values()}) == len(found)
    assert all(len(part.sha256) == 64 for part in found.values())
    assert dataclasses.replace(task).fingerprint() == found
