"""Subnets are plain networks run with the leading slices of one table."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nas.models.attention import Cosformer, Fixation, Linear, Lrpe, SoftmaxRelative
from nas.models.blocks import Projections
from nas.search_space import Choose, Space, presets
from nas.search_space.kind import identifier
from nas.search_space.patterns import homogeneous
from nas.supernet import Supernet
from nas.tasks.digits import Digits

VARIANTS = (
    SoftmaxRelative(clip=2),
    Linear(feature_map="relu"),
    *(Lrpe(core=core) for core in ("rotation", "mixed", "permutation", "complex")),
    *(Lrpe(core="complex", basis=basis) for basis in ("identity", "dct", "fourier", "odd_even")),
    Lrpe(learn_theta=False, learn_reflection=True),
    Lrpe(axes="shared"),
    Fixation(),
    Fixation(of=Cosformer(), gate="unshared", shift="spatial"),
    Fixation(of=Lrpe()),
)

PRESETS = {
    "tiny": presets.tiny,
    "small": presets.small,
    "autoformer_tiny": presets.autoformer_tiny,
    "autoformer_small": presets.autoformer_small,
    "autoformer_base": presets.autoformer_base,
    "mixformer_cifar10": presets.mixformer_cifar10,
    "variants": lambda: presets.small(attention=VARIANTS),
}


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    torch.manual_seed(0)
    return Supernet(Digits(patch_size=2).build, presets.tiny()).eval()


LARGE = ("autoformer_small", "autoformer_base", "mixformer_cifar10")


@pytest.mark.parametrize(
    ("name", "projections"),
    [
        *(pytest.param(name, "shared", marks=pytest.mark.slow if name in LARGE else ()) for name in PRESETS),
        ("tiny", "separate"),
        ("variants", "separate"),
    ],
)
def test_subnet_equals_its_path_through_the_supernet(name: str, projections: Projections) -> None:
    task, space = Digits(patch_size=4, projections=projections), PRESETS[name]()
    with torch.no_grad():
        supernet = Supernet(task.build, space).eval()
        rng = np.random.default_rng(0)
        images = torch.randn(2, 1, 8, 8)
        for _ in range(50):
            architecture = space.sample(rng)
            outputs = supernet.subnet(architecture)(images)
            assert_close(outputs, supernet(images, architecture=architecture), rtol=0, atol=0)


def test_subnet_equals_a_network_loaded_with_hand_cut_slices(supernet: Supernet) -> None:
    task, table = Digits(patch_size=2), supernet.table.state_dict()
    images = torch.randn(3, 1, 8, 8)
    for seed in range(10):
        architecture = supernet.space.sample(np.random.default_rng(seed))
        plain = task.build(architecture).eval()
        cut = {
            name: table[name][tuple(slice(0, n) for n in tensor.shape)] for name, tensor in plain.state_dict().items()
        }
        plain.load_state_dict(cut)
        assert_close(plain(images), supernet(images, architecture=architecture), rtol=0, atol=0)


def test_gradients_of_a_path_are_those_of_the_plain_network(supernet: Supernet) -> None:
    architecture = supernet.space.sample(np.random.default_rng(1))
    images = torch.randn(3, 1, 8, 8)
    plain, path = supernet.subnet(architecture), supernet.path(architecture)
    plain(images).square().sum().backward()
    path(images).square().sum().backward()
    for name, tensor in plain.named_parameters():
        assert_close(path.parameters[name].grad, tensor.grad)
    path.clear_gradients()


def test_a_path_shares_memory_with_the_table(supernet: Supernet) -> None:
    architecture = supernet.space.smallest()
    view = supernet.path(architecture).parameters["blocks.0.ffn.up.weight"]
    whole = supernet.weights()["blocks.0.ffn.up.weight"]
    assert view.shape < whole.shape
    assert view.data_ptr() == whole.data_ptr()


def test_the_table_holds_what_any_kind_needs() -> None:
    supernet = Supernet(Digits(patch_size=2).build, presets.tiny())
    largest = presets.tiny().largest().encoder
    for layer in range(largest.depth):
        theta = supernet.weights()[f"blocks.{layer}.attention.lrpe.core.angles.theta"]
        assert theta.shape == (largest.blocks[0].head_dim // 2,)


def test_kinds_share_their_projections_unless_they_are_separate() -> None:
    space = presets.small(attention=VARIANTS)
    layer = "blocks.0.attention"
    shared, separate = (
        {name for name in Supernet(Digits(projections=projections).build, space).weights() if name.startswith(layer)}
        for projections in ("shared", "separate")
    )
    assert {name for name in shared if name.endswith("q.weight") and "gate" not in name} == {
        f"{layer}.projections.q.weight"
    }
    own = {f"{layer}.{identifier(str(kind))}_projections.q.weight" for kind in VARIANTS}
    assert {name for name in separate if name.endswith("projections.q.weight")} == own
    assert len(own) == len(VARIANTS)


def test_a_step_of_one_kind_leaves_the_separate_projections_of_others_alone() -> None:
    task, space = Digits(patch_size=2, projections="separate"), presets.tiny(attention=("softmax", "linear"))
    supernet = Supernet(task.build, space)
    architecture = homogeneous(space, space.largest(), "linear")
    path = supernet.path(architecture)
    path(torch.randn(2, 1, 8, 8)).sum().backward()
    reached = {name for name, tensor in path.parameters.items() if tensor.grad is not None}
    assert any("linear_projections" in name for name in reached)
    assert not any("softmax" in name for name in path.parameters)


def test_initial_weights_of_the_largest_network_are_the_builders_own() -> None:
    task, space = Digits(patch_size=2), presets.tiny()
    torch.manual_seed(3)
    supernet = Supernet(task.build, space)
    torch.manual_seed(3)
    plain = task.build(space.largest())
    for name, tensor in plain.named_parameters():
        assert_close(supernet.weights()[name].detach(), tensor.detach(), rtol=0, atol=0)


def test_moving_the_supernet_moves_its_paths() -> None:
    supernet = Supernet(Digits(patch_size=2).build, presets.tiny())
    architecture = presets.tiny().smallest()
    supernet(torch.randn(1, 1, 8, 8), architecture=architecture)
    outputs = supernet.double()(torch.randn(1, 1, 8, 8).double(), architecture=architecture)
    assert outputs.dtype == torch.float64


@dataclass(frozen=True)
class Perceptron:
    """A user's own architecture."""

    width: int
    layers: int


class PerceptronSpace(Space):
    architecture_type = Perceptron

    def build(self, choose: Choose) -> Perceptron:
        return Perceptron(choose("width", (4, 8)), choose("layers", (1, 2)))


def build_perceptron(architecture: Perceptron) -> nn.Module:
    hidden = [nn.Linear(architecture.width, architecture.width) for _ in range(architecture.layers - 1)]
    return nn.Sequential(nn.Linear(3, architecture.width), nn.Sequential(*hidden), nn.Linear(architecture.width, 2))


def test_any_builder_becomes_a_supernet() -> None:
    supernet = Supernet(build_perceptron, PerceptronSpace())
    inputs = torch.randn(5, 3)
    for architecture in PerceptronSpace().enumerate():
        assert_close(supernet.subnet(architecture)(inputs), supernet(inputs, architecture=architecture))


def test_an_architecture_outside_the_space_is_refused_with_the_shapes() -> None:
    supernet = Supernet(build_perceptron, PerceptronSpace())
    with pytest.raises(ValueError, match=r"0\.weight of shape \(16, 3\), the table of shared weights has \(8, 3\)"):
        supernet(torch.randn(1, 3), architecture=Perceptron(16, 1))


class WithTable(nn.Module):
    def __init__(self, architecture: Perceptron) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(architecture.width), persistent=False)
        self.linear = nn.Linear(3, architecture.width)


def test_a_non_persistent_buffer_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="non-persistent buffers \\(scale\\)"):
        Supernet(WithTable, PerceptronSpace())


class Normed(nn.Module):
    def __init__(self, architecture: Perceptron) -> None:
        super().__init__()
        self.linear = nn.Linear(3, architecture.width)
        self.norm = nn.BatchNorm1d(architecture.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.linear(x))  # type: ignore[no-any-return]


def test_running_statistics_of_a_slice_move_in_the_table_and_nowhere_else() -> None:
    supernet = Supernet(Normed, PerceptronSpace()).train()
    supernet(torch.randn(64, 3), architecture=Perceptron(4, 1))
    running = supernet.table.get_buffer("norm.running_mean")
    assert (running[:4] != 0).all()
    assert (running[4:] == 0).all()


class Tied(nn.Module):
    """One weight in two places."""

    def __init__(self, architecture: Perceptron) -> None:
        super().__init__()
        self.up = nn.Linear(3, architecture.width, bias=False)
        self.again = nn.Linear(3, architecture.width, bias=False)
        self.again.weight = self.up.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(x) + self.again(x)  # type: ignore[no-any-return]


def test_a_weight_in_two_places_stays_one_weight() -> None:
    supernet = Supernet(Tied, PerceptronSpace())
    assert list(supernet.weights()) == ["up.weight"]
    network = supernet.path(Perceptron(4, 1)).module
    assert network.get_parameter("again.weight") is network.get_parameter("up.weight")
    copied = supernet.subnet(Perceptron(4, 1))
    assert copied.get_parameter("again.weight") is copied.get_parameter("up.weight")


class Recurrent(nn.Module):
    """A layer that keeps its weights in a list besides."""

    def __init__(self, architecture: Perceptron) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, architecture.width, num_layers=architecture.layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]  # type: ignore[no-any-return]


def test_a_layer_with_a_list_of_its_weights_reads_the_table() -> None:
    supernet = Supernet(Recurrent, PerceptronSpace())
    inputs = torch.randn(5, 2, 3)
    for architecture in PerceptronSpace().enumerate():
        assert_close(supernet.subnet(architecture)(inputs), supernet(inputs, architecture=architecture), rtol=0, atol=0)


def test_subnets_share_the_weights_of_equal_shape_and_no_others() -> None:
    supernet = Supernet(build_perceptron, PerceptronSpace())
    shallow, deep, narrow = (supernet.path(Perceptron(*genes)).parameters for genes in ((8, 1), (8, 2), (4, 2)))
    assert shallow["0.weight"] is deep["0.weight"]
    assert narrow["0.weight"] is not deep["0.weight"]


def test_a_copied_subnet_shares_nothing_with_the_table() -> None:
    supernet = Supernet(Normed, PerceptronSpace())
    table = {tensor.untyped_storage().data_ptr() for tensor in supernet.table.state_dict().values()}
    copied = supernet.subnet(Perceptron(4, 1)).state_dict().values()
    assert table.isdisjoint(tensor.untyped_storage().data_ptr() for tensor in copied)
