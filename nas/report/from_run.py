"""From a run's folder to the values of a report."""

from pathlib import Path
from typing import Any

from nas.report.data import ReportData
from nas.report.page import write_report
from nas.report.tables import as_text, front_table
from nas.run import Run


def report(run: Run) -> Path:
    """Write the run's report; returns the path of the page."""
    return write_report(report_data(run), run.report_folder)


def terminal_table(run: Run) -> str:
    """The front as a plain text table."""
    return as_text(front_table(report_data(run)))


def report_data(run: Run) -> ReportData:
    """All that the report of a run shows."""
    experiment = run.experiment
    return ReportData(
        name=run.name,
        experiment_doc=run.manifest["description"],
        quality_name=experiment.quality.name,
        quality_unit=experiment.quality.unit,
        costs={cost.name: cost.unit for cost in experiment.costs},
        setting=experiment.task.cost_setting(),
        limits=experiment.limits,
        space_size=experiment.space.size(),
        trials=tuple(run.trials()),
        anchors=tuple(run.anchors()),
        retrained=tuple(run.retrained()),
        provenance=_provenance(run),
    )


def _provenance(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "commands": [manifest["command"]],
        "wall_seconds": run.phase_seconds(),
        "experiment": manifest["experiment"],
        "overrides": manifest["overrides"],
        "seed": run.experiment.seed,
        "begun": manifest["begun"],
        "data": manifest["data"] or "embedded or downloaded",
        "phases": manifest["phases"],
        "settings": manifest["settings"],
    }
