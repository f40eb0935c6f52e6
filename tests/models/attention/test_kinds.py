"""Each attention kind against the quadratic form of its definition, in float64, forward and gradient."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from nas.models.attention.base import AttentionKind, attention_kinds, build_attention

GRIDS = ((7,), (3, 4), (2, 3, 2))


def phi(x: Tensor) -> Tensor:
    return torch.where(x > 0, x + 1, x.exp())


def softmax_twin(kind: AttentionKind, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1) @ v


def linear_twin(kind: AttentionKind, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    weights = phi(q) @ phi(k).mT
    return weights / weights.sum(-1, keepdim=True) @ v


def cosformer_twin(kind: AttentionKind, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    n = torch.arange(1.0, q.shape[-2] + 1, dtype=q.dtype)
    weights = q.relu() @ k.relu().mT * torch.cos(math.pi / 2 * (n[:, None] - n) / len(n))
    # a query or all keys may have no feature above zero
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-6) @ v


def lrpe_scores(kind: AttentionKind, q: Tensor, k: Tensor, positions: Tensor) -> Tensor:
    """Scores from one K x K matrix a token: positions is (N, axes)."""
    head_dim = q.shape[-1]
    unit = kind.v / kind.v.norm()
    reflect = torch.eye(head_dim, dtype=q.dtype) - 2 * torch.outer(unit, unit)
    pairs = head_dim // 2
    matrices = []
    for position in positions:
        rotation = torch.zeros(head_dim, head_dim, dtype=q.dtype)
        for j in range(pairs):
            angle = position[j % len(position)] * kind.theta[j]
            rotation[j, j], rotation[j, pairs + j] = angle.cos(), -angle.sin()
            rotation[pairs + j, j], rotation[pairs + j, pairs + j] = angle.sin(), angle.cos()
        matrices.append(rotation @ reflect)
    matrix = torch.stack(matrices)
    return torch.einsum("nij,bhnj->bhni", matrix, phi(q)) @ torch.einsum("nij,bhnj->bhni", matrix, phi(k)).mT


def lrpe_twin(kind: AttentionKind, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    positions = list(map(list, torch.cartesian_prod(*map(torch.arange, kind.grid)).reshape(-1, len(kind.grid))))
    if q.shape[-2] > len(positions):
        positions = [[0] * len(kind.grid), *([int(x) + 1 for x in cell] for cell in positions)]
    mixed = lrpe_scores(kind, q, k, torch.tensor(positions, dtype=q.dtype)) @ v
    joined = torch.cat(mixed.unbind(1), -1)
    normed = (joined - joined.mean(-1, keepdim=True)) / (joined.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()
    normed = normed * kind.norm.weight + kind.norm.bias
    return torch.stack(normed.split(q.shape[-1], -1), 1)


TWINS = {"softmax": softmax_twin, "linear": linear_twin, "cosformer": cosformer_twin, "lrpe": lrpe_twin}


def randomised(kind: AttentionKind) -> AttentionKind:
    """The same kind in float64, away from its initial values."""
    for parameter in kind.double().parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return kind


def inputs(batch: int, num_heads: int, length: int, head_dim: int) -> list[Tensor]:
    """Queries, keys and values laid out as a block lays them out: heads side by side in each token."""
    x = torch.randn(3, batch, length, num_heads, head_dim, dtype=torch.float64)
    return [part.transpose(1, 2).requires_grad_() for part in x]


@settings(deadline=None, max_examples=12)
@given(
    name=st.sampled_from(sorted(TWINS)),
    grid=st.sampled_from(GRIDS),
    batch=st.integers(1, 3),
    num_heads=st.integers(1, 3),
    groups=st.integers(1, 3),
    class_token=st.booleans(),
    seed=st.integers(0, 999),
)
def test_kind_equals_its_quadratic_form(name, grid, batch, num_heads, groups, class_token, seed):
    torch.manual_seed(seed)
    head_dim = 2 * len(grid) * groups
    kind = randomised(build_attention(name, num_heads, head_dim, grid))
    leaves = inputs(batch, num_heads, math.prod(grid) + class_token, head_dim)
    leaves_and_parameters = [*leaves, *kind.parameters()]
    actual, expected = kind(*leaves), TWINS[name](kind, *leaves)
    assert_close(actual, expected)
    direction = torch.randn_like(expected)
    assert_close(
        torch.autograd.grad(actual, leaves_and_parameters, direction),
        torch.autograd.grad(expected, leaves_and_parameters, direction),
    )


def test_every_kind_of_the_folder_has_a_twin():
    assert set(attention_kinds()) <= set(TWINS)


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"'sofmax'.*cosformer, linear, lrpe, softmax"):
        build_attention("sofmax", 2, 4, (4,))


@pytest.mark.parametrize("name", attention_kinds())
def test_inputs_are_left_as_they_were(name):
    leaves = inputs(2, 2, 12, 8)
    copies = [x.detach().clone() for x in leaves]
    build_attention(name, 2, 8, (3, 4)).double()(*leaves)
    assert_close([x.detach() for x in leaves], copies, rtol=0, atol=0)


@pytest.mark.parametrize("name", attention_kinds())
def test_sums_under_autocast_keep_their_digits(name):
    torch.manual_seed(0)
    # 4,096 keys with features up to 11
    rounded = [x.bfloat16() for x in 10 * torch.rand(3, 1, 2, 4096, 8)]
    kind = build_attention(name, 2, 8, (64, 64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        reduced = kind(*rounded)
    # the same inputs: what differs is the mixing, the features (8 bits) and the rounding of the outputs (8 bits)
    assert_close(reduced.float(), kind(*(x.float() for x in rounded)), rtol=2**-7, atol=2**-7)


@pytest.mark.parametrize("name", attention_kinds())
def test_sums_beyond_float16_stay_finite(name):
    # 4,096 keys with features of 11 sum to 45,056, and their 8 products with queries of 11 to far more than 65,504
    leaves = torch.full((3, 1, 2, 4096, 8), 10.0)
    kind = build_attention(name, 2, 8, (64, 64))
    with torch.autocast("cpu", dtype=torch.float16):
        assert kind(*leaves.half()).isfinite().all()


@pytest.mark.parametrize("name", attention_kinds())
def test_outputs_are_of_the_type_of_the_values(name):
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        leaves = torch.randn(3, 1, 2, 12, 8, dtype=dtype)
        assert build_attention(name, 2, 8, (3, 4)).to(dtype)(*leaves).dtype == dtype


@pytest.mark.parametrize("axis", [0, 1])
def test_lrpe_scores_depend_on_relative_position_only(axis):
    torch.manual_seed(0)
    grid, num_heads, head_dim = (5, 6), 2, 8
    kind = randomised(build_attention("lrpe", num_heads, head_dim, grid))
    # the same query and the same key everywhere
    q, k = (x.expand(1, num_heads, 30, head_dim) for x in torch.randn(2, 1, num_heads, 1, head_dim).double())
    # without the norm and with values that name their key, the outputs are the scores
    kind.norm = torch.nn.Identity()
    scores = torch.cat([kind(q, k, v) for v in one_key_at_a_time(num_heads, 30, head_dim)], -1)
    scores = scores[0, :, :, :30].unflatten(-1, grid).unflatten(1, grid)
    query, key, shifted_query, shifted_key = ([1, 2], [3, 1], [1, 2], [3, 1])
    shifted_query[axis] += 1
    shifted_key[axis] += 1
    original = scores[:, query[0], query[1], key[0], key[1]]
    assert_close(scores[:, shifted_query[0], shifted_query[1], shifted_key[0], shifted_key[1]], original)
    assert not torch.allclose(scores[:, shifted_query[0], shifted_query[1], key[0], key[1]], original)


def one_key_at_a_time(num_heads: int, length: int, head_dim: int) -> Tensor:
    """Values that pass the scores of `head_dim` keys a call."""
    calls = -(-length // head_dim)
    values = torch.eye(length, calls * head_dim, dtype=torch.float64).unflatten(-1, (calls, head_dim))
    return values.transpose(0, 1)[:, None, None].expand(-1, 1, num_heads, -1, -1)


def test_lrpe_tells_the_cells_of_an_anti_diagonal_apart():
    kind = build_attention("lrpe", 1, 8, (3, 3))
    cells = kind._positions(9, torch.float32) * kind.theta
    assert not torch.allclose(cells[1], cells[3])  # cells (0, 1) and (1, 0)


def test_lrpe_gives_every_axis_the_same_frequencies():
    # pairs 0 and 1, then 2 and 3: 10000 ** (-2 * 2 * turn / 8)
    assert_close(build_attention("lrpe", 1, 8, (3, 3)).theta.data, torch.tensor([1, 1, 0.01, 0.01]))
    # one axis: 10000 ** (-2 * j / 8)
    assert_close(build_attention("lrpe", 1, 8, (9,)).theta.data, torch.tensor([1, 0.1, 0.01, 0.001]))


def test_lrpe_refuses_heads_that_do_not_split_and_lengths_that_are_not_the_grids():
    with pytest.raises(ValueError, match="2 axes needs a head_dim that divides by 4, found 6"):
        build_attention("lrpe", 2, 6, (3, 3))
    with pytest.raises(ValueError, match="9 or 10 tokens, found 8"):
        build_attention("lrpe", 2, 4, (3, 3))(*torch.randn(3, 1, 2, 8, 4))


@pytest.mark.parametrize("name", attention_kinds())
def test_a_kind_made_as_a_shape_runs_on_weights_from_elsewhere(name):
    real = build_attention(name, 2, 8, (3, 4))
    with torch.device("meta"):
        shape = build_attention(name, 2, 8, (3, 4))
    leaves = torch.randn(3, 2, 2, 12, 8)
    assert_close(torch.func.functional_call(shape, real.state_dict(), tuple(leaves)), real(*leaves), rtol=0, atol=0)


@pytest.mark.parametrize("name", attention_kinds())
def test_training_after_inference_mode_works(name):
    kind = build_attention(name, 2, 8, (3, 4))
    leaves = torch.randn(3, 2, 2, 12, 8)
    with torch.inference_mode():
        kind(*leaves)
    leaves.requires_grad_()
    kind(*leaves).sum().backward()
    assert leaves.grad is not None
