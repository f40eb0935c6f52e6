"""Parts of several commands: where networks are evaluated, the run that is meant, and the report at the end."""

import dataclasses
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from nas.experiment import Experiment
from nas.experiment.costs import feasible_space
from nas.experiment.loading import Loaded, load
from nas.experiment.overrides import apply_overrides
from nas.export.write.outlook import exports_ahead
from nas.parallel.map import Workers
from nas.runs.run import Run
from nas.system.devices import default_device

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Where:
    """Where networks are evaluated and retrained, as asked on the command line."""

    count: int | None
    ray: str | None
    gpus: float | None
    timeout: float | None

    def workers(self) -> Workers:
        """One process a core unless asked otherwise; on Ray as many workers as there is room for."""
        count = default_count() if self.count is None and self.ray is None else self.count
        return Workers(count, self.ray, self.gpus or 0.0, self.timeout)


def run_of(experiment: str, out: Path | None, data: Path | None, overrides: dict[str, str], command_line: str) -> Run:
    """The run of an experiment's file, or of a folder that holds one; a mistake leaves no folder behind."""
    folder = Path(experiment)
    if folder.is_dir():
        if overrides or out:
            raise ValueError(f"{folder} is a run, whose settings stay; change them with an experiment's file and --out")
        return Run(folder, data)
    loaded = load(experiment)
    asked = with_changes(loaded, overrides, data)
    folder = out or Path("results") / loaded.name
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a folder for a run; name another with --out")
    if not Run.exists(folder):
        feasible_space(asked).check_limits()
        # a mistake in the family is met here, not by the export hours later
        for line in exports_ahead(asked):
            log.info("%s", line)
        asked.task.prepare()
    return Run.create(folder, loaded, experiment, overrides, data, command_line)


def with_changes(loaded: Loaded, overrides: dict[str, str], data: Path | None) -> Experiment:
    """Raises: ValueError if there is no such setting, or the task reads no folder."""
    experiment: Experiment = apply_overrides(loaded.experiment, overrides)
    return experiment if data is None else dataclasses.replace(experiment, task=experiment.task.with_data(data))


def print_front(run: Run) -> None:
    # here and not above: what reports need takes a second to load, and a mistake should not take that long to be said
    from nas.report.from_run import terminal_table

    print(terminal_table(run))


def write_report(run: Run, out: Path | None = None) -> Path:
    """Write the report and print its table; returns the path of the page."""
    from nas.report.from_run import report

    page = report(run, out)
    print_front(run)
    return page


def default_count() -> int:
    # a GPU is shared badly by processes that do not know of one another
    return 1 if default_device().type == "cuda" else os.cpu_count() or 1
