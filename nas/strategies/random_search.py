"""Random search: the baseline that any other strategy has to beat at the same budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas.search_space.feasible.space import FeasibleSpace
from nas.strategies.base import Trial
from nas.strategies.proposals import unseen


@dataclass(frozen=True)
class RandomSearch:
    """Draws from the space, whatever the history says."""

    def propose(
        self, space: FeasibleSpace, history: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Any]:
        return unseen(space, history, count, iter(lambda: space.sample(rng), None), rng)
