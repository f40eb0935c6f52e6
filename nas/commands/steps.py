"""The commands that make a run: all of it, or its steps one by one."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nas.commands.common import Where, print_front, run_of, write_report
from nas.experiment.overrides import separate
from nas.export.families import family_of
from nas.export.write.whole import export, formats_here, formats_of, how_to_use, is_exported
from nas.report.lengths.measured import measure_latencies
from nas.retrain.choose import Selected, choose
from nas.retrain.retrain import retrain
from nas.retrain.training import Halving
from nas.runs.run import Run, network_of_run
from nas.search.compare import compare
from nas.search.loop import search
from nas.search.study import read_trials_into, write_trials
from nas.search_space import architecture_id
from nas.strategies.named import named_strategy
from nas.supernet.train import train
from nas.system.devices import keep_freed_memory

SEEDS = 5
"""Searches of each strategy in a comparison, unless asked otherwise."""
COMPARED = "guided,evolution,random"


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
    run = run_of(experiment, out, data, overrides, command_line)
    workers = where.workers()
    train(run, processes or 1, where.ray if processes else None)
    search(run, workers)
    selection = run.experiment.selection
    choices = choose(run, selection)
    # the time limit is that of an evaluation
    retrain(run, choices, dataclasses.replace(workers, timeout=None), selection)
    measure_latencies(run)
    exports = _export_all(run, choices)
    page = write_report(run)
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
    run = run_of(experiment, out, data, overrides, command_line)
    train(run, processes or 1, ray)
    print(f"supernet  {run.folder}\nnext      nas search {run.folder}")


def search_command(run: Path, data: Path | None, where: Where) -> None:
    keep_freed_memory()
    opened = Run(run, data)
    search(opened, where.workers())
    print_front(opened)
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
    run = run_of(experiment, out, data, overrides, command_line)
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
    choices = choose(opened, selection) if id is None else [choice_of(opened, id)]
    retrain(opened, choices, where.workers(), selection, Halving() if asha else None)
    print_front(opened)
    print(f"\nnext  nas report {run} --measure; nas export {run}")


def _export_all(run: Run, choices: list[Selected]) -> str:
    """Where the exports are and how they are used, or why there are none."""
    task, folder = run.experiment.task, run.folder
    if family_of(task) is None:
        why = f"the networks of task {task.name} come from a builder of its own"
        return f"none: {why}; weights are in {folder / 'subnets'}"
    formats = formats_here(None, formats_of(task))
    for choice in choices:
        # programs take seconds each; those of networks that are there for comparison are written when asked for
        identifier, chosen = architecture_id(choice.architecture), formats if choice.origin == "front" else ()
        if not is_exported(run, identifier, chosen):
            export(run, identifier, chosen)
    return f"{folder / 'exports'}; {how_to_use(task)}"


def choice_of(run: Run, identifier: str) -> Selected:
    return Selected(network_of_run(run, identifier), "chosen")


FUNCTIONS: dict[str, Callable[..., None]] = {
    "run": run_all,
    "train": train_command,
    "search": search_command,
    "compare": compare_command,
    "study": study_command,
    "retrain": retrain_command,
}
