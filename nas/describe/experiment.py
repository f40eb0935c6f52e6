"""An experiment before it runs: the preflight, the plan and how long it will take."""

from collections.abc import Iterator

from nas.describe.estimate import Durations, durations
from nas.evaluators.base import ExplainedQuality
from nas.experiment import Experiment
from nas.experiment.costs import feasible_space
from nas.experiment.first_batch import check_first_batch
from nas.experiment.preflight import preflight
from nas.export.write.outlook import exports_ahead
from nas.models.attention import grows_linearly
from nas.search_space import architecture_id
from nas.search_space.patterns import hybrid_periods, kinds
from nas.supernet.ahead import check_memory, check_qualities
from nas.supernet.calibration import batches_read, statistics_keepers
from nas.supernet.meta import build_apart
from nas.system.devices import default_device, device_name, fast_bf16
from nas.system.numbers import number


def describe_experiment(experiment: Experiment, name: str, workers: int) -> Iterator[str]:
    """The preflight, the plan, the device, the exports if they lack something, the data and the expected time.

    Raises: ValueError if a limit cannot be met, memory will not do, outputs, targets and quality do not go together, or
        something that the run needs late is not there; DataError, after all lines that need none, if the data is
        missing.
    """
    check_memory(experiment)
    check_qualities(experiment)
    task, space = experiment.task, feasible_space(experiment)
    yield f"experiment  {name}"
    yield f"task        {task.name}; costs at {task.cost_setting()}, batch 1, 1 multiply-add = 1 FLOP"
    for end in ("smallest", "largest"):
        architecture = getattr(experiment.space, end)()
        costs = ", ".join(f"{cost.name} {number(space.cost(architecture)[cost.name])}" for cost in experiment.costs)
        yield f"{end:<12}{architecture_id(architecture)}: {costs}"
    yield from preflight(experiment, space)
    if experiment.tested != experiment.quality:
        yield f"quality     {experiment.quality.name} on the search split, {experiment.tested.name} on the test split"
    for quality in dict.fromkeys((experiment.quality, experiment.tested)):
        if isinstance(quality, ExplainedQuality):
            yield f"measured    {quality.explain(task)}"
    yield from _plan(experiment)
    yield from exports_ahead(experiment)
    yield f"data        {task.prepare()}"
    check_first_batch(experiment)
    yield from _calibration(experiment)
    if _bf16_is_refused(experiment):
        yield "time        not known: bf16 cannot be tried here"
    else:
        yield f"time        {_time(experiment, durations(experiment), workers)}"


def _plan(experiment: Experiment) -> list[str]:
    device, selection = default_device(), experiment.selection
    supernet, retrain = experiment.supernet, experiment.retrain
    unit = "" if experiment.task.batch_unit == "examples" else f" {experiment.task.batch_unit}"
    precision = "bf16 is fast on it" if fast_bf16(device) else "float32 only, bf16 has no instructions on it"
    if _bf16_is_refused(experiment):
        precision += "; bf16, asked for here, will be refused: change --supernet.precision and --retrain.precision"
    return [
        f"supernet    {supernet.steps:,} steps of {supernet.batch_size}{unit}, {supernet.rule}",
        f"search      {experiment.evaluations:,} evaluations by {type(experiment.strategy).__name__}, "
        f"then {selection.finalists} finalists on fresh data",
        f"beside      {_controls(experiment)}",
        f"retrain     {retrain.steps:,} steps of {retrain.batch_size}{unit} for {selection.top} of the front"
        f"{' and the best of each kind' if selection.homogeneous else ''}"
        f"{' and hybrid' if selection.hybrids and hybrid_periods(experiment.space, grows_linearly) else ''}, "
        f"{selection.seeds} seeds, arms {' and '.join(selection.arms)}",
        f"device      {device_name(device)}; {precision}",
    ]


def _calibration(experiment: Experiment) -> Iterator[str]:
    """A line on running statistics, if the networks keep any; the data must be there."""
    task, training = experiment.task, experiment.supernet
    network = build_apart(task.build, experiment.space.smallest())
    if statistics_keepers(network, task, training, experiment.seed):
        count = batches_read(training)
        yield f"statistics  running statistics are taken anew from {count} training batches before each evaluation"


def _controls(experiment: Experiment) -> str:
    """The controls that the search is compared with."""
    several, patterns = len(kinds(experiment.space)), hybrid_periods(experiment.space, grows_linearly)
    parts = [f"{experiment.anchors} networks of each of {several} kinds"] if several else []
    parts += [f"as many with softmax in 1 layer of {' and of '.join(map(str, patterns))}"] if patterns else []
    count = experiment.random_searches
    parts += [f"{count} random search{'es' if count > 1 else ''} of equal budget"] if count else []
    return ", ".join(parts) or "nothing to compare with"


def _bf16_is_refused(experiment: Experiment) -> bool:
    return "bf16" in (experiment.supernet.precision, experiment.retrain.precision) and not fast_bf16(default_device())


def _time(experiment: Experiment, durations: Durations, workers: int) -> str:
    phases = durations.phases(experiment, workers)
    parts = ", ".join(f"{name} {_duration(seconds)}" for name, seconds in phases.items())
    return f"about {_duration(sum(phases.values()))} with {workers} workers: {parts}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
