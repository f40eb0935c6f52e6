"""What an experiment is about to do: the preflight."""

from pathlib import Path

import numpy as np

from nas.devices import default_device, device_name, fast_bf16
from nas.experiment import Experiment
from nas.search_space import architecture_id
from nas.search_space.feasible import FeasibleSpace

DRAWS = 1_000


def describe_experiment(experiment: Experiment, name: str, data: Path | None) -> str:
    """Size of the space, range of each cost, share inside the limits, data and device, as lines of text.

    Raises: ValueError if a limit cannot be met.
    """
    task = experiment.task if data is None else experiment.task.with_data(data)
    space = FeasibleSpace(
        experiment.space, lambda a: {cost.name: cost(task, a) for cost in experiment.costs}, experiment.limits
    )
    lines = [f"experiment  {name}", f"task        {task.name}; costs at {task.cost_setting()}, batch 1, 1 multiply-add = 1 FLOP"]
    lines.append(f"space       {_count(experiment.space.size())} networks")
    for end in ("smallest", "largest"):
        architecture = getattr(experiment.space, end)()
        costs = ", ".join(f"{cost.name} {space.cost(architecture)[cost.name]:,.0f}" for cost in experiment.costs)
        lines.append(f"{end:<12}{architecture_id(architecture)}: {costs}")
    binds = space.check_limits()
    for limit, most in experiment.limits.items():
        least, top = space.bounds(limit)
        word = "binds" if binds[limit] else "does not bind: no network is above it"
        lines.append(f"limit       {limit} <= {most:,.0f} of {least:,.0f} to {top:,.0f}; it {word}")
    if experiment.limits:
        share = space.share_feasible(np.random.default_rng(experiment.seed), DRAWS)
        lines.append(f"inside      {share:.1%} of {DRAWS:,} random draws")
    lines += _plan(experiment)
    lines.append(f"data        {task.prepare()}")
    return "\n".join(lines)


def _plan(experiment: Experiment) -> list[str]:
    device, selection = default_device(), experiment.selection
    precision = "bf16 is fast on it" if fast_bf16(device) else "float32 only: bf16 has no instructions on it"
    return [
        f"supernet    {experiment.supernet.steps:,} steps of {experiment.supernet.batch_size}, {experiment.supernet.rule}",
        f"search      {experiment.evaluations:,} evaluations by {type(experiment.strategy).__name__}",
        f"retrain     {experiment.retrain.steps:,} steps of {experiment.retrain.batch_size} for {selection.top} of the front"
        f"{' and the best of each kind' if selection.homogeneous else ''}, "
        f"{selection.seeds} seeds, arms {' and '.join(selection.arms)}",
        f"device      {device_name(device)}; {precision}",
    ]


def _count(size: int) -> str:
    return f"{size:,}" if size < 10**9 else f"{size:.2g}"
