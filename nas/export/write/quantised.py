"""ONNX programs with weights of 8 bits: dynamic quantisation by ONNX Runtime, which needs the program alone.

Weights of matrix products are rounded beforehand, activations as they come; all else stays in float32.
"""

import logging
from pathlib import Path

PRODUCTS = ["MatMul", "Gemm"]


def write_int8(program: Path, path: Path) -> None:
    """Write the ONNX program with weights of 8 bits."""
    from onnxruntime.quantization import quantize_dynamic

    before = logging.root.manager.disable
    # it asks for a preparation that changes nothing in programs whose shapes are known
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(program, path, op_types_to_quantize=PRODUCTS)
    finally:
        logging.disable(before)
