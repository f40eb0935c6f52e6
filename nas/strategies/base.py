"""The contract of a strategy, and the trial: all that a strategy may know of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, runtime_checkable

import numpy as np

from nas.search_space.feasible.space import FeasibleSpace
from nas.system.ranges import Range

MOST_NETWORKS = 100_000
Networks = Annotated[int, Range(1, MOST_NETWORKS)]
"""Networks that a strategy handles at once."""


@dataclass(frozen=True)
class Trial:
    """One architecture that a search has looked at."""

    number: int
    """Place in the history, from 0."""
    architecture: Any
    costs: dict[str, float]
    """Value of each cost by name; less is better."""
    quality: float | None
    """More is better; None where the evaluation failed."""
    violation: float
    """0 inside the limits, else the sum of the relative excesses."""
    seconds: float
    """Wall time of the evaluation."""
    failure: str | None = None
    """Why there is no quality, in a line."""


@runtime_checkable
class Strategy(Protocol):
    """Chooses what to evaluate next; a frozen dataclass without state."""

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        """`count` different architectures that are not in `history`; fewer only where the space has no more.

        A pure function of its arguments. `space.sample`, `mutate` and `cross` stay inside the limits of the search, and
        `space.cost` knows the costs of an architecture before it is evaluated.
        """
