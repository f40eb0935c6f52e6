from dataclasses import replace

import numpy as np

from nas.evaluators.flops import Flops
from nas.evaluators.memory import PeakMemory
from nas.experiment.loading import load
from nas.report.chart.axes import computed_axes
from nas.search_space import architecture_id


def test_axes_are_what_the_experiment_does_not_count_itself(tiny):
    experiment = load(str(tiny)).experiment
    network = experiment.space.largest()
    labels = [axis.label for axis in computed_axes(experiment, [network])]
    # its own length is 4 tokens; parameters are among its costs
    assert labels == [*(f"FLOPs at {tokens} tokens" for tokens in (16, 64, 256, 1024, 4096)), "Peak memory"]
    experiment = replace(experiment, costs=(Flops(), Flops(length=64), PeakMemory()))
    labels = [axis.label for axis in computed_axes(experiment, [network])]
    assert labels == [*(f"FLOPs at {tokens} tokens" for tokens in (16, 256, 1024, 4096)), "Parameters"]


def test_values_are_exact_and_said_to_be_of_their_length(tiny):
    experiment = load(str(tiny)).experiment
    networks = [experiment.space.sample(np.random.default_rng(seed)) for seed in range(3)]
    axis = next(axis for axis in computed_axes(experiment, networks) if "256" in axis.label)
    expected = {architecture_id(each): Flops(length=256)(experiment.task, each) for each in networks}
    assert axis.values == expected
    assert axis.setting == "256 tokens (64 x 64 pixels in patches of 4)"


def test_a_builder_of_a_users_own_has_no_other_axes(own_model):
    experiment = load(str(own_model)).experiment
    assert computed_axes(experiment, [experiment.space.smallest()]) == []
