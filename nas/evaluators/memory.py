"""Peak activation memory: the most bytes that tensors of one inference hold at the same time.

Each operator's outputs are seen as they are made, and their storages followed until they are freed; views hold nothing
of their own. So the figure is exact for the operators as PyTorch runs them on a CPU in float32, where fused attention
keeps no N x N matrix, and knows neither an allocator's rounding nor a kernel's workspace. What exists before (weights,
buffers, tables that a module keeps) does not count.
"""

import weakref
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nas.evaluators.pieces import measuring, piece_values
from nas.tasks.base import Task


def peak_memory_bytes(module: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """Most bytes of live activations during `module(*inputs)`; the inputs are alive from the beginning to the end."""
    with measuring():
        # once before, so that tables made at the first call exist and do not count
        module(*inputs)
        storages = LiveStorages()
        for x in inputs:
            storages.follow(x)
        with storages:
            module(*inputs)
    return storages.peak_bytes


@dataclass(frozen=True)
class PeakMemory:
    """Peak activation memory of one inference at batch 1.

    Pieces run one after the other and a piece's input lives while it runs: the network's peak is the most of any piece.
    """

    name = "peak_memory"
    unit = "bytes"
    measured = False

    def __call__(self, task: Task, architecture: Any) -> float:
        return float(max(piece_values(peak_memory_bytes, task, architecture)))


class LiveStorages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows every storage that operators make while the mode is on; tensors on `meta` have none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak_bytes = 0
        self._live_bytes = 0
        self._followed: dict[int, weakref.ref[torch.UntypedStorage]] = {}
        # kept alive, so that no new storage takes the address of one that does not count
        self._given: dict[int, torch.UntypedStorage] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor) and _address(leaf) not in self._followed:
                self._given[_address(leaf)] = leaf.untyped_storage()
        outputs = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(outputs):
            if isinstance(leaf, Tensor):
                self.follow(leaf)
        return outputs

    def follow(self, tensor: Tensor) -> None:
        """Count the tensor's storage from now until it is freed, unless it is known already."""
        if tensor.is_meta:
            return
        storage, address = tensor.untyped_storage(), _address(tensor)
        if address in self._given or address in self._followed:
            return
        size = storage.nbytes()

        def freed(_: Any) -> None:
            self._live_bytes -= size
            del self._followed[address]

        self._followed[address] = weakref.ref(storage, freed)
        self._live_bytes += size
        self.peak_bytes = max(self.peak_bytes, self._live_bytes)


def _address(tensor: Tensor) -> int:
    """Address of the storage itself, not of its data, which is null for empty storages."""
    return int(tensor.untyped_storage()._cdata)
