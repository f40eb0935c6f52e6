"""An export's network as a function from arrays to arrays, computed by torch."""

from collections.abc import Callable
from pathlib import Path

import torch

from nas.export.read.network import load
from nas.export.read.onnx_model import Array
from nas.system.devices import default_device


def scores_by_torch(folder: Path) -> Callable[[Array], Array]:
    """Raises: ValueError if there is no export."""
    network = load(folder).to(default_device())

    def scores(inputs: Array) -> Array:
        with torch.no_grad():
            found: Array = network(torch.from_numpy(inputs).to(default_device())).cpu().numpy()
        return found

    return scores
