"""AdamW whose state is a table like the weights, so that a step can move leading slices alone.

What lies outside the slices takes no step, no decay and no averaging. With slices that are whole tensors it is plain
AdamW, and plain networks are trained with the same class.

Source: Loshchilov and Hutter 2019, arXiv:1711.05101; the update itself is PyTorch's.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from nas.training.settings import Training

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """Moves tensors by their gradients; `weights` names every tensor, at its largest shape."""

    def __init__(self, weights: Mapping[str, Tensor], training: Training) -> None:
        self.training = training
        self.mean = {name: torch.zeros_like(tensor, requires_grad=False) for name, tensor in weights.items()}
        self.square = {name: torch.zeros_like(tensor, requires_grad=False) for name, tensor in weights.items()}
        self.steps = {name: torch.zeros(()) for name in weights}
        self._slices: dict[tuple[str, torch.Size], tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def step(self, parameters: Mapping[str, Tensor], learning_rate: float) -> float:
        """One update of the parameters that have a gradient, each a leading slice of the weight of its name.

        Returns: The norm of the gradient before clipping.
        """
        moved = {name: tensor for name, tensor in parameters.items() if tensor.grad is not None}
        norm = torch.nn.utils.clip_grad_norm_(moved.values(), self.training.clip_norm)
        for decayed in (True, False):
            names = [name for name, tensor in moved.items() if (tensor.dim() > 1) == decayed]
            self._update(names, moved, learning_rate, self.training.weight_decay if decayed else 0.0)
        return float(norm)

    def _update(self, names: list[str], moved: Mapping[str, Tensor], learning_rate: float, weight_decay: float) -> None:
        if not names:
            return
        tensors = [moved[name] for name in names]
        gradients = [tensor.grad for tensor in tensors if tensor.grad is not None]
        averages = [self._averages(name, moved[name].shape) for name in names]
        adamw(
            tensors,
            gradients,
            [mean for mean, _ in averages],
            [square for _, square in averages],
            [],
            [self.steps[name] for name in names],
            foreach=tensors[0].is_cuda,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=learning_rate,
            weight_decay=weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def _averages(self, name: str, shape: torch.Size) -> tuple[Tensor, Tensor]:
        """The leading slices of mean and square; made once for a shape, since making them is not free."""
        found = self._slices.get((name, shape))
        if found is None:
            mean, square = self.mean[name], self.square[name]
            found = mean.as_strided(shape, mean.stride()), square.as_strided(shape, square.stride())
            self._slices[name, shape] = found
        return found

    def state(self) -> dict[str, Tensor]:
        """All state as named tensors, for a checkpoint."""
        tables = {"mean": self.mean, "square": self.square, "steps": self.steps}
        return {f"{table}/{name}": tensor for table, tensors in tables.items() for name, tensor in tensors.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over the state that `state` gave. Raises: ValueError if it is another table's."""
        own = self.state()
        if own.keys() != tensors.keys() or any(own[name].shape != tensor.shape for name, tensor in tensors.items()):
            raise ValueError("the optimizer state belongs to a network of other weights")
        for name, tensor in tensors.items():
            own[name].copy_(tensor)
