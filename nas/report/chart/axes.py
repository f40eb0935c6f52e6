"""Further axes of the main figure: FLOPs at other lengths, parameters, peak memory and measured latency."""

from collections.abc import Sequence
from typing import Any

from nas.evaluators.base import Cost
from nas.evaluators.memory import PeakMemory
from nas.evaluators.parameters import Parameters
from nas.experiment import Experiment
from nas.report import wording
from nas.report.data import Axis
from nas.report.lengths.measured import Latencies, at_length, flops_of, lengths_of, read_latencies
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.tasks.base import Task


def computed_axes(experiment: Experiment, architectures: Sequence[Any]) -> list[Axis]:
    """FLOPs at each length, parameters and peak memory, without those that are costs of the experiment.

    Empty for a user's own builder: its networks are one piece each, and counting all of them would take long.
    """
    known, found = {cost.name for cost in experiment.costs}, lengths_of(experiment)
    if not found:
        return []
    axes = [
        Axis(wording.title(name), "multiply-adds", length.task.cost_setting(), flops)
        for length in found
        if (name := f"{flops_of(experiment).name}@{length.name}") not in known and not length.is_of(experiment.task)
        for flops in [_values(flops_of(experiment), length.task, architectures)]
    ]
    for cost in (Parameters(), PeakMemory()):
        if cost.name not in known:
            values = _values(cost, experiment.task, architectures)
            axes.append(Axis(wording.title(cost.name), cost.unit, experiment.task.cost_setting(), values))
    return axes


def measured_axes(run: Run) -> list[Axis]:
    """Latency at the task's own length and at the longest measured length, of the networks that were measured."""
    task, found = run.experiment.task, [each for each in read_latencies(run) if each.networks]
    axes = []
    for place in dict.fromkeys([*_own_places(task, found), *([len(found) - 1] if found else [])]):
        measured = found[place]
        length = at_length(task, measured.tokens, measured.target_tokens)
        own = length.is_of(task)
        setting = f"{length.task.cost_setting()}, batch 1, threads: {measured.threads}, on {measured.device}"
        values = {architecture_id(network): times.median for network, times in measured.networks.items()}
        axes.append(Axis("Latency" if own else f"Latency at {length.name} tokens", "milliseconds", setting, values))
    return axes


def _own_places(task: Task, found: Sequence[Latencies]) -> list[int]:
    return [place for place, each in enumerate(found) if each.tokens == task.example_tokens()[0]]


def _values(cost: Cost, task: Task, architectures: Sequence[Any]) -> dict[str, float]:
    return {architecture_id(each): cost(task, each) for each in architectures}
