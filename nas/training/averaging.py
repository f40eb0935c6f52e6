"""Averages of a training's last weights, as translation models are usually read.

Source: Vaswani et al. 2017, arXiv:1706.03762, section 6.1, where they are called averaged checkpoints.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from nas.training.settings import Training


class SnapshotMean:
    """Sums weights at the last steps of a training, `average_every` apart."""

    def __init__(self, training: Training) -> None:
        steps = (training.steps - number * training.average_every for number in range(training.average))
        self.steps = frozenset(step for step in steps if step > 0)
        """Numbers of finished steps after which the weights are taken."""
        self._sums: dict[str, Tensor] = {}
        self._taken = 0

    def take(self, finished: int, weights: Mapping[str, Tensor]) -> None:
        """Add the weights, if it is time."""
        if finished not in self.steps:
            return
        for name, tensor in weights.items():
            total = self._sums.setdefault(name, torch.zeros_like(tensor, dtype=torch.float64))
            total += tensor.detach()
        self._taken += 1

    def put(self, weights: Mapping[str, Tensor]) -> dict[str, int]:
        """Give the weights their mean; returns what to say of it."""
        if not self._taken:
            return {}
        with torch.no_grad():
            for name, total in self._sums.items():
                weights[name].copy_(total / self._taken)
        return {"averaged_snapshots": self._taken}

    def state(self) -> dict[str, Tensor]:
        return {"taken": torch.tensor(self._taken), **self._sums} if self._taken else {}

    def load(self, state: dict[str, Tensor]) -> None:
        state = dict(state)
        self._taken = int(state.pop("taken", torch.tensor(0)))
        self._sums = state
