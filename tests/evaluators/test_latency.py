import time

import numpy as np
import pytest
import torch
from torch import nn

from nas.evaluators.latency import Latency, measure_latency
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


def test_median_and_interquartile_range_of_the_repeats_after_the_warmup(monkeypatch):
    model = Clocked([80, 10, 40, 10, 20, 30])
    monkeypatch.setattr(time, "perf_counter", lambda: model.seconds)
    result = measure_latency(model, (torch.zeros(1),), repeats=5, warmup=1, threads=1)
    # sorted 10 10 20 30 40: median 20, quartiles 10 and 30
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
