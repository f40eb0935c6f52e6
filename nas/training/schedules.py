"""Learning rates over the steps of a training."""

import math

from nas.training.settings import Training


def learning_rate(training: Training, step: int) -> float:
    """Linear warm-up, then cosine to zero (Loshchilov and Hutter 2017, arXiv:1608.03983)."""
    if step < training.warmup_steps:
        return training.learning_rate * (step + 1) / training.warmup_steps
    done = (step - training.warmup_steps) / (training.steps - training.warmup_steps)
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
