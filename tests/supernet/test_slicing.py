"""Marked tensors: each network reads those places of the table that have its own role."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from nas.search_space import Choose, Space
from nas.supernet import Supernet
from nas.supernet.slicing import centred, grouped, whole
from nas.supernet.trainee import _add_gradients


@dataclass(frozen=True)
class Net:
    width: int
    depth: int


class NetSpace(Space):
    architecture_type = Net

    def build(self, choose: Choose) -> Net:
        return Net(choose("width", (2, 4)), choose("depth", (1, 2)))


NARROW, WIDE = Net(2, 1), Net(4, 1)


def shared(build: Callable[[Net], nn.Module]) -> Supernet:
    return Supernet(build, NetSpace())


def fill(supernet: Supernet, name: str, values: Tensor) -> None:
    """Give the widest network's tensor these values."""
    path = supernet.path(WIDE)
    with torch.no_grad():
        # where the table holds what is shown by the marks that the network reads
        path.parameters[name].copy_(torch.arange(values.numel()).reshape(values.shape))
        places = dict(_tensors(path.module))[name].flatten().long()
        path.parameters[name].view(-1)[places] = values.flatten()


def _tensors(network: nn.Module) -> Any:
    return [(name, tensor.detach()) for name, tensor in network.named_parameters()]


def qkv(net: Net) -> nn.Module:
    return nn.Sequential(grouped(nn.Linear(3, 3 * net.width), 3))


def test_a_fused_projection_is_cut_in_each_of_its_groups() -> None:
    supernet = shared(qkv)
    fill(supernet, "0.bias", torch.tensor([1.0] * 4 + [2] * 4 + [3] * 4))
    expected = torch.tensor([1.0, 1, 2, 2, 3, 3])
    assert_close(supernet.subnet(NARROW).get_parameter("0.bias").detach(), expected)
    assert_close(dict(_tensors(supernet.path(NARROW).module))["0.bias"], expected)
    assert_close(dict(_tensors(supernet.reader(NARROW)))["0.bias"], expected)


def test_layers_of_pytorch_that_are_known_are_cut_in_their_groups() -> None:
    class Known(nn.Module):
        def __init__(self, net: Net) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(net.width, 1)
            self.lstm = nn.LSTM(3, net.width)

        def forward(self, x: Tensor) -> Tensor:
            states, _ = self.lstm(x)
            return self.attention(states, states, states)[0]  # type: ignore[no-any-return]

    supernet = shared(Known)
    fill(supernet, "attention.in_proj_bias", torch.tensor([1.0] * 4 + [2] * 4 + [3] * 4))
    fill(supernet, "lstm.bias_ih_l0", torch.arange(16.0))
    narrow = supernet.subnet(NARROW)
    assert_close(narrow.get_parameter("attention.in_proj_bias").detach(), torch.tensor([1.0, 1, 2, 2, 3, 3]))
    assert_close(narrow.get_parameter("lstm.bias_ih_l0").detach(), torch.tensor([0.0, 1, 4, 5, 8, 9, 12, 13]))
    x = torch.randn(5, 2, 3)
    assert_close(narrow(x), supernet(x, architecture=NARROW))


def test_a_smaller_kernel_is_the_centre_of_a_larger_one() -> None:
    supernet = shared(lambda net: nn.Sequential(centred(nn.Conv2d(1, 1, 2 * net.width - 1))))
    marked = torch.arange(49.0).reshape(1, 1, 7, 7)
    fill(supernet, "0.weight", marked)
    assert_close(supernet.subnet(NARROW).get_parameter("0.weight").detach(), marked[..., 2:5, 2:5])


def test_a_grouped_convolution_keeps_its_groups_and_so_do_its_neighbours() -> None:
    def build(net: Net) -> nn.Module:
        up, conv = nn.Conv1d(3, net.width, 1), nn.Conv1d(net.width, net.width, 1, groups=2)
        return nn.Sequential(grouped(up, 2), grouped(conv, 2), grouped(nn.Conv1d(net.width, 1, 1), 2, dim=1))

    supernet = shared(build)
    fill(supernet, "0.bias", torch.arange(4.0))
    fill(supernet, "1.weight", torch.arange(8.0).reshape(4, 2, 1))
    fill(supernet, "2.weight", torch.arange(4.0).reshape(1, 4, 1))
    narrow = dict(_tensors(supernet.subnet(NARROW)))
    # groups are channels 0, 1 and 2, 3; one channel of each is left
    assert narrow["0.bias"].tolist() == narrow["2.weight"].flatten().tolist() == [0, 2]
    assert narrow["1.weight"].flatten().tolist() == [0, 4]


def test_gradients_and_initial_weights_are_those_of_the_plain_network() -> None:
    torch.manual_seed(0)
    supernet = shared(qkv)
    torch.manual_seed(0)
    plain, x = qkv(WIDE), torch.randn(5, 3)
    assert_close(plain(x), supernet(x, architecture=WIDE))
    narrow, path = supernet.subnet(NARROW), supernet.path(NARROW)
    for network in (narrow, path):
        network(x).square().sum().backward()
    gradient = path.parameters["0.weight"].grad
    assert gradient is not None
    assert_close(gradient.reshape(2, 3, 3).transpose(0, 1).flatten(0, 1), narrow.get_parameter("0.weight").grad)


def test_summed_gradients_of_two_widths_are_those_of_one_wide_tensor() -> None:
    supernet = shared(qkv)
    wide, narrow, x = supernet.path(WIDE), supernet.path(NARROW), torch.randn(5, 3)
    for path in (wide, narrow):
        path(x).square().sum().backward()
    summed = dict(wide.parameters)
    _add_gradients(summed, narrow)
    found = summed["0.bias"].grad
    assert found is not None
    outputs = supernet.subnet(WIDE)(x).detach()
    expected = 2 * outputs.sum(0)
    # queries 0 and 1 of 4 are in both, and so for keys and values
    expected.view(3, 4)[:, :2] *= 2
    assert_close(found.reshape(4, 3).T.flatten(), expected)


def test_a_step_reaches_a_path_that_was_made_before() -> None:
    supernet, x = shared(qkv), torch.randn(5, 3)
    path = supernet.path(NARROW)
    before = path(x).detach()
    with torch.no_grad():
        supernet.weights()["0.bias"].add_(1)
    assert_close(path(x), before + 1)


def test_running_statistics_of_groups_move_in_the_table() -> None:
    def build(net: Net) -> nn.Module:
        return nn.Sequential(grouped(nn.Linear(3, net.width), 2), grouped(nn.BatchNorm1d(net.width), 2))

    supernet, x = shared(build).train(), torch.randn(64, 3)
    supernet(x, architecture=NARROW)
    mean = supernet.subnet(WIDE).get_buffer("1.running_mean")
    assert (mean != 0).tolist() == [True, False, True, False]


class Rotary(nn.Module):
    def __init__(self, net: Net) -> None:
        super().__init__()
        self.linear = nn.Linear(3, net.width)
        self.register_buffer("inv_freq", 1e-2 ** (torch.arange(net.width) / net.width))


def in_one_row(net: Net) -> nn.Module:
    hidden = [nn.Linear(net.width, net.width) for _ in range(net.depth - 1)]
    return nn.Sequential(nn.Linear(3, net.width), *hidden, nn.Linear(net.width, 3))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (Rotary, r"^inv_freq of a narrow network is not the leading slice .*\[1, 0\.1\] there, \[1, 0\.3162\] here"),
        (
            in_one_row,
            r"^1 has the shapes .* it is renamed with the depth; put what repeats into a Sequential of its own",
        ),
        (lambda net: nn.Sequential(nn.Conv1d(4, net.width, 1, groups=2)), "^0 is a convolution of 2 groups"),
        (lambda net: nn.Sequential(nn.Conv1d(1, 1, net.width)), r"^0 has kernels of \(2,\) and \(4,\)"),
        (lambda net: nn.Sequential(whole(nn.Linear(3, net.width))), r"^0\.weight is \(2, 3\) .* to be whole"),
        (lambda net: nn.Sequential(centred(nn.Conv1d(1, 1, net.width // 2))), r"no centre in an odd one"),
        (
            lambda net: nn.Sequential(nn.Linear(3, 8) if net.depth == 1 else nn.Conv1d(3, 8, 1)),
            r"^0\.weight is \(8, 3\) .*\(8, 3, 1\) .*different rank",
        ),
        (lambda net: nn.Sequential(nn.LazyLinear(net.width)), r"^0 \(LazyLinear\) has no shape before its first input"),
    ],
)
def test_a_name_with_two_roles_is_refused(build: Callable[[Net], nn.Module], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shared(build)


def test_groups_that_do_not_divide_a_layer_are_refused() -> None:
    with pytest.raises(ValueError, match="weight of Linear has 4 places, not 3 equal groups"):
        grouped(nn.Linear(3, 4), 3)
    with pytest.raises(ValueError, match=r"Sequential has no tensor of its own .* declare the layer inside it"):
        grouped(nn.Sequential(nn.Linear(3, 6)), 3)


class Planned(nn.Module):
    """Needs values while it is built, and keeps them as plain attributes."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.rates = torch.linspace(0, 1, net.depth + 1)
        self.most = self.rates[-1].item()
        self.linear = nn.Linear(3, net.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) * self.most + self.rates.sum()  # type: ignore[no-any-return]


def test_a_network_that_needs_values_is_built_with_storage() -> None:
    supernet, x = shared(Planned), torch.randn(5, 3)
    for net in NetSpace().enumerate():
        assert_close(supernet.subnet(net)(x), supernet(x, architecture=net))


@pytest.mark.parametrize("given", [False, True])
def test_what_is_cached_inside_build_has_values(given: bool) -> None:
    cache: dict[str, Tensor] = {}

    class Cached(nn.Module):
        def __init__(self, net: Net) -> None:
            super().__init__()
            self.linear = nn.Linear(3, net.width)
            if "offset" not in cache:
                cache["offset"] = torch.ones(1)
            self.offset = cache["offset"]

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x) + self.offset  # type: ignore[no-any-return]

    weights = shared(Cached).table.state_dict() if given else None
    cache.clear()
    supernet = Supernet(Cached, NetSpace(), weights)
    assert_close(supernet(torch.zeros(1, 3), architecture=NARROW), supernet.subnet(NARROW)(torch.zeros(1, 3)))


def test_a_cache_without_values_is_named() -> None:
    class Cached(nn.Module):
        def __init__(self, net: Net) -> None:
            super().__init__()
            self.linear = nn.Linear(3, net.width)
            self.offset = torch.ones(1, device="meta")

    with pytest.raises(ValueError, match=r"the tensor `offset` of module itself \(Cached\) has no values"):
        shared(Cached)
