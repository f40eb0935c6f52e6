"""FLOPs of an exported network at the quoted length and at others."""

from typing import Any

from nas.evaluators.flops import Flops
from nas.experiment import Experiment


def flops_by_length(experiment: Experiment, architecture: Any) -> dict[str, float]:
    """FLOPs as the experiment counts them, by length in words."""
    counted = next((cost for cost in experiment.costs if isinstance(cost, Flops)), Flops())
    flops, task = Flops(of=counted.of), experiment.task
    tasks = [task.at_length(*size) for size in task.quoted_lengths()] or [task]
    return {task.cost_setting(): flops(task, architecture) for task in tasks}
