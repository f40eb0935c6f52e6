from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from nas.evaluators.flops import Flops, count_flops
from nas.evaluators.pieces import measuring, piece_values
from nas.search_space import presets
from nas.tasks.base import Task
from nas.tasks.digits import Digits
from tests.calls import python_calls


@dataclass(frozen=True)
class Words(Task):
    """A task with no pieces of its own, whose network reads tokens: the number of the architecture is its width."""

    length: int
    name = "words"
    built: list[int] = field(default_factory=list, compare=False)

    def build(self, architecture: int) -> nn.Module:
        self.built.append(architecture)
        return nn.Sequential(nn.Embedding(100, architecture), nn.Linear(architecture, 3))

    def prepare(self) -> str:
        return "nothing"

    def train_batch(self, step, batch_size, seed):
        raise NotImplementedError

    def batches(self, split, batch_size):
        raise NotImplementedError

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        raise NotImplementedError

    def example_inputs(self) -> tuple[Tensor, ...]:
        return (torch.zeros(1, self.length, dtype=torch.long),)

    def cost_setting(self) -> str:
        return f"{self.length} tokens"


def test_task_without_pieces_is_measured_whole_on_its_own_inputs():
    # an embedding is a look-up; the linear layer meets each of the 7 tokens
    assert Flops()(Words(length=7), 16) == 7 * 16 * 3


def test_piece_is_built_once_per_task():
    task = Words(length=11)
    values = [Flops()(task, width) for width in (4, 5, 4, 5, 4)]
    assert task.built == [4, 5]
    assert values == [11 * width * 3 for width in (4, 5, 4, 5, 4)]
    assert Flops()(Words(length=12), 4) == 12 * 4 * 3


def test_values_come_in_the_order_of_the_pieces():
    task = Digits(patch_size=2)
    architecture = presets.tiny().sample(np.random.default_rng(0))
    stem, *blocks, head = piece_values(count_flops, task, architecture)
    embed_dim = architecture.encoder.embed_dim
    assert stem == 16 * 4 * embed_dim  # 4 pixels to each of 16 tokens
    assert head == embed_dim * 10
    assert len(blocks) == architecture.encoder.depth


def test_measuring_gives_back_torch_s_generator():
    state = torch.get_rng_state()
    with measuring():
        torch.randn(3)
    assert torch.equal(torch.get_rng_state(), state)


def test_known_pieces_cost_a_candidate_of_twelve_layers_a_few_look_ups():
    task, flops = Digits(patch_size=2), Flops()
    space = presets.autoformer_tiny(("softmax", "linear"))
    candidate = space.sample(np.random.default_rng(1))
    flops(task, candidate)
    assert candidate.encoder.depth >= 12
    assert python_calls(lambda: flops(task, candidate)) < 200
