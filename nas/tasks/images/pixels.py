"""Pixels as networks take them. Apart from the tasks, so that reading image files need not load what augments them."""

from collections.abc import Sequence

import torch
from torch import Tensor


def normalised(images_NCHW: Tensor, max_value: int, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Pixels of 0 to `max_value` as float32, given the mean and standard deviation of each channel as shares of it."""
    mean_C11, std_C11 = torch.tensor([mean, std], device=images_NCHW.device)[..., None, None]
    return images_NCHW.float().mul_(1 / (max_value * std_C11)).sub_(mean_C11 / std_C11)
