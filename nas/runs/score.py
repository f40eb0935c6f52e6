"""The record of one evaluation with inherited weights."""

from typing import NamedTuple


class Score(NamedTuple):
    """How good one network is on a split, or why it is not known."""

    quality: float | None
    """None where the evaluation failed."""
    seconds: float
    """Wall time of the evaluation."""
    failure: str | None = None
    """Why there is no quality, in a line."""
