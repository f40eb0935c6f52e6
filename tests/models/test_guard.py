"""Where numbers that are not finite come from: found in the layer that makes them, and named with its kind."""

import math

import pytest
import torch

from nas.models.attention.base import attention_kinds
from nas.models.guard import NotFinite, first_not_finite, guarded
from nas.models.vision import VisionTransformer
from nas.search_space import Architecture, Block, Stack

IMAGES = torch.randn(2, 1, 4, 4)


def network(kind: str) -> VisionTransformer:
    """Two layers of softmax around one of the kind."""
    torch.manual_seed(0)
    blocks = tuple(Block(name, 2, 8, 16) for name in ("softmax", kind, "softmax"))
    return VisionTransformer(
        Architecture(Stack(12, blocks)),
        image_size=4,
        in_channels=1,
        num_classes=3,
        patch_size=1,
        tokenizer="patch",
        pooling="mean",
        drop_path=0.0,
    )


@pytest.mark.parametrize("kind", attention_kinds())
def test_a_finite_network_is_left_as_it_was(kind):
    model = network(kind)
    assert first_not_finite(model, (IMAGES,)) is None
    with guarded(model):
        inside = model(IMAGES)
    assert torch.equal(inside, model(IMAGES))
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("kind", attention_kinds())
def test_a_layer_whose_values_overflow_is_named_with_its_kind(kind):
    model = network(kind)
    # values of 1e38 times a weight of 1e30 leave float32
    model.blocks[1].attention.projections.v.weight.data.fill_(1e38)
    model.blocks[1].attention_norm.weight.data.fill_(1e30)
    where = first_not_finite(model, (IMAGES,))
    assert where is not None
    assert where.startswith("blocks.1.attention.projections.v (attention kind ")
    assert kind in where


def test_a_mixer_is_named_if_its_inputs_were_finite():
    model = network("linear")
    mixer = model.blocks[1].attention.linear
    mixer.features = lambda x: x / 0
    said = r"blocks\.1\.attention\.linear \(attention kind linear\): its inputs reach"
    with pytest.raises(NotFinite, match=said), guarded(model):
        model(IMAGES)


def test_a_weight_that_is_not_finite_is_named():
    model = network("lrpe")
    model.blocks[2].ffn.up.bias.data[3] = math.nan
    assert first_not_finite(model, (IMAGES,)) == "blocks.2.ffn.up: its bias is not finite"


def test_inputs_that_are_not_finite_are_named():
    assert first_not_finite(network("linear"), (IMAGES / 0,)) == "the inputs"
