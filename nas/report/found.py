"""The results of a run as values of a report, read from its files; loads no matplotlib, so tables are quick."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nas.evaluators.base import Quality
from nas.experiment import Experiment
from nas.models.attention import grows_linearly
from nas.report.data import ReportData
from nas.report.pick.tables import front_table
from nas.report.summary import Summary
from nas.report.tables import as_text
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.search_space.patterns import Hybrid, hybrid_of, single_kind
from nas.tasks.base import Task
from nas.tasks.parallel import Parallel


def terminal_table(run: Run) -> str:
    """The front as a plain text table."""
    return as_text(front_table(Summary(found_data(run))))


def found_data(run: Run) -> ReportData:
    """Results of a run that are read from its files without further computation."""
    experiment = run.experiment
    data = ReportData(
        name=run.name,
        experiment_doc=run.manifest["description"],
        quality_name=experiment.quality.name,
        quality_unit=unit(experiment, experiment.quality),
        test_name=experiment.tested.name,
        test_unit=unit(experiment, experiment.tested),
        costs={cost.name: cost.unit for cost in experiment.costs},
        setting=experiment.task.cost_setting(),
        limits=run.space.limits,
        space_size=experiment.space.size(),
        trials=tuple(run.trials()),
        anchors=tuple(run.anchors()),
        retrained=tuple(run.retrained()),
        provenance={},
        task=_task(experiment.task),
        folder=str(run.folder),
    )
    networks = networks_of(data)
    return replace(data, single_kinds=_single_kinds(experiment, networks), hybrids=_hybrids(experiment, networks))


def networks_of(data: ReportData) -> list[Any]:
    """All architectures of the run, each once."""
    tried = (trial.architecture for trial in (*data.trials, *data.anchors))
    return list(dict.fromkeys([*tried, *(result.architecture for result in data.retrained)]))


def unit(experiment: Experiment, quality: Quality) -> str:
    """Unit of a quality; a log-likelihood is for each token where the task counts tokens."""
    return "nats per token" if (quality.unit, experiment.task.batch_unit) == ("nats", "tokens") else quality.unit


def _hybrids(experiment: Experiment, networks: Sequence[Any]) -> dict[str, Hybrid]:
    found = {architecture_id(each): hybrid_of(experiment.space, each, grows_linearly) for each in networks}
    return {name: pattern for name, pattern in found.items() if pattern is not None}


def _task(task: Task) -> str:
    """Name of the task, with the folder of its texts where it has one."""
    return f"{task.name} {task.files.folder}" if isinstance(task, Parallel) else task.name


def _single_kinds(experiment: Experiment, networks: Sequence[Any]) -> dict[str, str]:
    found = {architecture_id(each): single_kind(experiment.space, each) for each in networks}
    return {name: kind for name, kind in found.items() if kind is not None}
