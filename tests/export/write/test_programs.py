"""Exported programs and ONNX compute what a network computes; every attention kind is in `test_every_variant`."""

import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from nas.export.families import family_named
from nas.export.read.config import Config, onnx_file
from nas.export.read.onnx_model import OnnxModel
from nas.export.write.checks import PROGRAM, OnnxNetwork, largest_difference
from nas.export.write.programs import OPSET, Program, read_pt2, write_onnx, write_pt2
from nas.models.seq2seq import PAD, Seq2Seq
from nas.models.vision import VisionTransformer
from nas.search_space import Architecture, Block, Stack
from nas.search_space.seq2seq import CrossAttention, Decoder, DecoderBlock, SelfAttention, Seq2SeqArchitecture

LONGEST = 100
SETTINGS = {"longest": LONGEST}


def image_network(kinds: Sequence[str]) -> nn.Module:
    settings = {"image_size": 8, "in_channels": 1, "num_classes": 10, "patch_size": 2, "drop_path": 0.0}
    architecture = Architecture(Stack(32, tuple(Block(kind, 2, 16, 8) for kind in kinds)))
    return away(VisionTransformer(architecture, pooling="class_token", tokenizer="patch", **settings))


def text_network(encoder: Sequence[str], decoder: Sequence[str], across: Sequence[str], seen: int) -> nn.Module:
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
    """Pairs of sentences: one token, equal and other lengths, with padding, and as long as may be."""
    return [
        (sentences(source), sentences(target))
        for source, target in (([1], [1]), ([5], [5]), ([9, 4, 1], [3, 7, 2]), ([70, 3], [LONGEST, 5]))
    ]


def sentences(lengths: list[int]) -> Tensor:
    tokens = torch.randint(4, 40, (len(lengths), max(lengths)))
    for row, length in enumerate(lengths):
        tokens[row, length:] = PAD
    return tokens


def family_name(network: nn.Module) -> str:
    return "seq2seq" if isinstance(network, Seq2Seq) else "vision_transformer"


def whole(network: nn.Module, example: tuple[Tensor, ...]) -> Program:
    programs = family_named(family_name(network)).programs
    assert programs is not None
    return programs.whole(network, example, SETTINGS)


def parts(network: nn.Module, example: tuple[Tensor, ...]) -> list[Program]:
    programs = family_named(family_name(network)).programs
    assert programs is not None
    return programs.for_onnx(network, example, SETTINGS)


def of_pt2(network: nn.Module, inputs: list[tuple[Tensor, ...]], folder: Path) -> float:
    example = tuple(x[:1] for x in inputs[0])
    write_pt2(whole(network, example), folder / "model.pt2")
    return largest_difference(network, read_pt2(folder / "model.pt2"), inputs)


def of_onnx(network: nn.Module, inputs: list[tuple[Tensor, ...]], folder: Path) -> float:
    for program in parts(network, tuple(x[:1] for x in inputs[0])):
        write_onnx(program, folder / onnx_file(program.name, "float32"))
    return largest_difference(network, OnnxNetwork(OnnxModel(config(network, folder))), inputs)


def config(network: nn.Module, folder: Path) -> Config:
    files = {path.name: {"sha256": sha256(path.read_bytes()).hexdigest()} for path in folder.iterdir()}
    return Config(folder, {"family": family_name(network), "files": files})


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_programs_of_an_image_network_compute_what_it_computes_for_any_batch(tmp_path: Path) -> None:
    network = image_network(["lrpe"])
    assert of_pt2(network, images(), tmp_path) <= PROGRAM
    assert of_onnx(network, images(), tmp_path) <= PROGRAM


@pytest.fixture(scope="module")
def translation(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """A network whose decoder layers see two encoder layers, and a folder with its programs."""
    folder = tmp_path_factory.mktemp("translation")
    torch.manual_seed(0)
    network = text_network(["softmax_relative", "lrpe"], ["linear"], ["cosformer"], seen=2)
    for program in parts(network, ()):
        write_onnx(program, folder / onnx_file(program.name, "float32"))
    write_pt2(whole(network, ()), folder / "model.pt2")
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
        "states_1": ["batch", "source", 32],
        "scores": ["batch", "target", 40],
    }
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]


def test_programs_name_no_path_of_this_machine(translation: tuple[nn.Module, Path]) -> None:
    for path in translation[1].iterdir():
        contents = path.read_bytes()
        assert b"seq2seq.py" not in contents, path.name
        assert str(Path.cwd()).encode() not in contents, path.name


@pytest.mark.slow
def test_an_exported_program_needs_no_code_of_this_package(classifier: Path) -> None:
    alone = "import sys; sys.modules['nas'] = None; import torch; "
    alone += f"program = torch.export.load({str(classifier / 'model.pt2')!r}).module(); "
    alone += "print(*program(torch.zeros(5, 1, 8, 8)).shape)"
    done = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "5 10\n"), done.stderr
