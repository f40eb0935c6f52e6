"""Parts that several commands share: the workers that are asked for, and the report at the end."""

from dataclasses import dataclass
from pathlib import Path

from nas.parallel.map import Workers
from nas.report.found import terminal_table
from nas.runs.run import Run
from nas.system.devices import default_workers


@dataclass(frozen=True)
class Where:
    """The workers that evaluate and retrain networks, as asked on the command line."""

    count: int | None
    ray: str | None
    gpus: float | None
    timeout: float | None

    def workers(self) -> Workers:
        """One process a core unless asked otherwise; on Ray as many workers as there is room for."""
        count = default_workers() if self.count is None and self.ray is None else self.count
        return Workers(count, self.ray, self.gpus or 0.0, self.timeout)


def print_front(run: Run) -> None:
    print(terminal_table(run))


def write_report(run: Run, out: Path | None = None) -> Path:
    """Write the report and print its table; returns the path of the page."""
    # here and not above: it loads matplotlib
    from nas.report.from_run import report

    page = report(run, out)
    print_front(run)
    return page
