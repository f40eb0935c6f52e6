"""Several processes that train one supernet: they do what one does, hold equal weights, and end together."""

import math
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.testing import assert_close

from nas.search_space import presets
from nas.supernet import Supernet
from nas.supernet.distributed import DistributedTrainee, Group, PeerFailed, run_rank
from nas.supernet.trainee import SupernetTrainee
from nas.system.files import read_lines
from nas.system.tensors import read_tensors
from nas.tasks.base import Batch
from nas.tasks.digits import Digits
from nas.training.loop import Files, fit
from nas.training.schedules import learning_rate
from nas.training.settings import SupernetTraining

SPACE = presets.tiny()
STEPS = 10
RULES = {"single_path": 1e-9, "sandwich": 1e-6}
"""How closely two processes repeat one under each rule; soft labels are made in float32 whatever the weights are."""


@dataclass(frozen=True)
class DoubleDigits(Digits):
    """In double precision, where AdamW does not blow up the rounding of gradients that are zero but for it."""

    fails_at: int | None = None
    single_at: int | None = None
    """A step whose batch has one example, as a batch of tokens may have."""

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        if step == self.fails_at and dist.is_initialized() and dist.get_rank() == 1:
            raise ValueError("no such batch")
        (images,), labels = super().train_batch(step, batch_size, seed)
        if step == self.single_at:
            images, labels = images[:1], labels[:1]
        return Batch((images.double(),), labels)


TASK = DoubleDigits(patch_size=4)


@dataclass(frozen=True)
class Making:
    """Makes trainees, alike in every process."""

    rule: str = "single_path"
    draw: str = "same"
    task: DoubleDigits = TASK
    batch_size: int = 15
    """Odd, so that the parts of two processes differ in size."""
    biased_rank: int | None = None
    """A rank whose weights are not those of the others."""

    def one(self) -> SupernetTrainee:
        return SupernetTrainee(self.supernet(), self.task, self.training(), 5)

    def __call__(self, group: Group) -> DistributedTrainee:
        supernet = self.supernet()
        if group.rank == self.biased_rank:
            next(iter(supernet.weights().values())).data[..., 0] += 1e-6
        return DistributedTrainee(supernet, self.task, self.training(), 5, group)

    def supernet(self) -> Supernet:
        torch.manual_seed(0)
        return Supernet(self.task.build, SPACE).double()

    def training(self) -> SupernetTraining:
        return SupernetTraining(STEPS, self.batch_size, 1e-2, warmup_steps=1, rule=self.rule, draw=self.draw)  # type: ignore[arg-type]


Outcomes = list[Any]
Pair = Callable[..., Outcomes]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Calls a function of a group and arguments in two processes; gives what each returned or raised."""
    processes, pipes = _start(tmp_path_factory.mktemp("store") / "store")

    def call(function: Callable[..., Any], *arguments: Any) -> Outcomes:
        for pipe in pipes:
            pipe.send((function, arguments))
        return [pipe.recv() for pipe in pipes]

    yield call
    for process in processes:
        process.terminate()
        process.join()


def _start(store: Path) -> tuple[list[Any], list[Connection]]:
    context = multiprocessing.get_context("spawn")
    processes, pipes = [], []
    for rank in range(2):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=_answer, args=(store, Group(rank, 2), theirs), daemon=True))
        processes[-1].start()
        theirs.close()
        pipes.append(ours)
    return processes, pipes


def _answer(store: Path, group: Group, pipe: Connection) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=group.rank, world_size=group.size)
    while True:
        function, arguments = pipe.recv()
        try:
            pipe.send(function(group, *arguments))
        except (Exception, KeyboardInterrupt) as error:
            pipe.send(error)


def train_steps(group: Group, make: Making) -> tuple[list[float], dict[str, Tensor]]:
    trainee = make(group)
    losses = [trainee.step(step) for step in range(STEPS)]
    return losses, trainee.state()


def train_on_files(group: Group, make: Making, folder: Path, stop_at: int | None = None) -> dict[str, Tensor]:
    """As far as the end, or until the second process is asked to stop in a step."""
    made: list[DistributedTrainee] = []
    done = [0]

    def keep(group: Group) -> DistributedTrainee:
        made.append(make(group))
        return made[0]

    files = Files(folder / "checkpoint.safetensors", folder / "log.jsonl") if group.rank == 0 else None
    advance = lambda finished, _: done.__setitem__(0, finished)  # noqa: E731
    run_rank(keep, group, files, advance, lambda: group.rank == 1 and stop_at is not None and done[0] + 1 >= stop_at)
    return made[0].state()


def sizes_of_sums(group: Group, make: Making) -> list[int]:
    """Numbers in each all-reduce of one step."""
    trainee, sizes, plain = make(group), [], dist.all_reduce

    def noting(tensor: Tensor) -> None:
        sizes.append(tensor.numel())
        plain(tensor)

    dist.all_reduce = noting  # type: ignore[assignment]
    try:
        trainee.step(0)
    finally:
        dist.all_reduce = plain
    return sizes


def assert_equal(states: list[dict[str, Tensor]]) -> None:
    first, second = states
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.parametrize(("rule", "tolerance"), RULES.items())
def test_two_processes_that_draw_the_same_are_one_with_the_whole_batch(pair: Pair, rule: str, tolerance: float) -> None:
    make = Making(rule)
    one = make.one()
    expected = [one.step(step) for step in range(STEPS)]
    (losses, state), (_, other) = pair(train_steps, make)
    assert losses == pytest.approx(expected, rel=tolerance)
    assert_equal([state, other])
    for name, tensor in one.state().items():
        assert_close(state[name], tensor, rtol=100 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("draw", ["same", "per_rank"])
def test_a_process_without_examples_adds_nothing(pair: Pair, draw: str) -> None:
    make = Making(draw=draw, task=DoubleDigits(patch_size=4, single_at=0))
    (losses, state), (_, other) = pair(train_steps, make)
    # the first process has the one example, and its draw is that of a single process
    assert losses[0] == pytest.approx(make.one().step(0), rel=1e-9)
    assert all(map(math.isfinite, losses))
    assert_equal([state, other])


@pytest.mark.parametrize(("rule", "tolerance"), RULES.items())
def test_two_processes_that_draw_by_rank_sum_the_gradients_of_both_draws(
    pair: Pair, rule: str, tolerance: float
) -> None:
    make = Making(rule, draw="per_rank")
    reference = make.one()
    expected = [two_draws_by_one_process(reference, step) for step in range(STEPS)]
    (losses, state), (_, other) = pair(train_steps, make)
    assert losses == pytest.approx(expected, rel=tolerance)
    assert_equal([state, other])
    for name, tensor in reference.supernet.weights().items():
        assert_close(state[f"weights/{name}"], tensor.detach(), rtol=100 * tolerance, atol=10 * tolerance)


def two_draws_by_one_process(trainee: SupernetTrainee, step: int) -> float:
    """A step on two draws of subnets, each on its part of the batch: plain networks, gradients padded with zeros."""
    batch = trainee.task.train_batch(step, 15, 5)
    weights, loss = trainee.supernet.weights(), 0.0
    summed = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    reached = {name: torch.zeros_like(tensor, dtype=torch.bool) for name, tensor in weights.items()}
    for rank, rows in enumerate((slice(0, 8), slice(8, 15))):
        first, *others = [trainee.supernet.subnet(each) for each in trainee.architectures(step, rank)]
        outputs = first.train()(batch.inputs[0][rows])
        own = TASK.loss(outputs, batch.targets[rows])
        own.backward()  # type: ignore[no-untyped-call]
        loss += own.item() * (rows.stop - rows.start) / 15
        for network in others:
            TASK.distillation(network.eval()(batch.inputs[0][rows]), outputs.detach(), batch.targets[rows]).backward()  # type: ignore[no-untyped-call]
        for network in (first, *others):
            for name, tensor in network.named_parameters():
                inside = tuple(slice(n) for n in tensor.shape)
                summed[name][inside] += tensor.grad
                reached[name][inside] = True
    moved = {}
    for name, where in reached.items():
        if where.any():
            box = tuple(slice(int(places.max()) + 1) for places in where.nonzero(as_tuple=True))
            moved[name] = weights[name].detach()[box]
            moved[name].grad = summed[name][box]
    trainee.optimizer.step(moved, learning_rate(trainee.training, step))
    return loss


def test_processes_draw_different_subnets_and_the_first_draws_what_one_process_does() -> None:
    trainee = Making().one()
    draws = [[trainee.architectures(step, rank)[0] for step in range(8)] for rank in range(3)]
    assert draws[0] == [trainee.architectures(step)[0] for step in range(8)]
    assert all(len(set(drawn)) > 1 for drawn in zip(*draws, strict=True))


def test_a_step_is_one_sum_of_what_it_touched(pair: Pair) -> None:
    (path,) = [Making().one().supernet.path(each) for each in Making().one().architectures(0)]
    touched = sum(tensor.numel() for tensor in path.parameters.values())
    # behind them: a count for each name, a number from each process, four signals
    assert pair(sizes_of_sums, Making()) == [[touched + len(path.parameters) + 2 + 4]] * 2


def test_a_training_goes_on_with_another_number_of_processes(pair: Pair, tmp_path: Path) -> None:
    make = Making()
    whole = make.one()
    fit(whole, tmp_path / "whole.safetensors", tmp_path / "whole.jsonl", lambda *_: None)

    checkpoint, log = tmp_path / "checkpoint.safetensors", tmp_path / "log.jsonl"
    one = make.one()
    plain_step = one.step

    def step(number: int) -> float:
        if number == 2:
            signal.raise_signal(signal.SIGINT)
        return plain_step(number)

    one.step = step  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        fit(one, checkpoint, log, lambda *_: None)
    assert read_tensors(checkpoint)[1]["step"] == "3"
    assert [type(each) for each in pair(train_on_files, make, tmp_path, 6)] == [KeyboardInterrupt] * 2
    assert read_tensors(checkpoint)[1]["step"] == "6"
    last = make.one()
    fit(last, checkpoint, log, lambda *_: None)
    assert read_lines(log)[-1]["step"] == STEPS
    for name, tensor in whole.state().items():
        assert_close(last.state()[name], tensor, rtol=1e-7, atol=1e-9)


def test_two_processes_resumed_end_as_two_that_were_not_stopped(pair: Pair, tmp_path: Path) -> None:
    make = Making(draw="per_rank")
    whole = pair(train_on_files, make, tmp_path / "whole")
    pair(train_on_files, make, tmp_path / "cut", 4)
    cut = pair(train_on_files, make, tmp_path / "cut")
    assert_equal(whole)
    assert_equal([whole[0], cut[0]])
    assert_equal([whole[0], cut[1]])


def test_where_one_process_fails_all_end_and_its_error_is_the_one_that_says_why(pair: Pair, tmp_path: Path) -> None:
    make = Making(task=DoubleDigits(patch_size=4, fails_at=2))
    first, second = pair(train_on_files, make, tmp_path)
    assert isinstance(first, PeerFailed)
    assert isinstance(second, ValueError) and str(second) == "no such batch"
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_a_damaged_checkpoint_ends_all(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"no tensors")
    first, second = pair(train_on_files, Making(), tmp_path)
    assert isinstance(first, ValueError) and "is damaged" in str(first)
    assert isinstance(second, PeerFailed)


def test_weights_that_differ_are_noticed(pair: Pair) -> None:
    for error in pair(train_steps, Making(biased_rank=1)):
        assert isinstance(error, RuntimeError) and "weights of the 2 processes differ at step 0" in str(error)


def test_more_processes_than_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="3 processes share batches of 2; use fewer, or raise batch_size"):
        Making(batch_size=2)(Group(0, 3))


def test_an_unknown_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="draw needs one of same, per_rank; found 'each'"):
        Making(draw="each").training()
