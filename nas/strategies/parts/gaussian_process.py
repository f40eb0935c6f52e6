"""A Gaussian process of quality, in float64 on NumPy and SciPy alone.

Source: Rasmussen & Williams 2006, Gaussian Processes for Machine Learning: eq. 2.25, 2.26 (prediction), 5.8, 5.9
(marginal likelihood and its gradient).

The kernel is a sum of parts, each its amplitude times exp(-|x - y|^2) over its own columns, which are scaled by a
weight for each group of columns; small weights make a part additive over its columns, large ones let them interact. On
columns of 0 and 1 it is the exponential kernel of the number of choices that differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

Floats = NDArray[np.float64]

MOST_FITTED = 200
MOST_STEPS = 40
JITTER = 1e-8
PRIOR_WIDTH = 0.7
"""Standard deviation of the prior of a logarithm: weights and amplitudes are within a few times their means."""
NOISE = 0.03
"""Mean of the prior of the noise's variance, as a share of the variance of what is learned."""


@dataclass(frozen=True)
class Part:
    """Columns of one part of the kernel."""

    columns: tuple[int, ...]
    groups: tuple[int, ...]
    """Group of each of the columns, from 0."""
    weights: tuple[float, ...]
    """Mean of the prior of each group's weight."""

    def scaled(self, rows: Floats, logs: Floats) -> Floats:
        """The part's columns, scaled so that the kernel is of plain distances; `logs` are of the groups' weights."""
        return np.asarray(rows[:, self.columns] * np.exp(0.5 * logs)[list(self.groups)])


@dataclass(frozen=True)
class Posterior:
    """The posterior given the rows that it was fitted to; targets are in units of their own spread."""

    parts: tuple[Part, ...]
    logs: tuple[Floats, ...]
    """For each part the logarithms of its amplitude and of its groups' weights."""
    noise: float
    rows: Floats
    factor: Floats
    """Lower Cholesky factor of the covariance of the rows, noise included."""
    solved: Floats

    def covariance(self, first: Floats, second: Floats) -> Floats:
        return sum(
            (_kernel(part, logs, first, second) for part, logs in zip(self.parts, self.logs, strict=True)),
            start=np.zeros((len(first), len(second))),
        )

    def variance(self) -> float:
        """Prior variance: that of a row far from all that is known."""
        return float(sum(np.exp(logs[0]) for logs in self.logs))

    def predict(self, rows: Floats) -> tuple[Floats, Floats]:
        """Means, and the whitened covariances `W` with what is known: the posterior covariance is k(x, y) - W'W."""
        cross = self.covariance(self.rows, rows)
        return cross.T @ self.solved, solve_triangular(self.factor, cross, lower=True, check_finite=False)


def fit(rows: Floats, targets: Floats, parts: Sequence[Part]) -> Posterior:
    """The posterior under the most probable amplitudes, weights and noise.

    Args:
        targets: Of mean about 0 and variance about 1.
    """
    parts = tuple(parts)
    # what decides the few numbers of the kernel is seen in some rows as well; the prediction uses them all
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_FITTED)).astype(int))
    logs, noise = _most_probable(rows[chosen], targets[chosen], parts)
    covariance = sum((_kernel(*each, rows, rows) for each in zip(parts, logs, strict=True)), start=np.zeros((1, 1)))
    covariance[np.diag_indices(len(rows))] += noise + JITTER
    factor = cholesky(covariance, lower=True, check_finite=False)
    return Posterior(parts, logs, noise, rows, factor, cho_solve((factor, True), targets, check_finite=False))


def _kernel(part: Part, logs: Floats, first: Floats, second: Floats) -> Floats:
    x, y = part.scaled(first, logs[1:]), part.scaled(second, logs[1:])
    distances = (x * x).sum(1)[:, None] + (y * y).sum(1) - 2 * (x @ y.T)
    return np.asarray(np.exp(logs[0] - np.maximum(distances, 0)))


def _most_probable(rows: Floats, targets: Floats, parts: tuple[Part, ...]) -> tuple[tuple[Floats, ...], float]:
    means = [np.log([1 / len(parts), *part.weights]) for part in parts]
    ends = np.cumsum([len(each) for each in means])[:-1]
    start = np.concatenate([*means, [np.log(NOISE)]])

    def loss(values: Floats) -> tuple[float, Floats]:
        value, slope = _negative_log_likelihood(rows, targets, parts, np.split(values[:-1], ends), values[-1])
        away = (values - start) / PRIOR_WIDTH
        return value + 0.5 * float(away @ away), slope + away / PRIOR_WIDTH

    bounds = [(each - 5, each + 5) for each in start]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS})
    return tuple(np.split(found.x[:-1], ends)), float(np.exp(found.x[-1]))


def _negative_log_likelihood(
    rows: Floats, targets: Floats, parts: tuple[Part, ...], logs: Sequence[Floats], log_noise: float
) -> tuple[float, Floats]:
    """The value and its gradient by all logarithms, the noise's last."""
    kernels = [_kernel(*each, rows, rows) for each in zip(parts, logs, strict=True)]
    covariance = sum(kernels, start=(np.exp(log_noise) + JITTER) * np.eye(len(rows)))
    factor = cholesky(covariance, lower=True, check_finite=False)
    solved = cho_solve((factor, True), targets, check_finite=False)
    lower, _ = dpotri(factor, lower=1)
    inverse = lower + np.tril(lower, -1).T
    outer = 0.5 * (inverse - np.outer(solved, solved))
    slopes = [
        _slopes(part, each, rows, outer * kernel) for part, each, kernel in zip(parts, logs, kernels, strict=True)
    ]
    slopes.append(np.array([np.exp(log_noise) * np.trace(outer)]))
    value = 0.5 * float(targets @ solved) + float(np.log(np.diag(factor)).sum())
    return value, np.concatenate(slopes)


def _slopes(part: Part, logs: Floats, rows: Floats, weighted: Floats) -> Floats:
    """Gradient by the logarithms of the amplitude and of each group's weight; `weighted` is symmetric."""
    x = part.scaled(rows, logs[1:])
    # sum over i, j of m_ij (x_i - x_j)^2, column by column
    columns = 2 * (weighted.sum(1) @ (x * x) - (x * (weighted @ x)).sum(0))
    groups = np.bincount(part.groups, columns, minlength=len(part.weights))
    return np.concatenate([[weighted.sum()], -groups])
