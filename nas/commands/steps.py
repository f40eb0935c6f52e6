"""The commands that make a run: all of it, or its steps one by one."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nas.commands.common import Where, print_front
from nas.interface.begin import run_of
from nas.interface.whole import make_whole
from nas.retrain.choose import Selected, choose
from nas.retrain.retrain import retrain
from nas.retrain.training import Halving
from nas.runs.run import Run, network_of_run
from nas.search.compare import compare
from nas.search.loop import search
from nas.search.study import read_trials_into, write_trials
from nas.strategies.named import named_strategy
from nas.supernet.train import train
from nas.system.devices import keep_freed_memory

SEEDS = 5
"""Searches of each strategy in a comparison, unless asked otherwise."""
COMPARED = ["guided", "evolution", "random"]


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
    whole = make_whole(run, where.workers(), processes)
    print_front(run)
    print(f"\nreport   {whole.page}\nexports  {whole.exports}\nnext     nas retrain {run.folder} --seeds 3")


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
    strategies: list[str] | None,
    seeds: int | None,
    budget: int | None,
    overrides: dict[str, str],
    command_line: str,
) -> None:
    keep_freed_memory()
    run = run_of(experiment, out, data, overrides, command_line)
    names = strategies or COMPARED
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
    arms: list[str] | None,
    data: Path | None,
    where: Where,
    asha: bool,
) -> None:
    keep_freed_memory()
    opened = Run(run, data)
    asked: dict[str, Any] = {"top": top, "seeds": seeds, "arms": None if arms is None else tuple(arms)}
    changed = {name: value for name, value in asked.items() if value is not None}
    selection = dataclasses.replace(opened.experiment.selection, **changed)
    choices = choose(opened, selection) if id is None else [choice_of(opened, id)]
    retrain(opened, choices, where.workers(), selection, Halving() if asha else None)
    print_front(opened)
    print(f"\nnext  nas report {run} --measure; nas export {run}")


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
