"""An export's network as a function from arrays to arrays, by ONNX Runtime or torch; without torch where possible."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from nas.export.read.config import AGAIN, Config, one_line
from nas.export.read.onnx_model import Array, OnnxModel

Backend = Literal["onnx", "int8", "torch"]
"""ONNX Runtime in float32 or with weights of 8 bits, or PyTorch."""


def scores_of(config: Config, backend: Backend | None) -> Callable[..., Array]:
    """The network as a function of its inputs, batch first.

    Args:
        backend: Computes the network; None: ONNX Runtime where it is there and the export has a program, else torch.

    Raises: ValueError if the export has no such form, or what computes it is not installed.
    """
    by_onnx = bool(config.onnx_files("float32"))
    backend = backend or ("onnx" if by_onnx and find_spec("onnxruntime") else "torch")
    if backend != "torch":
        return OnnxModel(config, "int8" if backend == "int8" else "float32")
    if not find_spec("torch"):
        found = "onnxruntime" if by_onnx else "torch"
        raise ValueError(f"{config.folder} is run by torch, which is not installed: pip install {found}")
    return _by_torch(config.folder)


def likeliest(scores_C: Array, names: Sequence[str]) -> tuple[str, float]:
    """The name of the class with the highest score, and its probability.

    Raises: ValueError if the scores are not finite, or not one for each name.
    """
    if scores_C.shape != (len(names),):
        raise ValueError(f"the network gives scores of shape {scores_C.shape} for {len(names)} classes")
    if not np.isfinite(scores_C).all():
        raise ValueError("the network gives scores that are no finite numbers; its weights are damaged")
    weights_C = np.exp(scores_C - scores_C.max())
    place = int(weights_C.argmax())
    return names[place], float(weights_C[place] / weights_C.sum())


def _by_torch(folder: Path) -> Callable[..., Array]:
    # here and not above: ONNX Runtime needs no torch
    import torch

    from nas.export.read.network import open_export
    from nas.system.devices import default_device

    network = open_export(folder).network.to(default_device())

    def scores(*inputs: Array) -> Array:
        try:
            with torch.no_grad():
                found: Array = network(*(torch.from_numpy(x).to(default_device()) for x in inputs)).cpu().numpy()
        except RuntimeError as error:
            raise ValueError(f"{folder} cannot take its inputs: {one_line(error)}; {AGAIN}") from error
        return found

    return scores
