"""From a run's folder to the values of a report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nas.evaluators.base import Quality
from nas.experiment import Experiment
from nas.records import Search
from nas.report.axes import computed_axes
from nas.report.comparison import Comparison, Searched, write_comparison
from nas.report.data import ReportData
from nas.report.length_costs import length_costs
from nas.report.page import write_report
from nas.report.several import labels, write_several
from nas.report.tables import as_text, front_table
from nas.run import Run
from nas.search_space import architecture_id
from nas.search_space.feasible import single_kind
from nas.tasks.base import Task
from nas.tasks.parallel import Parallel


def report(run: Run, folder: Path | None = None) -> Path:
    """Write the run's report, into a folder of its own by default; returns the path of the page."""
    return write_report(report_data(run), run.report_folder if folder is None else folder)


def report_several(runs: Sequence[Run], folder: Path | None) -> Path:
    """Write a page that compares runs, and each run's report beside it; returns the path of the page.

    Args:
        folder: Where to; None: `report` in the folder that the first run is in.
    """
    names = labels([run.folder for run in runs])
    target = folder if folder is not None else runs[0].folder.parent / "report"
    if Run.exists(target):
        raise ValueError(f"{target} is a run, so it can hold no report of several; name another folder with --out")
    return write_several({name: report_data(run) for name, run in zip(names, runs, strict=True)}, target)


def terminal_table(run: Run) -> str:
    """The front as a plain text table."""
    return as_text(front_table(report_data(run)))


def write_comparison_of(run: Run, searches: Sequence[Search]) -> str:
    """Write figure and tables of compared strategies into the run; returns the table as text."""
    found: dict[str, list[Searched]] = {}
    for search in searches:
        found.setdefault(search.strategy, []).append(Searched(*run.comparison(search.name)))
    experiment = run.experiment
    evaluations = searches[0].evaluations
    comparison = Comparison(found, experiment.costs[0].name, experiment.quality.name, evaluations)
    return write_comparison(comparison, run.comparison_folder)


def report_data(run: Run) -> ReportData:
    """All that the report of a run shows."""
    experiment, trials, anchors, retrained = run.experiment, run.trials(), run.anchors(), run.retrained()
    known = [*(each.architecture for each in (*trials, *anchors)), *(each.architecture for each in retrained)]
    networks = list(dict.fromkeys(known))
    return ReportData(
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
        trials=tuple(trials),
        anchors=tuple(anchors),
        retrained=tuple(retrained),
        provenance=_provenance(run),
        fresh=_fresh(run),
        single_kinds=_single_kinds(experiment, networks),
        axes=tuple(computed_axes(experiment, networks)),
        lengths=length_costs(run),
        baselines=run.manifest.get("baselines", {}),
        references=experiment.references,
        task=_task(experiment.task),
        folder=str(run.folder),
    )


def unit(experiment: Experiment, quality: Quality) -> str:
    """A log-likelihood is that of an example, or of a token where the task counts tokens."""
    return "nats per token" if (quality.unit, experiment.task.batch_unit) == ("nats", "tokens") else quality.unit


def _task(task: Task) -> str:
    """Name of the task, and of its texts where one task has many."""
    return f"{task.name} {task.files.folder}" if isinstance(task, Parallel) else task.name


def _single_kinds(experiment: Experiment, networks: Sequence[Any]) -> dict[str, str]:
    found = {architecture_id(each): single_kind(experiment.space, each) for each in networks}
    return {name: kind for name, kind in found.items() if kind is not None}


def _fresh(run: Run) -> dict[str, float]:
    found = {each: score.quality for (each, split), score in run.scores().items() if split == "select"}
    return {architecture_id(each): quality for each, quality in found.items() if quality is not None}


def _provenance(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "commands": run.commands(),
        "wall_seconds": run.phase_seconds(),
        "experiment": manifest["experiment"],
        "overrides": manifest["overrides"],
        "seed": run.experiment.seed,
        "seeds of the trainings": sorted({result.seed for result in run.retrained()}),
        "begun": manifest["begun"],
        "data": manifest["data"] or "embedded or downloaded",
        "phases": manifest["phases"],
        "settings": manifest["settings"],
        "source": run.source,
    }
