"""A run's weights in one file that is small enough for git; half precision where that is enough.

Groups of tensors lie in one safetensors file, each under its name and a slash: `supernet`, `<id>/<arm>-<seed>`.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from nas.system.tensors import read_tensors, write_tensors

SUPERNET = "supernet"
"""The group of the shared weights."""


def halved(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights rounded to float16; integers and flags stay."""
    return {name: each.half() if each.dtype == torch.float32 else each for name, each in weights.items()}


def restored(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same as float32."""
    return {name: each.float() if each.dtype == torch.float16 else each for name, each in weights.items()}


class PackedWeights:
    """The packed file of a run, which may not be there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, groups: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Replace the file by these groups."""
        tensors = {f"{group}/{name}": each for group, own in groups.items() for name, each in own.items()}
        write_tensors(self.path, tensors, {"format": "pt"})

    def has(self, group: str) -> bool:
        return bool(self._own(group))

    def is_half(self, group: str) -> bool:
        """Whether the group was rounded to float16."""
        return any(each.dtype == torch.float16 for each in self._own(group).values())

    def read(self, group: str) -> dict[str, Tensor]:
        """The group's weights in float32; empty if it has none. Raises: ValueError if the file is damaged."""
        return restored(self._own(group))

    def _own(self, group: str) -> dict[str, Tensor]:
        if not self.path.is_file():
            return {}
        tensors, _ = read_tensors(self.path, f"{group}/")
        return {name.removeprefix(f"{group}/"): each for name, each in tensors.items()}
