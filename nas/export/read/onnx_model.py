"""An export's ONNX programs, run by ONNX Runtime on the CPU; without torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nas.export.read.config import AGAIN, Config, Precision, one_line

Array = np.ndarray[Any, Any]

QUIET = 3
"""ONNX Runtime's level of messages: errors alone."""


class OnnxModel:
    """The network as programs that run one after another: each gets the inputs, then what the one before returned."""

    def __init__(self, config: Config, precision: Precision = "float32", threads: int | None = None) -> None:
        """
        Args:
            threads: Of the processor; None leaves it to ONNX Runtime.

        Raises: ValueError if the export has no such programs, one is damaged, or ONNX Runtime is not installed.
        """
        names = config.onnx_files(precision)
        if not names:
            asked = " --int8" if precision == "int8" else ""
            what = "ONNX program" if precision == "float32" else f"ONNX program of {precision}"
            raise ValueError(f"{config.folder} has no {what}; write it with nas export RUN ID{asked}")
        self.paths = [config.file(name) for name in names]
        self.sessions = [_session(path, threads) for path in self.paths]

    def __call__(self, *inputs: Array) -> Array:
        """The scores that the network gives. Raises: ValueError if the programs do not take such inputs."""
        given: Sequence[Array] = ()
        for path, session in zip(self.paths, self.sessions, strict=True):
            names = [each.name for each in session.get_inputs()]
            taken = [*inputs[: len(names) - len(given)], *given]
            try:
                given = session.run(None, dict(zip(names, taken, strict=True)))
            # its errors have no class in common
            except Exception as error:
                raise ValueError(f"{path} cannot take its inputs: {one_line(error)}; {AGAIN}") from error
        return given[0]


def _session(path: Path, threads: int | None) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(f"{path} is run by ONNX Runtime, which is not installed: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    if threads is not None:
        options.intra_op_num_threads = options.inter_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # its errors have no class in common
    except Exception as error:
        what = f"{path} cannot be run by ONNX Runtime {onnxruntime.__version__} ({one_line(error)})"
        raise ValueError(f"{what}; {AGAIN}") from error
