"""LRPE's Lambda: what a position does to the features, so that products of two depend on their distance alone.

Source: Qin et al. 2023, arXiv:2307.09270, section 3.3.
Shapes: B batch, H heads, N tokens, K head width, J angles, A axes of the grid; positions are NA, or B1NA where samples
differ.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from nas.models.attention.parts.phases import turned, turns, with_phases
from nas.models.attention.parts.precision import at_least_float32

Core = Literal["rotation", "mixed", "permutation", "complex"]
Axes = Literal["split", "shared"]

BASE = 10_000.0
PERMUTATION_SEED = 0


class Angles(nn.Module):
    """Position times frequency, NJ; frequency j is 10000^(-2 turn / width).

    Split, the axes take turns over the angles, so that each has fast and slow ones; shared, every angle turns by the
    sum of all axes' positions, which is what turning by one axis after the other comes to.
    """

    theta: Tensor | None

    def __init__(self, count: int, width: int, axes: int, learned: bool) -> None:
        super().__init__()
        self.count, self.width, self.axes = count, width, axes
        if learned:
            self.theta = nn.Parameter(torch.empty(count))
            # a shape on the meta device has nothing to fill, and supernets make many
            if not self.theta.is_meta:
                self.theta.data.copy_(self._initial(self.theta))
        else:
            self.register_parameter("theta", None)

    def forward(self, places_NA: Tensor, like: Tensor) -> Tensor:
        # fixed ones are computed, since a leading slice of those of wider heads would be others
        theta_J = self._initial(like) if self.theta is None else at_least_float32(self.theta).to(like.dtype)
        if self.axes == 1:
            return places_NA.sum(-1, keepdim=True).to(like.dtype) * theta_J
        return _in_turn(places_NA, self.count).to(like.dtype) * theta_J

    def _initial(self, like: Tensor) -> Tensor:
        turn_J = torch.arange(self.count, device=like.device).div(self.axes, rounding_mode="floor").to(like.dtype)
        return torch.pow(BASE, -2 * self.axes / self.width * turn_J)


class Rotated(nn.Module):
    """Planes of two channels each turned by an angle: those of all channels, or of the first ones."""

    def __init__(self, angles: Angles) -> None:
        super().__init__()
        self.angles = angles

    def factors(self, places_NA: Tensor, like: Tensor) -> tuple[Tensor, ...]:
        return (turns(self.angles(places_NA, like)),)

    def forward(self, x_BHNK: Tensor, turns_NJ: Tensor) -> Tensor:
        turning = 2 * turns_NJ.shape[-1]
        if turning == x_BHNK.shape[-1]:
            return turned(x_BHNK, turns_NJ)
        return torch.cat((turned(x_BHNK[..., :turning], turns_NJ), x_BHNK[..., turning:]), -1)


class Phased(nn.Module):
    """Every channel by itself on a circle, which takes two features each."""

    def __init__(self, angles: Angles) -> None:
        super().__init__()
        self.angles = angles

    def factors(self, places_NA: Tensor, like: Tensor) -> tuple[Tensor, ...]:
        angle_NK = self.angles(places_NA, like)
        return angle_NK.cos(), angle_NK.sin()

    def forward(self, x_BHNK: Tensor, cos_NK: Tensor, sin_NK: Tensor) -> Tensor:
        return with_phases(x_BHNK, cos_NK, sin_NK)


class Permuted(nn.Module):
    """Channels moved by the power of one fixed permutation that the position says; each axis moves its own channels."""

    def __init__(self, axes: int, places: int) -> None:
        super().__init__()
        self.axes, self.places = axes, places

    def factors(self, places_NA: Tensor, like: Tensor) -> tuple[Tensor, ...]:
        width = like.shape[-1]
        table_LK = torch.from_numpy(_powers(width, self.axes, self.places)).to(like.device)
        places_NA = places_NA if self.axes > 1 else places_NA.sum(-1, keepdim=True)
        return (table_LK[_in_turn(places_NA, width), torch.arange(width, device=like.device)],)

    def forward(self, x_BHNK: Tensor, source_NK: Tensor) -> Tensor:
        return x_BHNK.gather(-1, source_NK.expand_as(x_BHNK))


def _in_turn(places_NA: Tensor, count: int) -> Tensor:
    """The axes' positions by turns over so many channels or angles."""
    return places_NA.repeat(*[1] * (places_NA.dim() - 1), count // places_NA.shape[-1])


def build_core(
    core: Core, head_dim: int, axes: int, learned: bool, complex_input: bool, places: int
) -> Rotated | Phased | Permuted:
    """The module of a core for features of a head; complex ones have their two parts side by side.

    Args:
        axes: Axes that have channels of their own.
        places: Positions that a permutation is prepared for.

    Raises: ValueError if the channels do not divide into those that the core turns together.
    """
    together = {"rotation": 2, "mixed": 4, "permutation": 1, "complex": 1}[core] * axes
    if head_dim % together:
        where = f" on {axes} axes" if axes > 1 else ""
        what = f"core {core}{where} needs a head_dim that divides by {together}"
        raise ValueError(f"lrpe: {what}, found {head_dim}")
    if core == "permutation":
        return Permuted(axes, places)
    if core == "complex":
        return (Rotated if complex_input else Phased)(Angles(head_dim, head_dim, axes, learned))
    rotating = head_dim if core == "rotation" else head_dim // 2
    return Rotated(Angles(rotating // 2, rotating, axes, learned))


@lru_cache(maxsize=64)
def _powers(width: int, axes: int, places: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Which channel each channel comes from at every position, LK."""
    once_K = np.arange(width)
    for axis in range(axes):
        channels = once_K[axis::axes].copy()
        once_K[axis::axes] = np.random.default_rng([PERMUTATION_SEED, axis]).permutation(channels)
    powers_LK = np.empty((places, width), dtype=np.int64)
    powers_LK[0] = np.arange(width)
    for position in range(1, places):
        powers_LK[position] = powers_LK[position - 1][once_K]
    return powers_LK
