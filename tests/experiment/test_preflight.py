from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas.experiment.costs import feasible_space
from nas.experiment.loading import load
from nas.experiment.preflight import preflight


@dataclass(frozen=True)
class Squared:
    """A cost that is no sum over layers, nor the most of them."""

    name = "squared"
    unit = "channels squared"
    measured = False

    def __call__(self, task: Any, architecture: Any) -> float:
        return float(sum(block.ffn_dim for block in architecture.encoder.blocks) ** 2)


def lines(experiment: Any) -> list[str]:
    return [line for line in preflight(experiment, feasible_space(experiment)) if line.startswith("counting")]


def test_it_is_said_where_networks_inside_the_limits_are_not_counted(tiny: Path) -> None:
    experiment = load("tiny.py").experiment
    assert lines(experiment) == []
    squared = replace(experiment, costs=(*experiment.costs, Squared()))
    assert lines(squared) == [], "a cost without a limit need not be counted"
    limited = replace(squared, limits={"squared": 300.0})
    (said,) = lines(limited)
    assert said.startswith("counting    not exact: squared adds up over no parts of the space; networks inside")
