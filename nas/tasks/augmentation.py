"""Augmentation of whole batches of images as bytes: shift, flip, RandAugment, random erasing.

Shift, flip and erasing are drawn per image. RandAugment's operations are drawn per group of images, so that one call of
the library serves a whole group. Everything is drawn from the generator that is passed in.

Sources: RandAugment, Cubuk et al. 2019, arXiv:1909.13719; random erasing, Zhong et al. 2017, arXiv:1708.04896.
Shapes: B batch, C channels, H height, W width.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from nas.system.ranges import Range, Share, check
from nas.tasks.images.vision_library import transforms

F = transforms.functional

MAX_SHEAR_DEGREES = 17.0
"""arctan(0.3): an edge is moved by 0.3 of its length."""
MAX_SHIFT = 0.45
"""Largest shift as a share of the side: 150 of 331 pixels."""
MAX_ROTATION_DEGREES = 30.0
MAX_FACTOR_CHANGE = 0.9
"""Brightness, colour, contrast and sharpness are scaled by 0.1 to 1.9."""
MAX_BITS_LOST = 4
ERASED_AREA = (0.02, 1 / 3)
MAX_ERASED_ASPECT = 1 / 0.3


@dataclass(frozen=True)
class Augmentation:
    """Changes to a training batch, in this order; the default leaves images as they are."""

    shift: Annotated[int, Range(0, 256)] = 0
    """Most pixels by which an image moves along either axis; what comes into view is black."""
    flip: bool = False
    """Mirror left and right with chance 1/2."""
    operations: Annotated[int, Range(0, 100)] = 0
    """RandAugment operations on each image, one after the other; they need channels of 0 to 255."""
    magnitude: Share = 0.5
    """Largest strength of an operation, as a share of RandAugment's full range; strengths are uniform up to it."""
    groups: Annotated[int, Range(1, 1_000_000)] = 8
    """Groups of images that share an operation and its strength."""
    erase: Share = 0.0
    """Chance that a rectangle of the image is replaced by the mean colour of the batch."""

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, images_BCHW: Tensor, rng: np.random.Generator) -> Tensor:
        """The augmented batch, of the same shape and type; the argument stays as it is."""
        if self.shift or self.flip:
            images_BCHW = shift_and_flip(images_BCHW, self.shift, self.flip, rng)
        for _ in range(self.operations):
            groups = images_BCHW.tensor_split(min(self.groups, len(images_BCHW)))
            images_BCHW = torch.cat([random_operation(group, self.magnitude, rng) for group in groups])
        return erase(images_BCHW, self.erase, rng) if self.erase else images_BCHW


def shift_and_flip(images_BCHW: Tensor, most: int, flip: bool, rng: np.random.Generator) -> Tensor:
    """Each image moved by -most..most pixels along either axis and, if `flip`, mirrored with chance 1/2."""
    batch, channels, height, width = images_BCHW.shape
    top_B, left_B = torch.from_numpy(rng.integers(0, 2 * most + 1, size=(2, batch)))
    mirrored_B = torch.from_numpy(rng.random(batch) < (0.5 if flip else 0.0))
    columns_W = torch.arange(width)
    columns_BW = left_B[:, None] + torch.where(mirrored_B[:, None], columns_W.flip(0), columns_W)
    rows_BH = top_B[:, None] + torch.arange(height)
    # one gather over flattened pixels; indexing with four tensors costs six times as much
    places_BHW = rows_BH[:, :, None] * (width + 2 * most) + columns_BW[:, None, :]
    padded = pad(images_BCHW, (most,) * 4).flatten(2)
    places = places_BHW.flatten(1)[:, None].expand(-1, channels, -1)
    return padded.gather(2, places.to(images_BCHW.device)).view(images_BCHW.shape)


def random_operation(images_BCHW: Tensor, magnitude: float, rng: np.random.Generator) -> Tensor:
    """One of `OPERATIONS` on all images, at a strength uniform in -magnitude..magnitude."""
    operation = OPERATIONS[rng.integers(len(OPERATIONS))]
    return operation(images_BCHW, rng.uniform(-magnitude, magnitude))


def erase(images_BCHW: Tensor, chance: float, rng: np.random.Generator) -> Tensor:
    """A rectangle of each image, with the given chance, replaced by the mean colour of the batch."""
    batch, _, height, width = images_BCHW.shape
    area = rng.uniform(*ERASED_AREA, size=batch) * height * width
    log_aspect = math.log(MAX_ERASED_ASPECT)
    aspect = np.exp(rng.uniform(-log_aspect, log_aspect, size=batch))
    rows = _interval(np.sqrt(area * aspect), height, rng)
    columns = _interval(np.sqrt(area / aspect), width, rng)
    chosen = rng.random(batch) < chance
    erased_B1HW = torch.from_numpy(chosen[:, None, None] & rows[:, :, None] & columns[:, None, :])[:, None]
    colour_C11 = images_BCHW.float().mean((0, 2, 3))[:, None, None].to(images_BCHW.dtype)
    return torch.where(erased_B1HW.to(images_BCHW.device), colour_C11, images_BCHW)


def _interval(lengths: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """True inside an interval of each given length (at most `size`), at a uniform place: batch x size."""
    lengths = np.clip(lengths.round(), 1, size)
    starts = np.floor(rng.random(len(lengths)) * (size - lengths + 1))
    places = np.arange(size)
    inside: np.ndarray = (places >= starts[:, None]) & (places < (starts + lengths)[:, None])
    return inside


def _affine(images: Tensor, degrees: float, shift: tuple[float, float], shear: tuple[float, float]) -> Tensor:
    translate = [round(shift[0] * images.shape[-1]), round(shift[1] * images.shape[-2])]
    moved: Tensor = F.affine(images, angle=degrees, translate=translate, scale=1.0, shear=list(shear))
    return moved


def _posterize(images: Tensor, strength: float) -> Tensor:
    kept: Tensor = F.posterize(images, bits=8 - round(MAX_BITS_LOST * abs(strength)))
    return kept


OPERATIONS: tuple[Callable[[Tensor, float], Tensor], ...] = (
    lambda images, strength: images,
    lambda images, strength: _affine(images, 0.0, (0.0, 0.0), (MAX_SHEAR_DEGREES * strength, 0.0)),
    lambda images, strength: _affine(images, 0.0, (0.0, 0.0), (0.0, MAX_SHEAR_DEGREES * strength)),
    lambda images, strength: _affine(images, 0.0, (MAX_SHIFT * strength, 0.0), (0.0, 0.0)),
    lambda images, strength: _affine(images, 0.0, (0.0, MAX_SHIFT * strength), (0.0, 0.0)),
    lambda images, strength: _affine(images, MAX_ROTATION_DEGREES * strength, (0.0, 0.0), (0.0, 0.0)),
    lambda images, strength: F.adjust_brightness(images, 1 + MAX_FACTOR_CHANGE * strength),
    lambda images, strength: F.adjust_saturation(images, 1 + MAX_FACTOR_CHANGE * strength),
    lambda images, strength: F.adjust_contrast(images, 1 + MAX_FACTOR_CHANGE * strength),
    lambda images, strength: F.adjust_sharpness(images, 1 + MAX_FACTOR_CHANGE * strength),
    _posterize,
    lambda images, strength: F.solarize(images, threshold=255 * (1 - abs(strength))),
    lambda images, strength: F.autocontrast(images),
    lambda images, strength: F.equalize(images),
)
"""RandAugment's operations; strength is -1..1, at 0 all but the last three leave every image as it is."""
