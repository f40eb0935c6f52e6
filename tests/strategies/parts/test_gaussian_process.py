import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import check_grad

from nas.strategies.parts.gaussian_process import Part, _negative_log_likelihood, fit

PARTS = (Part((0, 1, 2), (0, 0, 1), (0.4, 0.2)), Part((2, 3), (0, 1), (0.5, 0.3)))


@pytest.fixture
def rows(rng):
    return rng.random((12, 4))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_prediction_is_that_of_the_covariance_of_all(rows, rng):
    targets, others = rng.normal(size=12), rng.random((3, 4))
    posterior = fit(rows, targets, PARTS)
    noisy = posterior.covariance(rows, rows) + (posterior.noise + 1e-8) * np.eye(12)
    cross = posterior.covariance(rows, others)
    mean, whitened = posterior.predict(others)
    assert_allclose(mean, cross.T @ np.linalg.solve(noisy, targets), rtol=1e-6)
    left = posterior.covariance(others, others) - whitened.T @ whitened
    assert_allclose(left, posterior.covariance(others, others) - cross.T @ np.linalg.solve(noisy, cross), atol=1e-9)


def test_gradient_of_the_likelihood_is_that_of_differences(rows, rng):
    targets = rng.normal(size=12)
    values = rng.normal(-1, 0.5, size=7)

    def both(at):
        return _negative_log_likelihood(rows, targets, PARTS, np.split(at[:-1], [3]), at[-1])

    assert check_grad(lambda at: both(at)[0], lambda at: both(at)[1], values) < 1e-4


def test_likelihood_is_that_of_a_normal_distribution(rows, rng):
    targets = rng.normal(size=12)
    logs = [np.array([0.2, -1.0, 0.3]), np.array([-0.5, 0.1, 0.0])]
    value, _ = _negative_log_likelihood(rows, targets, PARTS, logs, -2.0)
    covariance = (np.exp(-2.0) + 1e-8) * np.eye(12)
    for part, each in zip(PARTS, logs, strict=True):
        away = rows[:, None, list(part.columns)] - rows[None, :, list(part.columns)]
        weights = np.exp(each[1:])[list(part.groups)]
        covariance += np.exp(each[0]) * np.exp(-(weights * away**2).sum(2))
    expected = 0.5 * targets @ np.linalg.solve(covariance, targets) + 0.5 * np.linalg.slogdet(covariance)[1]
    assert value == pytest.approx(expected)


def test_a_sum_over_choices_is_learned_from_few_rows(rng):
    rows = rng.integers(0, 2, size=(80, 10)).astype(float)
    truth = rows @ rng.normal(size=10)
    truth = (truth - truth.mean()) / truth.std()
    part = Part(tuple(range(10)), tuple(range(10)), (0.2,) * 10)
    mean, _ = fit(rows[:50], truth[:50], [part]).predict(rows[50:])
    assert np.corrcoef(mean, truth[50:])[0, 1] > 0.95
