"""Exported programs and ONNX compute what the network computes, of every attention kind."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path

import onnx
import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor, nn

from nas.export.checks import PROGRAM, OnnxNetwork, largest_difference
from nas.export.programs import OPSET, parts, read_pt2, whole, write_onnx, write_pt2
from nas.exported.config import Config, onnx_file
from nas.exported.onnx_model import OnnxModel
from nas.models.attention import attention_kinds
from nas.models.seq2seq import PAD, Seq2Seq
from nas.models.vision import VisionTransformer
from nas.search_space import Architecture, Block, Stack
from nas.search_space.seq2seq import CrossAttention, Decoder, DecoderBlock, SelfAttention, Seq2SeqArchitecture
from tests.models.attention.variants import CAUSAL, CROSS, VARIANTS, sites

LONGEST = 100
TOGETHER = 8
"""Layers of a network, each of another kind: exporting takes a second a network and some tenths a layer."""


def groups(kinds: list[str]) -> list[tuple[str, ...]]:
    return [tuple(kinds[first : first + TOGETHER]) for first in range(0, len(kinds), TOGETHER)]


ON_IMAGES = [str(kind) for kind in VARIANTS if 2 in sites(kind)]
# on one axis it makes no difference whether axes share channels
ON_TEXTS = [str(kind) for kind in VARIANTS if 1 in sites(kind) and "shared" not in str(kind)]
DECODING = [str(kind) for kind in VARIANTS if "causal" in sites(kind).get(1, ()) and "shared" not in str(kind)]


def image_network(kinds: Sequence[str]) -> nn.Module:
    settings = {"image_size": 8, "in_channels": 1, "num_classes": 10, "patch_size": 2, "drop_path": 0.0}
    architecture = Architecture(Stack(32, tuple(Block(kind, 2, 16, 8) for kind in kinds)))
    return away(VisionTransformer(architecture, pooling="class_token", tokenizer="patch", **settings))


def text_network(encoder: Sequence[str], decoder: Sequence[str], across: Sequence[str], seen: int = 1) -> nn.Module:
    """Every decoder layer sees so many encoder layers."""
    blocks = tuple(
        DecoderBlock(SelfAttention(own, 2, 16), CrossAttention(other, 2, 16, seen), 8)
        for own, other in zip(decoder, across, strict=True)
    )
    stack = Stack(32, tuple(Block(kind, 2, 16, 8) for kind in encoder))
    architecture = Seq2SeqArchitecture(stack, Decoder(24, blocks))
    return away(Seq2Seq(architecture, vocabulary=40, longest=LONGEST, dropout=0.0))


def away(network: nn.Module) -> nn.Module:
    """Away from initial values, in evaluation mode."""
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return network.eval()


def images() -> list[tuple[Tensor, ...]]:
    return [(torch.randn(size, 1, 8, 8),) for size in (1, 3)]


def texts() -> list[tuple[Tensor, ...]]:
    """Of one token, of equal and other lengths, with padding, and as long as may be."""
    return [
        (sentences(source), sentences(target))
        for source, target in (([1], [1]), ([5], [5]), ([9, 4, 1], [3, 7, 2]), ([70, 3], [LONGEST, 5]))
    ]


def sentences(lengths: list[int]) -> Tensor:
    tokens = torch.randint(4, 40, (len(lengths), max(lengths)))
    for row, length in enumerate(lengths):
        tokens[row, length:] = PAD
    return tokens


def of_pt2(network: nn.Module, inputs: list[tuple[Tensor, ...]], folder: Path) -> float:
    example = tuple(x[:1] for x in inputs[0])
    write_pt2(whole(network, example, LONGEST), folder / "model.pt2")
    return largest_difference(network, read_pt2(folder / "model.pt2"), inputs)


def of_onnx(network: nn.Module, inputs: list[tuple[Tensor, ...]], folder: Path) -> float:
    for program in parts(network, tuple(x[:1] for x in inputs[0]), LONGEST):
        write_onnx(program, folder / onnx_file(program.name, "float32"))
    return largest_difference(network, OnnxNetwork(OnnxModel(config(network, folder))), inputs)


def config(network: nn.Module, folder: Path) -> Config:
    files = {path.name: {"sha256": sha256(path.read_bytes()).hexdigest()} for path in folder.iterdir()}
    family = "seq2seq" if isinstance(network, Seq2Seq) else "vision_transformer"
    return Config(folder, {"family": family, "files": files})


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_the_kinds_that_are_tried_are_all_kinds() -> None:
    for tried in (ON_IMAGES, ON_TEXTS, DECODING):
        assert {kind.split("(")[0] for kind in tried} == set(attention_kinds())


def test_programs_of_an_image_network_compute_what_it_computes_for_any_batch(tmp_path: Path) -> None:
    network = image_network(["lrpe"])
    assert of_pt2(network, images(), tmp_path) <= PROGRAM
    assert of_onnx(network, images(), tmp_path) <= PROGRAM


@pytest.fixture(scope="module")
def translation(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """A network of one layer each, and a folder with its programs."""
    folder = tmp_path_factory.mktemp("translation")
    torch.manual_seed(0)
    network = text_network(["softmax_relative"], ["linear"], ["cosformer"])
    for program in parts(network, (), LONGEST):
        write_onnx(program, folder / onnx_file(program.name, "float32"))
    write_pt2(whole(network, (), LONGEST), folder / "model.pt2")
    return network, folder


def test_programs_of_a_translation_network_compute_what_it_computes_for_any_length(
    translation: tuple[nn.Module, Path],
) -> None:
    network, folder = translation
    assert largest_difference(network, read_pt2(folder / "model.pt2"), texts()) <= PROGRAM
    assert largest_difference(network, OnnxNetwork(OnnxModel(config(network, folder))), texts()) <= PROGRAM


def test_an_onnx_program_names_its_inputs_and_free_dimensions(translation: tuple[nn.Module, Path]) -> None:
    model = onnx.load(translation[1] / "decoder.onnx")
    found = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    assert found == {
        "source": ["batch", "source"],
        "target": ["batch", "target"],
        "states_0": ["batch", "source", 32],
        "scores": ["batch", "target", 40],
    }
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]


def test_programs_name_no_path_of_this_machine(translation: tuple[nn.Module, Path]) -> None:
    for path in translation[1].iterdir():
        contents = path.read_bytes()
        assert b"seq2seq.py" not in contents, path.name
        assert str(Path.cwd()).encode() not in contents, path.name


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kinds", groups(ON_IMAGES))
def test_every_variant_is_exported_on_images(kinds: tuple[str, ...], tmp_path: Path) -> None:
    network = image_network(kinds)
    assert of_pt2(network, images(), tmp_path) <= PROGRAM
    assert of_onnx(network, images(), tmp_path) <= PROGRAM


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kinds", groups(ON_TEXTS))
def test_every_variant_is_exported_as_an_encoder(kinds: tuple[str, ...], tmp_path: Path) -> None:
    network = text_network(kinds, ["softmax"], ["softmax"])
    encoder, _ = parts(network, (), LONGEST)
    write_onnx(encoder, tmp_path / "encoder.onnx")
    session = InferenceSession(tmp_path / "encoder.onnx")
    write_pt2(encoder, tmp_path / "encoder.pt2")
    program = read_pt2(tmp_path / "encoder.pt2")
    for source, _ in texts():
        with torch.no_grad():
            (expected,) = network.states(source)
            # what stands at padding is of no meaning
            kept = source != PAD
            assert (program(source)[0] - expected)[kept].abs().max() <= PROGRAM
        (found,) = session.run(None, {"source": source.numpy()})
        assert (torch.from_numpy(found) - expected)[kept].abs().max() <= PROGRAM


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kinds", groups(DECODING))
def test_every_variant_is_exported_as_a_decoder(kinds: tuple[str, ...], tmp_path: Path) -> None:
    network = text_network(["softmax"], kinds, ["softmax"] * len(kinds))
    assert of_pt2(network, texts(), tmp_path) <= PROGRAM


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kinds_that_differ_most_are_exported_as_decoders_by_onnx(tmp_path: Path) -> None:
    kinds = [kind for kind in CAUSAL if "=" not in kind or "complex" in kind or "permutation" in kind]
    across = [kind for kind in CROSS if kind in kinds or "across" in kind]
    network = text_network(["softmax", "linear"], kinds, list(islice(cycle(across), len(kinds))), seen=2)
    assert of_onnx(network, texts(), tmp_path) <= PROGRAM
