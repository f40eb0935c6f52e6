import numpy as np
import pytest
from torch import nn

from nas.evaluators.parameters import Parameters, count_parameters
from nas.search_space import presets
from nas.tasks.digits import Digits


def test_linear_layers_hold_weights_and_biases():
    assert count_parameters(nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2))) == (3 * 5 + 5) + (5 * 2 + 2)


def test_shared_parameter_counts_once_and_buffers_not():
    layer = nn.Linear(4, 4, bias=False)
    assert count_parameters(nn.Sequential(layer, nn.BatchNorm1d(4, affine=False), layer)) == 16


@pytest.mark.parametrize("preset", [presets.tiny, presets.small, presets.autoformer_tiny])
@pytest.mark.parametrize("seed", range(3))
def test_sum_over_pieces_is_the_whole_network_s_count(preset, seed):
    architecture = preset().sample(np.random.default_rng(seed))
    task = Digits(patch_size=1 + seed % 2, pooling="class_token" if seed else "mean")
    assert Parameters()(task, architecture) == sum(p.numel() for p in task.build(architecture).parameters())
