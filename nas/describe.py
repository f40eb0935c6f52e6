"""What an experiment is about to do: the preflight."""

from collections.abc import Iterator

import numpy as np

from nas.devices import default_device, device_name, fast_bf16
from nas.experiment import Experiment, feasible_space
from nas.search_space import architecture_id

DRAWS = 1_000


def describe_experiment(experiment: Experiment, name: str) -> Iterator[str]:
    """Size of the space, range of each cost, share inside the limits, plan, device, data: a line each, the data last.

    Raises: ValueError if a limit cannot be met; DataError, after all other lines, if the data is missing.
    """
    task, space = experiment.task, feasible_space(experiment)
    yield f"experiment  {name}"
    yield f"task        {task.name}; costs at {task.cost_setting()}, batch 1, 1 multiply-add = 1 FLOP"
    yield f"space       {_count(experiment.space.size())} networks"
    for end in ("smallest", "largest"):
        architecture = getattr(experiment.space, end)()
        costs = ", ".join(f"{cost.name} {space.cost(architecture)[cost.name]:,.0f}" for cost in experiment.costs)
        yield f"{end:<12}{architecture_id(architecture)}: {costs}"
    binds = space.check_limits()
    for limit, most in experiment.limits.items():
        least, top = space.bounds(limit)
        word = "binds" if binds[limit] else "does not bind: no network is above it"
        yield f"limit       {limit} <= {most:,.0f} of {least:,.0f} to {top:,.0f}; it {word}"
    if experiment.limits:
        share = space.share_feasible(np.random.default_rng(experiment.seed), DRAWS)
        yield f"inside      {share:.1%} of {DRAWS:,} random draws"
    yield from _plan(experiment)
    yield f"data        {task.prepare()}"


def _plan(experiment: Experiment) -> list[str]:
    device, selection = default_device(), experiment.selection
    supernet, retrain = experiment.supernet, experiment.retrain
    precision = "bf16 is fast on it" if fast_bf16(device) else "float32 only, bf16 has no instructions on it"
    if "bf16" in (supernet.precision, retrain.precision) and not fast_bf16(device):
        precision += "; bf16, asked for here, will be refused: change --supernet.precision and --retrain.precision"
    return [
        f"supernet    {supernet.steps:,} steps of {supernet.batch_size}, {supernet.rule}",
        f"search      {experiment.evaluations:,} evaluations by {type(experiment.strategy).__name__}",
        f"retrain     {retrain.steps:,} steps of {retrain.batch_size} for {selection.top} of the front"
        f"{' and the best of each kind' if selection.homogeneous else ''}, "
        f"{selection.seeds} seeds, arms {' and '.join(selection.arms)}",
        f"device      {device_name(device)}; {precision}",
    ]


def _count(size: int) -> str:
    return f"{size:,}" if size < 10**9 else f"{size:.2g}"
