"""Peaks of small networks, followed by hand; a float32 is 4 bytes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.evaluators.memory import PeakMemory, peak_memory_bytes
from nas.search_space import presets
from nas.tasks.digits import Digits


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def peak_floats(function, *inputs: Tensor) -> float:
    return peak_memory_bytes(Call(function), inputs) / 4


X = torch.randn(1, 10)


def test_one_operator_holds_input_and_output():
    assert peak_floats(torch.relu, X) == 10 + 10


def test_chain_frees_what_is_no_longer_needed():
    # while the last relu runs: the input, which the caller holds, the previous output, its own
    assert peak_floats(lambda x: x.relu().relu().relu().relu(), X) == 30


def test_kept_tensors_add_up():
    def keeping(x):
        kept = [x.relu(), x.sigmoid(), x.tanh()]
        return kept[0]

    assert peak_floats(keeping, X) == 10 + 3 * 10


def test_peak_in_the_middle_is_found():
    # 10 -> 1000 -> 10: nothing after the middle is as large
    assert peak_floats(lambda x: x.repeat(1, 100).sum(1).relu(), X) == 10 + 1000 + 1


def test_views_and_in_place_operators_hold_nothing():
    assert peak_floats(lambda x: x.view(2, 5).mT[0].add_(1).unsqueeze(-1), X.clone()) == 10


def test_weights_buffers_and_tables_do_not_count():
    table = torch.randn(1000)

    class Tables(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(1000))
            self.register_buffer("buffer", torch.randn(1000))

        def forward(self, x):
            return x + self.weight[:10] + self.buffer[:10] + table.view(-1)[:10]

    # input, a sum, and the sum made of it
    assert peak_memory_bytes(Tables(), (X,)) == 4 * 30


def test_table_made_at_the_first_call_does_not_count():
    made: list[Tensor] = []

    def forward(x):
        if not made:
            made.append(torch.arange(1000.0))
        return x + made[0][:10]

    assert peak_floats(forward, X) == 20


def test_same_input_twice_is_held_once():
    assert peak_floats(torch.add, X, X) == 20


def test_attention_written_out_holds_its_weights_and_fused_attention_does_not():
    heads, tokens, head_dim = 2, 256, 8
    q = torch.randn(1, heads, tokens, head_dim)
    # scores and their softmax at the same time; the input once, as it is query, key and value
    written_out = peak_floats(lambda q: (q @ q.mT).softmax(-1) @ q, q)
    assert written_out == q.numel() + 2 * heads * tokens * tokens
    assert peak_floats(lambda q: F.scaled_dot_product_attention(q, q, q), q) < heads * tokens * tokens


@pytest.mark.parametrize("seed", range(4))
def test_network_holds_its_largest_piece_and_at_most_the_inputs_of_its_parts_more(seed):
    task = Digits(patch_size=2)
    architecture = presets.tiny().sample(np.random.default_rng(seed))
    pieces = PeakMemory()(task, architecture)
    whole = peak_memory_bytes(task.build(architecture).eval(), task.example_inputs())
    image, tokens = 64, 16 * architecture.encoder.embed_dim
    assert pieces <= whole <= pieces + 4 * (image + tokens)
