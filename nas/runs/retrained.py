"""The record of one network trained after the search."""

from dataclasses import dataclass, field
from typing import Any

from nas.training.settings import Arm


@dataclass(frozen=True)
class Retrained:
    """One architecture trained with one seed, and read on the test split once."""

    id: str
    """Id of the architecture."""
    architecture: Any
    origin: str
    """Why it was trained: `front`, or `all <kind>` for the best homogeneous network of a kind."""
    arm: Arm
    seed: int
    quality: float
    """On the test split."""
    search_quality: float
    """On the search split, after this training."""
    steps: int
    seconds: float
    """Wall time of the training."""
    device: str
    commit: str
    details: dict[str, Any] = field(default_factory=dict)
    """How the quality was measured, and what was measured with it, such as BLEU's signature."""
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    """Files that are kept beside the record, by name, such as translations; empty when read back."""
