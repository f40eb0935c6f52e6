"""The checks of an export: all forms of the network compute the same, and its quality is the one that was recorded.

A check that fails is an error with its numbers; then nothing is written.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nas.export.read.config import WEIGHTS
from nas.export.read.onnx_model import OnnxModel
from nas.runs.records import Retrained
from nas.runs.run import Run
from nas.supernet.train import trained_supernet
from nas.system.devices import default_device, device_name, threads
from nas.tasks.base import Task

SAME = 1e-5
"""Most that the same operators may differ."""
PROGRAM = 1e-4
"""Most that an exported program may differ from the network, in float32."""
QUALITY = 1e-5
"""Most that the recorded quality may differ, as a share of it or of 1, measured on the same device again."""
ELSEWHERE = 5e-3
"""The same on another device, or by weights of half precision: sums come out otherwise in their last digits, and a few
examples with them."""

CHECKED = {"examples": 32, "tokens": 2_000}
"""How much of the search split is computed in every form, as batches count."""


def real_inputs(task: Task, longest: int | None) -> list[tuple[Tensor, ...]]:
    """Inputs of the search split: its first batch, its last, and one example, since sizes are free in all forms.

    Args:
        longest: Most tokens that the network is made for; batches with more are left out.
    """
    batches = (batch.inputs for batch in task.batches("search", CHECKED[task.batch_unit]))
    fitting = (inputs for inputs in batches if longest is None or max(x.shape[1] for x in inputs) <= longest)
    first = last = next(fitting)
    for inputs in fitting:
        last = inputs
    return [first, last, tuple(x[:1] for x in last)]


def check_slices(run: Run, architecture: Any, inputs: list[tuple[Tensor, ...]]) -> float | None:
    """How far the subnet with weights cut out of the supernet is from its path through it; None without a supernet.

    Raises: ValueError if they differ.
    """
    if not run.has_supernet():
        return None
    supernet = trained_supernet(run).cpu()
    sliced = supernet.subnet(architecture).eval()
    difference = largest_difference(sliced, supernet.path(architecture).train(False), inputs)
    check_difference("the network's path through the supernet", difference, SAME)
    return difference


def check_weights(
    task: Task, architecture: Any, weights: dict[str, Tensor], loaded: nn.Module, inputs: list[tuple[Tensor, ...]]
) -> float:
    """How far the reloaded network is from the retrained one. Raises: ValueError if they differ."""
    network = task.build(architecture)
    network.load_state_dict(weights)
    difference = largest_difference(network.eval(), loaded, inputs)
    check_difference(WEIGHTS, difference, SAME)
    return difference


def largest_difference(network: Any, other: Callable[..., Any], inputs: list[tuple[Tensor, ...]]) -> float:
    with torch.no_grad():
        return max(float((network(*x) - other(*x)).abs().max()) for x in inputs)


def check_difference(what: str, difference: float, most: float) -> None:
    """Raises: ValueError if it is more, or no number."""
    if not difference <= most:
        raise ValueError(f"{what} differs from the retrained network by {difference:.3g}, more than {most:g}")


def check_size(folder: Path, weights: dict[str, Tensor]) -> int:
    """Bytes of the file of weights: 4 for each number, and its header.

    Raises: ValueError if it has others.
    """
    path = folder / WEIGHTS
    size, numbers = path.stat().st_size, sum(tensor.numel() for tensor in weights.values())
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    if size != header + 4 * numbers:
        what = f"{numbers:,} numbers of 4 bytes and a header of {header:,}"
        raise ValueError(f"{path.name} has {size:,} bytes, which are not {what}")
    return size


def check_quality(run: Run, result: Retrained, network: nn.Module) -> float:
    """The quality on the search split, measured again. Raises: ValueError if it is not what was recorded."""
    quality, task = run.experiment.quality, run.experiment.task
    # as it was measured after the training
    with threads(1):
        found = quality(task, network.to(default_device()), "search")
    network.cpu()
    half, same = run.has_half_weights(result), result.device == device_name()
    most = (QUALITY if same and not half else ELSEWHERE) * max(1.0, abs(result.search_quality))
    if not abs(found - result.search_quality) <= most:
        where = "the same device" if same else f"{device_name()} instead of {result.device}"
        what = f"{quality.name} {found:.6g} on the search split, where {result.search_quality:.6g} was recorded"
        raise ValueError(
            f"the reloaded network {result.id} has {what}, on {where}{' in half precision' if half else ''}"
        )
    return found


class OnnxNetwork(nn.Module):
    """ONNX programs in the place of a network, for what evaluates networks."""

    def __init__(self, model: OnnxModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.from_numpy(self.model(*arrays(inputs)))


def arrays(inputs: tuple[Tensor, ...]) -> Iterator[np.ndarray[Any, Any]]:
    return (x.numpy() for x in inputs)
