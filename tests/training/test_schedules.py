"""Learning rates along a training."""

import pytest

from nas.training.schedules import learning_rate
from nas.training.settings import Training

TRAINING = Training(steps=110, batch_size=1, learning_rate=0.5, warmup_steps=10)


def test_the_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    assert learning_rate(TRAINING, 0) == pytest.approx(0.05)
    assert learning_rate(TRAINING, 9) == pytest.approx(0.5)
    assert learning_rate(TRAINING, 10) == pytest.approx(0.5)
    assert learning_rate(TRAINING, 60) == pytest.approx(0.25)
    assert learning_rate(TRAINING, 109) < 0.001


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": 0}, "steps needs a whole number from 1 to 1,000,000,000; found 0"),
        ({"learning_rate": -1.0}, "learning_rate needs a number above 0, up to 100; found -1.0"),
        ({"warmup_steps": 110}, "warmup_steps = 110"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_value(changed: dict[str, float], said: str) -> None:
    settings = {"steps": 110, "batch_size": 1, "learning_rate": 0.5, "warmup_steps": 10}
    with pytest.raises(ValueError, match=said):
        Training(**{**settings, **changed})  # type: ignore[arg-type]
