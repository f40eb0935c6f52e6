"""The plain Vision Transformer: shapes, names, slices, drop-path, pieces."""

import itertools

import pytest
import torch
from torch.testing import assert_close

from nas.models.attention.base import Site, attention_kinds
from nas.models.blocks import TransformerBlock
from nas.models.vision import VisionTransformer, vision_pieces
from nas.search_space import Architecture, Block, Stack
from tests.calls import python_calls

ENDS = {
    "image_size": 8,
    "in_channels": 3,
    "num_classes": 10,
    "patch_size": 2,
    "tokenizer": "conv",
    "pooling": "mean",
}
SMALL = Architecture(Stack(12, (Block("softmax", 1, 4, 16), Block("lrpe", 2, 4, 20))))
LARGE = Architecture(Stack(20, (Block("softmax", 3, 4, 24), Block("lrpe", 3, 4, 32), Block("linear", 2, 4, 24))))
MIXED = Architecture(Stack(12, tuple(Block(kind, 2, 4, 16) for kind in attention_kinds())))


def network(architecture: Architecture = MIXED, drop_path: float = 0.0, **ends: object) -> VisionTransformer:
    torch.manual_seed(0)
    return VisionTransformer(architecture, **{**ENDS, **ends}, drop_path=drop_path)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


ALL_ENDS = list(itertools.product(("patch", "conv"), ("mean", "class_token"), (1, 2, 4, 8)))


@pytest.mark.parametrize(("tokenizer", "pooling", "patch_size"), ALL_ENDS)
def test_images_become_class_scores(tokenizer, pooling, patch_size):
    model = network(tokenizer=tokenizer, pooling=pooling, patch_size=patch_size)
    images = torch.randn(2, 3, 8, 8)
    assert model(images).shape == (2, 10)
    assert model.stem(images).shape == (2, (8 // patch_size) ** 2 + (pooling == "class_token"), 12)


def test_parameter_count_equals_the_formula():
    embed_dim, ffn_dim, width, tokens = 12, 16, 1 * 4, 16
    attention = 4 * embed_dim * width + 3 * width + embed_dim
    ffn = 2 * embed_dim * ffn_dim + ffn_dim + embed_dim
    block = attention + ffn + 2 * 2 * embed_dim
    stem = 3 * 2 * 2 * embed_dim + embed_dim + tokens * embed_dim
    head = 2 * embed_dim + embed_dim * 10 + 10
    architecture = Architecture(Stack(embed_dim, (Block("softmax", 1, 4, ffn_dim),) * 3))
    assert count(network(architecture, tokenizer="patch")) == stem + 3 * block + head


@pytest.mark.parametrize(("tokenizer", "pooling", "patch_size"), ALL_ENDS)
def test_tensors_of_a_smaller_network_fit_into_those_of_a_larger_one(tokenizer, pooling, patch_size):
    ends = {"tokenizer": tokenizer, "pooling": pooling, "patch_size": patch_size}
    small, large = network(SMALL, **ends).state_dict(), network(LARGE, **ends).state_dict()
    assert set(small) <= set(large)
    for name, tensor in small.items():
        assert tensor.dim() == large[name].dim()
        assert all(most >= size for most, size in zip(large[name].shape, tensor.shape, strict=True)), name


def test_what_belongs_to_a_kind_lies_under_its_name():
    names = set(network(SMALL).blocks[1].attention.state_dict())
    projections = {f"{name}.{part}" for name in "qkvo" for part in ("weight", "bias")}
    own = {"lrpe.core.angles.theta", "lrpe.basis.v", "lrpe.norm.weight", "lrpe.norm.bias"}
    assert names == own | {f"projections.{name}" for name in projections}
    separate = network(SMALL, projections="separate").blocks[1].attention.state_dict()
    assert set(separate) == own | {f"lrpe_projections.{name}" for name in projections}


def test_settings_of_a_kind_are_in_the_name_of_its_weights():
    architecture = Architecture(Stack(12, (Block("fixation(of=lrpe(core=mixed),gate=unshared)", 2, 8, 16),)))
    kinds = {name.split(".")[0] for name in network(architecture).blocks[0].attention.state_dict()}
    assert kinds == {"projections", "fixation_of_lrpe_core_mixed_gate_unshared"}


def test_projections_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="no projections 'mine'; there are: shared, separate"):
        network(projections="mine")


@pytest.mark.parametrize("kind", attention_kinds())
def test_a_head_whose_output_is_not_read_changes_nothing(kind):
    """Rows h*K..(h+1)*K of q, k and v are head h, as are the columns of o; LRPE's norm alone reads all heads."""
    torch.manual_seed(0)
    one, two = (TransformerBlock(8, Block(kind, num_heads, 4, 8), Site((2, 3))) for num_heads in (1, 2))
    slices = {
        name: two.state_dict()[name][tuple(map(slice, tensor.shape))] for name, tensor in one.state_dict().items()
    }
    one.load_state_dict(slices)
    two.attention.projections.o.weight.data[:, 4:] = 0
    if kind == "lrpe":
        # a norm over both heads; sums of values as they are
        for block in (one, two):
            block.attention.lrpe.finish = lambda mixed: mixed
    x = torch.randn(2, 6, 8)
    assert_close(one(x), two(x))


def test_drop_path_is_off_in_evaluation():
    with_drop, without = network(drop_path=0.5).eval(), network(drop_path=0.0)
    images = torch.randn(4, 3, 8, 8)
    assert_close(with_drop(images), without(images), rtol=0, atol=0)


def test_drop_path_leaves_out_whole_branches_of_single_samples_and_keeps_the_mean():
    torch.manual_seed(0)
    block = TransformerBlock(4, Block("softmax", 1, 4, 4), Site((2,)), drop_path=0.25)
    x, branch = torch.zeros(20_000, 2, 4), torch.ones(20_000, 2, 4)
    added = block._add(x, branch)
    assert (added == added[:, :1, :1]).all()
    assert_close(added.unique(), torch.tensor([0, 1 / 0.75]))
    # standard error: sqrt(0.25 / 0.75 / 20,000) = 0.004
    assert added.mean().item() == pytest.approx(1, abs=0.02)


def test_drop_path_grows_with_depth():
    rates = [block.drop_path for block in network(drop_path=0.3).blocks]
    last = len(rates) - 1
    assert rates == pytest.approx([0.3 * index / last for index in range(last + 1)])


@pytest.mark.parametrize(("tokenizer", "pooling", "patch_size"), ALL_ENDS)
def test_pieces_are_the_network(tokenizer, pooling, patch_size):
    ends = {**ENDS, "tokenizer": tokenizer, "pooling": pooling, "patch_size": patch_size}
    model, pieces = network(**ends), vision_pieces(MIXED, **ends)
    modules = [piece.build() for piece in pieces]
    parts = [model.stem, *model.blocks, model.head]
    x = images = torch.randn(1, 3, 8, 8)
    for piece, module, part in zip(pieces, modules, parts, strict=True):
        module.load_state_dict(part.state_dict())
        assert piece.shapes == (x.shape,)
        x = module(x)
    assert_close(x, model(images))
    assert sum(map(count, modules)) == count(model)


def test_pieces_have_equal_keys_exactly_where_they_are_equal():
    stem, *blocks, head = (piece.key for piece in vision_pieces(MIXED, **ENDS))
    assert len({stem, *blocks, head}) == 2 + len(attention_kinds())
    assert vision_pieces(Architecture(Stack(12, MIXED.encoder.blocks[::-1])), **ENDS)[1].key == blocks[-1]
    for changed in ({"image_size": 16}, {"pooling": "class_token"}, {"patch_size": 4}):
        assert not {stem, *blocks, head} & {piece.key for piece in vision_pieces(MIXED, **{**ENDS, **changed})}
    wider = vision_pieces(Architecture(Stack(16, MIXED.encoder.blocks)), **ENDS)
    assert not {stem, *blocks, head} & {piece.key for piece in wider}


def test_pieces_of_twelve_layers_build_no_network():
    architecture = Architecture(Stack(96, tuple(Block("linear", 6, 16, 192 + layer) for layer in range(12))))
    assert python_calls(lambda: vision_pieces(architecture, **ENDS)) < 100


@pytest.mark.parametrize("pooling", ["mean", "class_token"])
def test_network_made_as_a_shape_equals_the_one_made_directly(pooling):
    real = network(pooling=pooling)
    with torch.device("meta"):
        shape = network(pooling=pooling)
    assert all(tensor.is_meta for tensor in shape.state_dict().values())
    images = torch.randn(2, 3, 8, 8)
    weights = {**dict(real.named_parameters()), **dict(real.named_buffers())}
    assert_close(torch.func.functional_call(shape, weights, (images,)), real(images), rtol=0, atol=0)


def test_equal_seeds_give_equal_networks():
    assert_close(network().state_dict(), network().state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"patch_size": 3}, "8 x 8 pixels cannot be cut into patches of 3"),
        ({"patch_size": 0}, "patches of 0"),
        ({"image_size": 9, "patch_size": 3}, "patch_size needs a power of 2, found 3"),
        ({"tokenizer": "convolution"}, "no tokenizer 'convolution'; there are: patch, conv"),
        ({"pooling": "max"}, "no pooling 'max'; there are: mean, class_token"),
        ({"drop_path": 1.0}, "at least 0 and below 1, found 1.0"),
    ],
)
def test_a_mistake_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        network(**changed)
