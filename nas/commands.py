"""What each command of cli.py does: plain functions over a run's folder."""

import dataclasses
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nas.describe import describe_experiment
from nas.devices import default_device, keep_freed_memory
from nas.experiment import Experiment, Loaded, feasible_space, load
from nas.export import export
from nas.overrides import apply_overrides
from nas.retrain import Choice, choose, retrain
from nas.run import Run
from nas.search import search
from nas.search_space import architecture_id
from nas.train import train

log = logging.getLogger(__name__)


def run_all(
    experiment: str,
    out: Path | None,
    data: Path | None,
    workers: int | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    keep_freed_memory()
    run = _run_of(experiment, out, data, overrides, command_line)
    workers = workers or _default_workers()
    train(run)
    search(run, workers)
    selection = run.experiment.selection
    choices = choose(run, selection)
    retrain(run, choices, workers, selection)
    exports = _export_all(run, [architecture_id(choice.architecture) for choice in choices])
    page = _report(run)
    print(f"\nreport   {page}\nexports  {exports}\nnext     nas retrain {run.folder} --seeds 3")


def train_command(
    experiment: str, out: Path | None, data: Path | None, overrides: dict[str, str], command_line: str
) -> None:
    keep_freed_memory()
    run = _run_of(experiment, out, data, overrides, command_line)
    train(run)
    print(f"supernet  {run.folder}\nnext      nas search {run.folder}")


def search_command(run: Path, data: Path | None, workers: int | None) -> None:
    keep_freed_memory()
    opened = Run(run, data)
    search(opened, workers or _default_workers())
    _print_front(opened)
    print(f"\ntrials  {run / 'trials.jsonl'}\nnext    nas retrain {run}")


def retrain_command(
    run: Path,
    id: str | None,
    top: int | None,
    seeds: int | None,
    arms: str | None,
    data: Path | None,
    workers: int | None,
) -> None:
    keep_freed_memory()
    opened = Run(run, data)
    asked: dict[str, Any] = {"top": top, "seeds": seeds, "arms": tuple(arms.split(",")) if arms else None}
    changed = {name: value for name, value in asked.items() if value is not None}
    selection = dataclasses.replace(opened.experiment.selection, **changed)
    choices = choose(opened, selection) if id is None else [_choice(opened, id)]
    retrain(opened, choices, workers or _default_workers(), selection)
    _print_front(opened)
    print(f"\nnext  nas report {run}; nas export {run}")


def export_command(run: Path, id: str | None, data: Path | None) -> None:
    opened = Run(run, data)
    identifiers = [id] if id else sorted({result.id for result in opened.retrained()})
    if not identifiers:
        raise ValueError(f"{run} has no retrained network; run nas retrain {run} first")
    for identifier in identifiers:
        print(f"export  {export(opened, identifier)}")
    print("next    nas.load(FOLDER) in Python gives the network")


def report_command(runs: list[Path]) -> None:
    for folder in runs:
        print(f"\nreport  {_report(Run(folder))}")


def describe_command(experiment: str, data: Path | None, overrides: dict[str, str], command_line: str) -> None:
    loaded = load(experiment)
    for line in describe_experiment(_experiment(loaded, overrides, data), loaded.name):
        print(line, flush=True)


def _run_of(experiment: str, out: Path | None, data: Path | None, overrides: dict[str, str], command_line: str) -> Run:
    """The run of an experiment's file, or of a folder that holds one; a mistake leaves no folder behind."""
    folder = Path(experiment)
    if folder.is_dir():
        if overrides or out:
            raise ValueError(f"{folder} is a run, whose settings stay; change them with an experiment's file and --out")
        return Run(folder, data)
    loaded = load(experiment)
    asked = _experiment(loaded, overrides, data)
    folder = out or Path("results") / loaded.name
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a folder for a run; name another with --out")
    if not Run.exists(folder):
        feasible_space(asked).check_limits()
        asked.task.prepare()
    return Run.create(folder, loaded, experiment, overrides, data, command_line)


def _experiment(loaded: Loaded, overrides: dict[str, str], data: Path | None) -> Experiment:
    """Raises: ValueError if there is no such setting, or the task reads no folder."""
    experiment: Experiment = apply_overrides(loaded.experiment, overrides)
    return experiment if data is None else dataclasses.replace(experiment, task=experiment.task.with_data(data))


def _export_all(run: Run, identifiers: list[str]) -> str:
    """Where the exports are and how they are used, or why there are none."""
    name, folder = run.experiment.task.name, run.folder
    if run.experiment.task.family() is None:
        return f"none: the networks of task {name} come from a builder of its own; weights are in {folder / 'subnets'}"
    for identifier in identifiers:
        export(run, identifier)
    return f"{folder / 'exports'}; in Python, nas.load(FOLDER) gives a network"


def _print_front(run: Run) -> None:
    # here and not above: what reports need takes a second to load, and a mistake should not take that long to be said
    from nas.report.from_run import terminal_table

    print(terminal_table(run))


def _report(run: Run) -> Path:
    """Write the report and print its table; returns the path of the page."""
    from nas.report.from_run import report

    page = report(run)
    _print_front(run)
    return page


def _choice(run: Run, identifier: str) -> Choice:
    for trial in [*run.trials(), *run.anchors()]:
        if architecture_id(trial.architecture) == identifier:
            return Choice(trial.architecture, "chosen")
    raise ValueError(f"no network {identifier!r} among the trials of {run.folder}")


def _default_workers() -> int:
    # a GPU is shared badly by processes that do not know of one another
    return 1 if default_device().type == "cuda" else os.cpu_count() or 1


FUNCTIONS: dict[str, Callable[..., None]] = {
    "run": run_all,
    "train": train_command,
    "search": search_command,
    "retrain": retrain_command,
    "export": export_command,
    "report": report_command,
    "describe": describe_command,
}
