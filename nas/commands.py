"""What each command does: plain functions over a run's folder."""

import argparse
import dataclasses
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.describe import describe_experiment
from nas.devices import default_device
from nas.experiment import load
from nas.export import export
from nas.overrides import apply_overrides
from nas.report.from_run import report, terminal_table
from nas.retrain import Choice, choose, retrain
from nas.run import Run
from nas.search import feasible_space, search
from nas.search_space import architecture_id
from nas.train import train

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Option:
    """An argument of a command."""

    name: str
    help: str
    type: Callable[[str], Any] = str
    default: Any = None
    nargs: str | None = None
    metavar: str | None = None

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        arguments: dict[str, Any] = {"help": self.help, "type": self.type, "default": self.default, "nargs": self.nargs}
        parser.add_argument(self.name, metavar=self.metavar, **arguments)


@dataclass(frozen=True)
class Command:
    """A command and its arguments."""

    function: Callable[..., None]
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    takes_settings: bool = False
    """Whether settings of the experiment may be changed: --limits.flops 30e6."""


def run_all(
    experiment: str, out: Path | None, data: Path | None, workers: int, overrides: dict[str, str], command_line: str
) -> None:
    """Train, search, retrain, export and report: all of an experiment.

    Goes on where it stopped. Settings of the experiment are changed by name: --seed 1 --limits.flops 30e6."""
    run = _run_of(experiment, out, data, overrides, command_line)
    # limits that cannot be met are refused before the hours of training, not after
    feasible_space(run).check_limits()
    train(run)
    search(run, workers)
    selection = run.experiment.selection
    choices = choose(run, selection)
    retrain(run, choices, workers, selection)
    for choice in choices:
        export(run, architecture_id(choice.architecture))
    page = report(run)
    print(terminal_table(run))
    print(f"\nreport   {page}\nexports  {run.folder / 'exports'}\nnext     nas.load(FOLDER) in Python; nas retrain {run.folder} --seeds 3")


def train_command(
    experiment: str, out: Path | None, data: Path | None, overrides: dict[str, str], command_line: str
) -> None:
    """Train the supernet of an experiment or of a run.

    Settings of the experiment are changed by name: --supernet.steps 1000."""
    run = _run_of(experiment, out, data, overrides, command_line)
    feasible_space(run).check_limits()
    train(run)
    print(f"supernet  {run.folder}\nnext      nas search {run.folder}")


def search_command(run: Path, data: Path | None, workers: int) -> None:
    """Search with the trained supernet: one evaluated architecture a line in trials.jsonl."""
    opened = Run(run, data)
    search(opened, workers)
    print(terminal_table(opened))
    print(f"\ntrials  {run / 'trials.jsonl'}\nnext    nas retrain {run}")


def retrain_command(
    run: Path, id: str | None, top: int | None, seeds: int | None, arms: str | None, data: Path | None, workers: int
) -> None:
    """Train the best networks from scratch or from inherited weights, and test them once each."""
    opened = Run(run, data)
    asked = {"top": top, "seeds": seeds, "arms": tuple(arms.split(",")) if arms else None}
    selection = dataclasses.replace(
        opened.experiment.selection, **{name: value for name, value in asked.items() if value is not None}
    )
    choices = choose(opened, selection) if id is None else [_choice(opened, id)]
    retrain(opened, choices, workers, selection)
    print(terminal_table(opened))
    print(f"\nnext  nas report {run}; nas export {run}")


def export_command(run: Path, id: str | None, data: Path | None) -> None:
    """Write a retrained network as a folder that stands alone; without an id, every retrained one."""
    opened = Run(run, data)
    identifiers = [id] if id else sorted({result.id for result in opened.retrained()})
    if not identifiers:
        raise ValueError(f"{run} has no retrained network; run nas retrain {run} first")
    for identifier in identifiers:
        print(f"export  {export(opened, identifier)}")
    print("next    nas.load(FOLDER) in Python gives the network")


def report_command(runs: list[Path]) -> None:
    """Write the page, figures and tables of a run, finished or not."""
    for folder in runs:
        opened = Run(folder)
        page = report(opened)
        print(terminal_table(opened))
        print(f"\nreport  {page}")


def describe_command(experiment: str, data: Path | None, overrides: dict[str, str], command_line: str) -> None:
    """Say what an experiment will do: size of the space, costs, limits, data, device."""
    loaded = load(experiment)
    print(describe_experiment(apply_overrides(loaded.experiment, overrides), loaded.name, data))


def _run_of(
    experiment: str, out: Path | None, data: Path | None, overrides: dict[str, str], command_line: str
) -> Run:
    """The run of an experiment's file, or of a folder that holds one."""
    folder = Path(experiment)
    if folder.is_dir():
        if overrides or out:
            raise ValueError(f"{folder} is a run, whose settings stay; change them with an experiment's file and --out")
        return Run(folder, data)
    loaded = load(experiment)
    return Run.create(out or Path("results") / loaded.name, loaded, experiment, overrides, data, command_line)


def _choice(run: Run, identifier: str) -> Choice:
    for trial in [*run.trials(), *run.anchors()]:
        if architecture_id(trial.architecture) == identifier:
            return Choice(trial.architecture, "chosen")
    raise ValueError(f"no network {identifier!r} among the trials of {run.folder}")


def _workers(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers; it must be 1 or more")
    return int(text)


def _default_workers() -> int:
    # a GPU is shared badly by processes that do not know of one another
    return 1 if default_device().type == "cuda" else os.cpu_count() or 1


EXPERIMENT = Option("experiment", "a Python file, file.py:variant, or the folder of a run", metavar="EXPERIMENT")
RUN = Option("run", "folder of a run", Path, metavar="RUN")
OUT = Option("--out", "folder of the run (default: results/NAME)", Path, metavar="FOLDER")
DATA = Option("--data", "folder with the task's data (default: what the task embeds or downloads)", Path, metavar="FOLDER")
WORKERS = Option("--workers", "processes of one thread each (default: one a core)", _workers, _default_workers(), metavar="N")
ID = Option("--id", "id of a network, as in the report's table", metavar="ID")

COMMANDS = {
    "run": Command(
        run_all,
        (EXPERIMENT, OUT, DATA, WORKERS),
        (
            "nas run experiments/digits.py",
            "nas run experiments/cifar10.py:cpu --data DATA --limits.flops 10e6 --seed 1 --out results/second",
        ),
        takes_settings=True,
    ),
    "train": Command(train_command, (EXPERIMENT, OUT, DATA), ("nas train experiments/digits.py",), takes_settings=True),
    "search": Command(search_command, (RUN, DATA, WORKERS), ("nas search results/digits",)),
    "retrain": Command(
        retrain_command,
        (
            RUN,
            ID,
            Option("--top", "networks of the front", int, metavar="K"),
            Option("--seeds", "trainings of each", int, metavar="N"),
            Option("--arms", "scratch, inherited, or both with a comma between", metavar="ARMS"),
            DATA,
            WORKERS,
        ),
        ("nas retrain results/digits --top 5 --seeds 3", "nas retrain results/digits --id 1a2b3c4d5e --arms scratch"),
    ),
    "export": Command(
        export_command,
        (RUN, Option("id", "id of a network; without it, all that were retrained", nargs="?", metavar="ID"), DATA),
        ("nas export results/digits 1a2b3c4d5e",),
    ),
    "report": Command(
        report_command,
        (Option("runs", "folders of runs", Path, nargs="+", metavar="RUN"),),
        ("nas report results/digits",),
    ),
    "describe": Command(
        describe_command, (EXPERIMENT, DATA), ("nas describe experiments/cifar10.py:cpu",), takes_settings=True
    ),
}
