"""An experiment's space inside its limits."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from nas.evaluators.base import Cost
from nas.experiment.experiment import Experiment
from nas.search_space.feasible.space import FeasibleSpace

Remember = Callable[[str, Any, Callable[[], float]], float]
"""`remember(name, architecture, measure)`: a measured cost that is known, else what `measure` finds."""


def measure_anew(name: str, architecture: Any, measure: Callable[[], float]) -> float:
    """Remembers nothing."""
    return measure()


def feasible_space(experiment: Experiment, remember: Remember = measure_anew) -> FeasibleSpace:
    """The experiment's space inside its limits; the costs of each architecture are asked once.

    Args:
        remember: Keeps costs that would come out otherwise the next time, such as latency.
    """

    def of(costs: Sequence[Cost]) -> Callable[[Any], dict[str, float]]:
        @lru_cache(maxsize=100_000)
        def known(architecture: Any) -> dict[str, float]:
            return {each.name: value(each, architecture) for each in costs}

        return known

    def value(cost: Cost, architecture: Any) -> float:
        measure = partial(cost, experiment.task, architecture)
        return remember(cost.name, architecture, measure) if cost.measured else measure()

    measured = [cost for cost in experiment.costs if cost.measured]
    computed = [cost for cost in experiment.costs if not cost.measured]
    return FeasibleSpace(experiment.space, of(computed), experiment.limits, of(measured) if measured else None)
