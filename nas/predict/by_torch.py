"""An export's network as a function from arrays to arrays, computed by torch."""

from collections.abc import Callable
from pathlib import Path

import torch

from nas.devices import default_device
from nas.exported.network import load
from nas.exported.onnx_model import Array


def scores_by_torch(folder: Path) -> Callable[[Array], Array]:
    """Raises: ValueError if there is no export."""
    network = load(folder).to(default_device())

    def scores(inputs: Array) -> Array:
        with torch.no_grad():
            found: Array = network(torch.from_numpy(inputs).to(default_device())).cpu().numpy()
        return found

    return scores
