"""Networks as programs that need no code of this package: PyTorch's exported programs (.pt2) and ONNX.

A model family's row says what its programs are and which sizes of their inputs are free; batch sizes always are.
Weights of 8 bits are ONNX Runtime's dynamic quantisation, which needs the program alone: weights of matrix products are
rounded beforehand, activations as they come; all else stays in float32.
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

OPSET = 25
"""The newest version of ONNX that torch's exporter writes and ONNX Runtime runs."""
MOST_EXAMPLES = 65_536
BATCH = 2
"""Examples with which programs are traced; 1 would be taken for a constant."""
PRODUCTS = ["MatMul", "Gemm"]
"""Operators whose weights get 8 bits."""


@dataclass(frozen=True)
class Program:
    """A module and how its inputs may vary."""

    name: str
    module: nn.Module
    inputs: tuple[Any, ...]
    shapes: tuple[Any, ...]
    """The free dimensions of each input."""
    input_names: Sequence[str]
    output_names: Sequence[str]


def batched(network: nn.Module, example: tuple[Tensor, ...], input_names: Sequence[str]) -> Program:
    """The network as one program whose inputs have one size each and any batch.

    Args:
        example: Inputs of batch 1.
    """
    inputs = tuple(x.expand(BATCH, *[-1] * (x.dim() - 1)).contiguous() for x in example)
    batch = Dim("batch", max=MOST_EXAMPLES)
    return Program("model", network, inputs, ({0: batch},) * len(inputs), input_names, ["scores"])


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


def write_int8(program: Path, path: Path) -> None:
    """Write an ONNX program with weights of 8 bits."""
    from onnxruntime.quantization import quantize_dynamic

    # it asks for a preparation that changes nothing in programs whose shapes are known
    with _quiet():
        quantize_dynamic(program, path, op_types_to_quantize=PRODUCTS)


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
