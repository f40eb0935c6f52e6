"""What each command of cli.py does: plain functions over a run's folder."""

import dataclasses
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.architecture_file import network_of_run
from nas.compare import compare
from nas.describe import describe_experiment
from nas.describe_network import find_network, print_network, write_architecture
from nas.devices import default_device, keep_freed_memory
from nas.experiment import Experiment, Loaded, feasible_space, load
from nas.export import export, formats_here, is_exported
from nas.lengths import measure_latencies
from nas.overrides import apply_overrides, separate
from nas.parallel import Workers
from nas.reproduce import print_checks
from nas.retrain import Choice, choose, retrain
from nas.run import Run
from nas.search import search
from nas.search_space import architecture_id
from nas.strategies.named import named_strategy
from nas.study import read_trials_into, write_trials
from nas.train import train
from nas.trainings import Halving

log = logging.getLogger(__name__)

SEEDS = 5
"""Searches of each strategy in a comparison, unless asked otherwise."""
COMPARED = "guided,evolution,random"


@dataclass(frozen=True)
class Where:
    """Where networks are evaluated and retrained, as asked on the command line."""

    count: int | None
    ray: str | None
    gpus: float | None
    timeout: float | None

    def workers(self) -> Workers:
        """One process a core unless asked otherwise; on Ray as many workers as there is room for."""
        count = _default_count() if self.count is None and self.ray is None else self.count
        return Workers(count, self.ray, self.gpus or 0.0, self.timeout)


def run_all(
    experiment: str,
    out: Path | None,
    data: Path | None,
    where: Where,
    processes: int | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    keep_freed_memory()
    run = _run_of(experiment, out, data, overrides, command_line)
    workers = where.workers()
    train(run, processes or 1, where.ray if processes else None)
    search(run, workers)
    selection = run.experiment.selection
    choices = choose(run, selection)
    # the time limit is that of an evaluation
    retrain(run, choices, dataclasses.replace(workers, timeout=None), selection)
    measure_latencies(run)
    exports = _export_all(run, choices)
    page = _report(run)
    print(f"\nreport   {page}\nexports  {exports}\nnext     nas retrain {run.folder} --seeds 3")


def train_command(
    experiment: str,
    out: Path | None,
    data: Path | None,
    processes: int | None,
    ray: str | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    keep_freed_memory()
    run = _run_of(experiment, out, data, overrides, command_line)
    train(run, processes or 1, ray)
    print(f"supernet  {run.folder}\nnext      nas search {run.folder}")


def search_command(run: Path, data: Path | None, where: Where) -> None:
    keep_freed_memory()
    opened = Run(run, data)
    search(opened, where.workers())
    _print_front(opened)
    print(f"\ntrials  {run / 'trials.jsonl'}\nnext    nas retrain {run}")


def compare_command(
    experiment: str,
    out: Path | None,
    data: Path | None,
    where: Where,
    strategies: str | None,
    seeds: int | None,
    budget: int | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    keep_freed_memory()
    run = _run_of(experiment, out, data, overrides, command_line)
    names = separate(strategies or COMPARED)
    # a mistake in a name is said before the supernet is trained
    for name in names:
        named_strategy(name)
    train(run)
    budget = budget or run.experiment.evaluations
    searches = compare(run, names, seeds or SEEDS, budget, where.workers())
    # here and not above: what reports need takes a second to load
    from nas.report.from_run import write_comparison_of

    print(write_comparison_of(run, searches))
    print(f"\ncomparison  {run.comparison_folder}")


def study_command(run: Path, to: str | None, from_: str | None, name: str | None) -> None:
    if (to is None) == (from_ is None):
        raise ValueError("name one storage: --to URL to write the run's trials, or --from URL to read a study's")
    opened = Run(run)
    name = name or opened.name
    if to is not None:
        print(f"study  {name} in {to}: {write_trials(opened, to, name)} trials added\nnext   optuna-dashboard {to}")
        return
    assert from_ is not None
    for line in read_trials_into(opened, from_, name):
        print(line)
    print(f"next     nas search {run}")


def retrain_command(
    run: Path,
    id: str | None,
    top: int | None,
    seeds: int | None,
    arms: str | None,
    data: Path | None,
    where: Where,
    asha: bool,
) -> None:
    keep_freed_memory()
    opened = Run(run, data)
    asked: dict[str, Any] = {"top": top, "seeds": seeds, "arms": tuple(arms.split(",")) if arms else None}
    changed = {name: value for name, value in asked.items() if value is not None}
    selection = dataclasses.replace(opened.experiment.selection, **changed)
    choices = choose(opened, selection) if id is None else [_choice(opened, id)]
    retrain(opened, choices, where.workers(), selection, Halving() if asha else None)
    _print_front(opened)
    print(f"\nnext  nas report {run} --measure; nas export {run}")


def export_command(
    run: Path,
    ids: list[str],
    front: bool,
    formats: str | None,
    int8: bool,
    data: Path | None,
    architecture_only: bool,
    to: str | None,
) -> None:
    opened = Run(run, data)
    if architecture_only or to:
        if len(ids) > 1 or front or formats or int8:
            raise ValueError("an architecture alone is that of one network; name its id, and no front, formats or int8")
        write_architecture(opened, ids[0] if ids else None, to)
        return
    if ids and front:
        raise ValueError("name networks by their ids, or all of the front with --front, not both")
    found = {result.id: result for result in opened.retrained() if not front or result.origin == "front"}
    if not found:
        of = " of the front" if front else ""
        raise ValueError(f"{run} has no retrained network{of}; run nas retrain {run} first")
    chosen = formats_here(None if formats is None else [each for each in separate(formats) if each != "none"])
    for identifier in ids or sorted(found):
        print(f"export  {export(opened, identifier, chosen, int8)}", flush=True)
    opened.note_command("export")
    print("next    nas predict FOLDER reads images or text; nas.load(FOLDER) in Python gives the network")


def reproduce_command(run: Path, id: str, retrain: bool, data: Path | None) -> int:
    keep_freed_memory()
    return print_checks(Run(run, data), id, retrain)


def report_command(runs: list[Path], out: Path | None, measure: bool) -> None:
    # here and not above: what reports need takes a second to load
    from nas.report.from_run import report_several

    opened = [Run(folder) for folder in runs]
    if measure:
        for run in opened:
            measure_latencies(run)
    page = _report(opened[0], out) if len(opened) == 1 else report_several(opened, out)
    print(f"\nreport  {page}")


def describe_command(
    what: str,
    id: str | None,
    experiment: str | None,
    length: str | None,
    data: Path | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    network = find_network(what, id, experiment)
    if network is not None:
        if overrides:
            raise ValueError(f"{next(iter(overrides))} is a setting of an experiment; {what} is a network")
        print_network(network, length)
        return
    if length or experiment:
        raise ValueError(f"--length and --experiment are for a network; {what} is an experiment")
    described, name = _described(what, overrides, data)
    for line in describe_experiment(described, name, _default_count()):
        print(line, flush=True)


def _described(what: str, overrides: dict[str, str], data: Path | None) -> tuple[Experiment, str]:
    """The experiment of a file or of a run, and its name."""
    if not Path(what).is_dir():
        loaded = load(what)
        return _experiment(loaded, overrides, data), loaded.name
    run = Run(Path(what), data)
    return apply_overrides(run.experiment, overrides), run.name


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


def _export_all(run: Run, choices: list[Choice]) -> str:
    """Where the exports are and how they are used, or why there are none."""
    name, folder = run.experiment.task.name, run.folder
    if run.experiment.task.family() is None:
        return f"none: the networks of task {name} come from a builder of its own; weights are in {folder / 'subnets'}"
    formats = formats_here(None)
    for choice in choices:
        # programs take seconds each; those of networks that are there for comparison are written when asked for
        identifier, chosen = architecture_id(choice.architecture), formats if choice.origin == "front" else ()
        if not is_exported(run, identifier, chosen):
            export(run, identifier, chosen)
    return f"{folder / 'exports'}; nas predict FOLDER reads images or text, nas.load(FOLDER) gives a network"


def _print_front(run: Run) -> None:
    # here and not above: what reports need takes a second to load, and a mistake should not take that long to be said
    from nas.report.from_run import terminal_table

    print(terminal_table(run))


def _report(run: Run, out: Path | None = None) -> Path:
    """Write the report and print its table; returns the path of the page."""
    from nas.report.from_run import report

    page = report(run, out)
    _print_front(run)
    return page


def _choice(run: Run, identifier: str) -> Choice:
    return Choice(network_of_run(run, identifier), "chosen")


def _default_count() -> int:
    # a GPU is shared badly by processes that do not know of one another
    return 1 if default_device().type == "cuda" else os.cpu_count() or 1


FUNCTIONS: dict[str, Callable[..., int | None]] = {
    "run": run_all,
    "train": train_command,
    "search": search_command,
    "compare": compare_command,
    "study": study_command,
    "retrain": retrain_command,
    "export": export_command,
    "reproduce": reproduce_command,
    "report": report_command,
    "describe": describe_command,
}
