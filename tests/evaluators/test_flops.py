"""Every expected number is a product of sizes written out beside the check; one multiply-add is 1."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from nas.evaluators.flops import Flops, count_flops
from nas.models.attention.base import Site, attention_kinds, build_attention
from nas.models.vision import VisionTransformer
from nas.search_space import Architecture, Block, SearchSpace, Stack, presets
from nas.tasks.digits import Digits

SIZES = st.integers(1, 7)


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def flops_of(function, *shapes: tuple[int, ...]) -> int:
    return count_flops(Call(function), tuple(torch.randn(shape) for shape in shapes))


@given(SIZES, SIZES, SIZES, SIZES)
def test_matrix_products_cost_the_product_of_their_sizes(b, n, m, k):
    assert flops_of(torch.matmul, (n, k), (k, m)) == n * k * m
    assert flops_of(torch.bmm, (b, n, k), (b, k, m)) == b * n * k * m
    assert flops_of(lambda x, y: x @ y.mT, (b, 2, n, k), (b, 2, m, k)) == b * 2 * n * k * m
    assert flops_of(torch.addmm, (m,), (n, k), (k, m)) == n * k * m
    assert flops_of(torch.baddbmm, (b, n, m), (b, n, k), (b, k, m)) == b * n * k * m
    assert flops_of(F.linear, (b, n, k), (m, k), (m,)) == b * n * k * m
    assert flops_of(torch.mv, (n, k), (k,)) == n * k
    assert flops_of(torch.dot, (k,), (k,)) == k


def test_broadcast_matrix_product_counts_every_output():
    assert flops_of(torch.matmul, (5, 6), (3, 2, 6, 4)) == 3 * 2 * 5 * 6 * 4


def test_equal_products_count_each_time():
    assert flops_of(lambda x, y: x @ y + x @ y, (3, 4), (4, 5)) == 2 * 3 * 4 * 5


@given(SIZES, SIZES, SIZES, SIZES)
def test_attention_costs_both_of_its_products(heads, queries, keys, head_dim):
    q, k, v = (1, heads, queries, head_dim), (1, heads, keys, head_dim), (1, heads, keys, head_dim)
    assert flops_of(F.scaled_dot_product_attention, q, k, v) == 2 * heads * queries * keys * head_dim


def test_attention_written_out_costs_the_same_as_fused():
    def written_out(q, k, v):
        return (q @ k.mT / 8**0.5).softmax(-1) @ v

    shapes = ((2, 3, 10, 8), (2, 3, 12, 8), (2, 3, 12, 8))
    assert (
        flops_of(written_out, *shapes) == flops_of(F.scaled_dot_product_attention, *shapes) == 2 * 2 * 3 * 10 * 12 * 8
    )


@pytest.mark.parametrize(
    ("equation", "shapes", "expected"),
    [
        ("bhnk,bhmk->bhnm", ((2, 3, 5, 7), (2, 3, 6, 7)), 2 * 3 * 5 * 6 * 7),
        ("bhnk, bhnf -> bhkf", ((2, 3, 5, 7), (2, 3, 5, 4)), 2 * 3 * 5 * 7 * 4),
        ("ij,jk", ((9999, 101), (101, 3)), 9999 * 101 * 3),
        ("ij,jk->k", ((5, 6), (6, 7)), 6 * 7),
        ("ij,ij->ij", ((5, 6), (5, 6)), 0),
        ("ij->ji", ((5, 6),), 0),
    ],
)
def test_einsum(equation, shapes, expected):
    assert flops_of(lambda *xs: torch.einsum(equation, *xs), *shapes) == expected


@pytest.mark.parametrize("equation", ["ij,jk,kl->il", "...j,jk->...k"])
def test_einsum_without_a_formula_is_refused(equation):
    with pytest.raises(ValueError, match="no FLOPs formula for einsum"):
        flops_of(lambda *xs: torch.einsum(equation, *xs), *[(3, 3)] * (equation.count(",") + 1))


def test_convolutions_cost_their_taps_at_every_place():
    images = torch.randn(2, 6, 9, 9)
    places = 5 * 5  # (9 + 2 * 1 - 3) / 2 + 1 = 5 along either side
    assert count_flops(nn.Conv2d(6, 8, 3, stride=2, padding=1), (images,)) == 2 * 8 * places * 6 * 9
    assert count_flops(nn.Conv2d(6, 8, 3, stride=2, padding=1, groups=2), (images,)) == 2 * 8 * places * 3 * 9
    assert count_flops(nn.Conv2d(6, 8, 3, padding="same"), (images,)) == 2 * 8 * 81 * 6 * 9
    assert count_flops(nn.ConvTranspose2d(6, 8, 3, stride=2), (images,)) == 2 * 6 * 81 * 8 * 9
    assert count_flops(nn.Conv1d(6, 8, 5), (torch.randn(2, 6, 9),)) == 2 * 8 * 5 * 6 * 5


def test_normalisation_and_activations_are_negligible():
    layers = nn.Sequential(nn.LayerNorm(8), nn.GELU(), nn.BatchNorm1d(5), nn.Softmax(-1), nn.Dropout(), nn.RMSNorm(8))
    assert count_flops(layers, (torch.randn(2, 5, 8),)) == 0


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x @ x

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError


@torch.jit.script
def scripted(x: Tensor) -> Tensor:
    return x @ x


@pytest.mark.parametrize(
    ("function", "operator"),
    [
        (lambda x: torch.fft.fft(x).real, "aten::fft_fft"),
        (lambda x: x.cumsum(-1), "aten::cumsum"),
        (torch.linalg.inv, "aten::linalg_inv"),
        (Doubled.apply, "prim::PythonOp.Doubled"),
        (scripted, "prim::CallFunction"),
    ],
)
def test_unknown_operator_is_an_error(function, operator):
    with pytest.raises(ValueError, match=r"add a handle or list it as negligible in flops\.py$") as found:
        flops_of(function, (4, 4))
    assert f"no FLOPs formula for operator {operator!r}" in str(found.value)


@pytest.mark.parametrize(
    ("embed_dim", "ffn_dim", "heads", "weights", "flops", "rounded"),
    [(512, 2048, 8, 44_040_192, 1_337_794_560, 1.34e9), (1024, 4096, 16, 176_160_768, 5_318_000_640, 5.32e9)],
)
def test_transformer_of_30_to_30_tokens(embed_dim, ffn_dim, heads, weights, flops, rounded):
    """Base and big without embeddings and output layer; HAT (arXiv:2005.14187) reports 176 M and 10.6 G = 2 * 5.3 G."""
    with torch.device("meta"):
        shapes = nn.Transformer(embed_dim, heads, 6, 6, ffn_dim, batch_first=True).eval()
    matrices = sum(p.numel() for p in shapes.parameters() if p.dim() == 2)
    # per layer 4 D*D for each of the 6 + 6 + 6 attentions, 2 D*F for each of the 6 + 6 feed-forward networks
    assert matrices == 18 * 4 * embed_dim**2 + 12 * 2 * embed_dim * ffn_dim == weights
    # every weight meets each of the 30 tokens; 18 attentions of 2*N*M*D
    assert weights * 30 + 18 * 2 * 30 * 30 * embed_dim == flops
    assert flops == pytest.approx(rounded, rel=2e-3)

    tokens = torch.zeros(1, 30, embed_dim)
    model = shapes.to_empty(device="cpu")
    assert count_flops(model, (tokens, tokens)) == flops


HEADS = (6, 6, 5, 7, 5, 5, 5, 6, 6, 7, 7, 6, 7)
RATIOS = (3.0, 3.5, 3.0, 3.5, 4, 4, 4, 4, 4, 4, 4, 3.5, 4)
N, D, K = 197, 384, 64


@pytest.mark.parametrize(
    ("kind", "mixing_per_head", "rounded"),
    [
        ("softmax", 2 * N * N * K, 4.77e9),
        ("linear", 2 * N * K * K + N * K, 4.51e9),
        ("cosformer", 2 * N * 2 * K * K + N * 2 * K, 4.64e9),
        # one product with the reflection's vector for each of q and k
        ("lrpe", 2 * N * K * K + 2 * N * K, 4.51e9),
    ],
)
def test_autoformer_small_on_imagenet(kind, mixing_per_head, rounded):
    """The architecture that AutoFormer-S found, 224 x 224 pixels in patches of 16 with a class token, 1,000 classes."""
    blocks = tuple(Block(kind, heads, K, int(ratio * D)) for heads, ratio in zip(HEADS, RATIOS, strict=True))
    with torch.device("meta"):
        shapes = VisionTransformer(
            Architecture(Stack(D, blocks)),
            image_size=224,
            in_channels=3,
            num_classes=1000,
            patch_size=16,
            tokenizer="patch",
            pooling="class_token",
            drop_path=0.0,
        )
    patches = 196 * 3 * 16 * 16 * D
    projections = 4 * N * D * K * 78  # 78 heads in all layers
    feed_forward = 2 * N * D * D * 97 // 2  # ratios of 48.5 in all layers
    classes = D * 1000
    expected = patches + projections + feed_forward + classes + 78 * mixing_per_head
    assert expected == pytest.approx(rounded, abs=0.5e7)
    assert count_flops(shapes.to_empty(device="cpu").eval(), (torch.zeros(1, 3, 224, 224),)) == expected


HEADS_OF_MIXER = 3


def full_products(n: int, features: int, k: int, normalised: bool) -> int:
    """Keys with values, queries with that, and each query with the sum of the keys, per head."""
    return 2 * n * features * k + normalised * n * features


def causal_products(n: int, features: int, k: int, normalised: bool) -> int:
    """Of all heads: inside chunks of at most 64 both products, between them all that is carried on."""
    chunks = -(-n // 64)
    size = -(-n // chunks)
    everywhere = HEADS_OF_MIXER * chunks
    inside = everywhere * size * size * (features + k)
    # every chunk adds to the sums; all but the very first read them
    carried = everywhere * size * features * k + (everywhere - 1) * size * features * (k + normalised)
    return inside + (carried if chunks > 1 else 0)


MIXING = {
    # text: features of a query or key at head width k, whether means are taken, and what comes before, per head
    "linear": (lambda k: k, True, lambda n, k: 0),
    "linear(feature_map=relu)": (lambda k: k, True, lambda n, k: 0),
    "cosformer": (lambda k: 2 * k, True, lambda n, k: 0),
    # queries and keys each meet the reflection's vector
    "lrpe": (lambda k: k, False, lambda n, k: 2 * n * k),
    "lrpe(core=mixed)": (lambda k: k, False, lambda n, k: 2 * n * k),
    "lrpe(core=permutation,basis=odd_even)": (lambda k: k, False, lambda n, k: 0),
    "lrpe(core=complex,basis=identity)": (lambda k: 2 * k, False, lambda n, k: 0),
    # queries and keys each meet a matrix
    "lrpe(basis=dct)": (lambda k: k, False, lambda n, k: 2 * n * k * k),
    "lrpe(core=complex,basis=fourier)": (lambda k: 2 * k, False, lambda n, k: 2 * n * k * 2 * k),
    # a gate reads features of query and key, and the value
    "fixation": (lambda k: k, True, lambda n, k: 3 * n * k * k),
    "fixation(gate=unshared)": (lambda k: k, True, lambda n, k: 2 * 3 * n * k * k),
    "fixation(of=cosformer)": (lambda k: 2 * k, True, lambda n, k: 3 * n * k * k),
}


def flops_of_mixer(kind: str, k: int, n: int, site: Site) -> int:
    return count_flops(build_attention(kind, HEADS_OF_MIXER, k, site), tuple(torch.randn(3, 1, HEADS_OF_MIXER, n, k)))


@pytest.mark.parametrize("kind", MIXING)
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 130, 197])
def test_linear_kinds_cost_what_their_products_cost(kind, n):
    k = 8
    features, normalised, before = MIXING[kind]
    full = HEADS_OF_MIXER * (before(n, k) + full_products(n, features(k), k, normalised))
    assert flops_of_mixer(kind, k, n, Site((n,))) == full
    causal = HEADS_OF_MIXER * before(n, k) + causal_products(n, features(k), k, normalised)
    assert flops_of_mixer(kind, k, n, Site((n,), causal=True)) == causal


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n", [1, 2, 64, 65, 197])
def test_softmax_kinds_cost_every_pair_of_tokens_causal_or_not(n, causal):
    k, clip = 8, 5
    pairs = 2 * HEADS_OF_MIXER * n * n * k
    assert flops_of_mixer("softmax", k, n, Site((n,), causal)) == pairs
    # each query meets the vector of every distance
    lookup = HEADS_OF_MIXER * n * (2 * clip + 1) * k
    assert flops_of_mixer(f"softmax_relative(clip={clip})", k, n, Site((n,), causal)) == pairs + lookup


@pytest.mark.parametrize("extra", [0, 1])
def test_relative_keys_of_an_image_are_looked_up_along_both_axes_for_all_but_the_class_token(extra):
    rows, columns, k = 5, 6, 8
    n = rows * columns + extra
    lookups = 2 * HEADS_OF_MIXER * rows * columns * (2 * 14 + 1) * k
    found = flops_of_mixer("softmax_relative", k, n, Site((rows, columns)))
    assert found == 2 * HEADS_OF_MIXER * n * n * k + lookups


def test_every_kind_has_its_formula_here():
    assert {kind.split("(")[0] for kind in MIXING} | {"softmax", "softmax_relative"} == set(attention_kinds())


@pytest.mark.parametrize("kind", attention_kinds())
@pytest.mark.parametrize(
    "preset",
    [
        presets.tiny,
        presets.small,
        presets.autoformer_tiny,
        presets.autoformer_small,
        presets.mixformer_cifar10,
    ],
)
def test_sum_over_pieces_is_the_whole_network_s_count(preset, kind):
    space: SearchSpace = preset((kind,))
    architecture = space.sample(np.random.default_rng(0))
    task = Digits(patch_size=2)
    assert Flops()(task, architecture) == count_flops(task.build(architecture).eval(), task.example_inputs())


@pytest.mark.parametrize("seed", range(5))
def test_sum_over_pieces_of_mixed_kinds_and_other_ends(seed):
    architecture = presets.tiny().sample(np.random.default_rng(seed))
    task = Digits(patch_size=1 + seed % 2, tokenizer="conv", pooling="class_token" if seed % 3 else "mean")
    assert Flops()(task, architecture) == count_flops(task.build(architecture).eval(), task.example_inputs())


def test_count_leaves_torch_s_generator_and_fused_layers_as_they_were():
    layers = nn.Sequential(nn.Linear(3, 3), nn.Dropout()).train()
    state, fused = torch.get_rng_state(), torch.backends.mha.get_fastpath_enabled()
    count_flops(layers, (torch.zeros(2, 3),))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.backends.mha.get_fastpath_enabled() == fused


def test_a_message_is_short_whatever_the_trace_holds():
    class Many(nn.Module):
        """Keeps slices of its parameter, which a trace cannot hold."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(200, 200))
            self.kept = self.weight[:100]

        def forward(self, x):
            return x @ self.kept

    with pytest.raises(ValueError, match="cannot be traced") as caught:
        count_flops(Many(), (torch.randn(1, 100),))
    assert len(str(caught.value)) < 500


def test_a_layer_without_a_shape_is_named():
    with pytest.raises(ValueError, match=r"^0 \(LazyLinear\) has no shape before its first input"):
        count_flops(nn.Sequential(nn.LazyLinear(3)), (torch.randn(1, 4),))
