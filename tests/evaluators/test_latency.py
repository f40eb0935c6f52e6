import time

import numpy as np
import pytest
import torch
from torch import nn

from nas.evaluators.latency import Latency, Quartiles, interleaved_latencies, measure_latency, times_by_turns
from nas.search_space import presets
from nas.system.devices import device_name
from nas.tasks.digits import Digits


class Clocked(nn.Module):
    """Moves a clock of its own on by the milliseconds of its list, one entry a run, and notes the threads."""

    def __init__(self, milliseconds: list[float]):
        super().__init__()
        self.milliseconds = milliseconds
        self.seconds = 0.0
        self.threads: list[int] = []

    def forward(self, x):
        self.threads.append(torch.get_num_threads())
        self.seconds += self.milliseconds.pop(0) / 1000
        return x


def test_quartiles_are_those_of_the_repeats_after_the_warmup(monkeypatch):
    assert Quartiles.of([10, 40, 10, 20, 30]) == (10, 20, 30)
    model = Clocked([80, 10, 40, 10, 20, 30])
    monkeypatch.setattr(time, "perf_counter", lambda: model.seconds)
    result = measure_latency(model, (torch.zeros(1),), repeats=5, warmup=1, threads=1)
    assert result.median_ms == pytest.approx(20)
    assert result.spread_ms == pytest.approx(20)
    assert result.repeats == 5
    assert result.device == device_name(torch.device("cpu"))
    assert model.milliseconds == []


def test_threads_are_set_and_given_back():
    before = torch.get_num_threads()
    model = Clocked([0, 0, 0])
    measure_latency(model, (torch.zeros(1),), repeats=2, warmup=1, threads=before + 1)
    assert model.threads == [before + 1] * 3
    assert torch.get_num_threads() == before


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="repeats >= 1"):
        measure_latency(Clocked([]), (torch.zeros(1),), repeats=0, warmup=0, threads=1)


def test_larger_network_takes_longer():
    task, space = Digits(), presets.small(("softmax",))
    latency = Latency(repeats=9, warmup=2)
    small, large = (latency.measure(task, architecture) for architecture in (space.smallest(), space.largest()))
    assert 0 < small.median_ms < large.median_ms


def test_batch_size_is_what_the_network_sees():
    class Shapes(Digits):
        seen: list[tuple[int, ...]] = []  # noqa: RUF012

        def build(self, architecture):
            model = super().build(architecture)
            model.register_forward_pre_hook(lambda _, inputs: self.seen.append(tuple(inputs[0].shape)))
            return model

    Latency(batch_size=3, repeats=1, warmup=0)(Shapes(), presets.tiny().sample(np.random.default_rng(0)))
    assert Shapes.seen == [(3, 1, 8, 8)]


def test_passes_take_turns_until_the_time_is_over_and_there_are_enough():
    calls = []
    passes = [lambda: calls.append("first"), lambda: calls.append("second")]
    times = times_by_turns(passes, seconds=0, least=3, most=9)
    assert calls == ["first", "second"] * 3
    assert [len(each) for each in times] == [3, 3]
    assert all(each >= 0 for own in times for each in own)
    assert [len(each) for each in times_by_turns(passes, seconds=1e9, least=3, most=9)] == [9, 9]


def test_several_models_are_measured_or_too_slow_for_the_time(monkeypatch):
    short, long = Clocked([1.0] * 20), Clocked([3.0] * 20)
    monkeypatch.setattr(time, "perf_counter", lambda: short.seconds + long.seconds)
    models = [(short, (torch.zeros(1),)), (long, (torch.zeros(1),))]
    assert interleaved_latencies(models, seconds=0.001, threads=1) is None
    found = interleaved_latencies(models, seconds=60, threads=1, least=3, most=5)
    assert found == [pytest.approx((1, 1, 1)), pytest.approx((3, 3, 3))]
