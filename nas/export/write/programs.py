"""Networks as programs that need no code of this package: PyTorch's exported programs (.pt2) and ONNX.

Batch sizes are free, and of translations the lengths too, up to the longest that the network is made for; images have
the one size of the network. A translation network is one exported program, which scores a whole target at once; as ONNX
it is two, since a service encodes a source once and then asks the decoder again and again.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from nas.models.seq2seq import UNKNOWN, Seq2Seq

OPSET = 25
"""Of ONNX: the newest that torch's exporter writes and ONNX Runtime runs."""
MOST_EXAMPLES = 65_536

BATCH = 2
TOKENS = (7, 9)
"""Sizes with which programs are traced; they must differ, and not be 1, which would be taken for a constant."""


@dataclass(frozen=True)
class Program:
    """A module and how its inputs may vary."""

    name: str
    module: nn.Module
    inputs: tuple[Any, ...]
    shapes: tuple[Any, ...]
    """Of each input, its free dimensions."""
    input_names: Sequence[str]
    output_names: Sequence[str]


class _Encoder(nn.Module):
    def __init__(self, network: Seq2Seq) -> None:
        super().__init__()
        self.network = network

    def forward(self, source_BS: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.states(source_BS))


class _Decoder(nn.Module):
    def __init__(self, network: Seq2Seq) -> None:
        super().__init__()
        self.network = network

    def forward(self, source_BS: Tensor, target_BT: Tensor, states: tuple[Tensor, ...]) -> Tensor:
        return self.network.decode(source_BS, states, target_BT)


def whole(network: nn.Module, example: tuple[Tensor, ...], longest: int | None) -> Program:
    """The network as one program.

    Args:
        example: Inputs of batch 1 of the network's kind.
        longest: Tokens of a sentence, of a translation network.
    """
    batch = Dim("batch", max=MOST_EXAMPLES)
    if not isinstance(network, Seq2Seq):
        images = example[0].expand(BATCH, *[-1] * (example[0].dim() - 1)).contiguous()
        return Program("model", network, (images,), ({0: batch},), ["images"], ["scores"])
    source, target = _sentences()
    shapes = ({0: batch, 1: Dim("source", max=longest)}, {0: batch, 1: Dim("target", max=longest)})
    return Program("model", network, (source, target), shapes, ["source", "target"], ["scores"])


def parts(network: nn.Module, example: tuple[Tensor, ...], longest: int | None) -> list[Program]:
    """The network as programs that run one after another, as `whole`."""
    if not isinstance(network, Seq2Seq):
        return [whole(network, example, longest)]
    source, target = _sentences()
    with torch.no_grad():
        states = tuple(network.states(source))
    names = [f"states_{number}" for number in range(len(states))]
    batch, tokens = Dim("batch", max=MOST_EXAMPLES), Dim("source", max=longest)
    sources, targets = {0: batch, 1: tokens}, {0: batch, 1: Dim("target", max=longest)}
    return [
        Program("encoder", _Encoder(network), (source,), (sources,), ["source"], names),
        Program(
            "decoder",
            _Decoder(network),
            (source, target, states),
            (sources, targets, (sources,) * len(states)),
            ["source", "target", *names],
            ["scores"],
        ),
    ]


def _sentences() -> tuple[Tensor, Tensor]:
    source, target = (torch.full((BATCH, tokens), UNKNOWN) for tokens in TOKENS)
    return source, target


def exported(program: Program) -> ExportedProgram:
    """The program of torch.export."""
    module = program.module.eval().requires_grad_(False)
    with torch.no_grad():
        found = torch.export.export(module, program.inputs, dynamic_shapes=program.shapes)
    for graph in found.graph_module.modules():
        for node in graph.graph.nodes if isinstance(graph, torch.fx.GraphModule) else ():
            # lines of code with the paths of this machine
            node.meta.pop("stack_trace", None)
    return found


def write_pt2(program: Program, path: Path) -> None:
    torch.export.save(exported(program), path)


def read_pt2(path: Path) -> nn.Module:
    """The program as a module, which runs without the code of this package."""
    return torch.export.load(path).module()


def write_onnx(program: Program, path: Path) -> None:
    """Raises: ValueError if what was written is no valid ONNX."""
    import onnx

    with _quiet():
        written = torch.onnx.export(
            exported(program),
            (),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(program.input_names),
            output_names=list(program.output_names),
            verbose=False,
        )
    assert written is not None
    model = written.model_proto
    _name_dimensions(model.graph, program)
    for node in model.graph.node:
        # three quarters of a small file, and of use to authors of exporters alone
        node.ClearField("metadata_props")
    onnx.save(model, path)
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except onnx.checker.ValidationError as error:
        raise ValueError(f"{path} is no valid ONNX: {error}") from error


def _name_dimensions(graph: Any, program: Program) -> None:
    """Free dimensions are called as in the program, not by the letters and numbers that the exporter gives them."""
    names: dict[str, str] = {}
    shapes = [shape for each in program.shapes for shape in (each if isinstance(each, tuple) else (each,))]
    for value, free in zip(graph.input, shapes, strict=True):
        for place, dimension in free.items():
            names[value.type.tensor_type.shape.dim[place].dim_param] = dimension.__name__
    for value in [*graph.input, *graph.output]:
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = names.get(size.dim_param, size.dim_param)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the notes of exporters, which are for their authors."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
