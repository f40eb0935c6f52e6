"""What an export says about costs: FLOPs at the quoted length and at longer ones."""

from typing import Any

from nas.evaluators.flops import Flops
from nas.experiment import Experiment
from nas.tasks.base import Task
from nas.tasks.image_classification import ImageTask
from nas.tasks.translation import TranslationTask

TIMES = (1, 2, 4)
"""Lengths of a text, and of either side of an image, beside the quoted one."""


def flops_by_length(experiment: Experiment, architecture: Any) -> dict[str, float]:
    """FLOPs as the experiment counts them, by length in words."""
    counted = next((cost for cost in experiment.costs if isinstance(cost, Flops)), Flops())
    flops, sizes = Flops(of=counted.of), lengths(experiment.task)
    tasks = [experiment.task.at_length(*size) for size in sizes]
    return {task.cost_setting(): flops(task, architecture) for task in tasks}


def lengths(task: Task) -> list[tuple[int, ...]]:
    """Arguments of `Task.at_length`, up to the longest that a translation network is made for."""
    if isinstance(task, ImageTask):
        side = task.image_size // task.patch_size
        return [((times * side) ** 2,) for times in TIMES]
    assert isinstance(task, TranslationTask), task.name
    sizes = [tuple(times * tokens for tokens in task.quoted) for times in TIMES]
    return [size for size in sizes if max(size) <= task.longest or size == task.quoted]
