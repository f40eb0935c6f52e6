"""All of a run, from the first training step to the report."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

from nas.export.families import family_of
from nas.export.write.whole import export, formats_here, formats_of, how_to_use, is_exported
from nas.parallel.map import Workers
from nas.report.lengths.measured import measure_latencies
from nas.retrain.choose import Selected, choose
from nas.retrain.retrain import retrain
from nas.runs.run import Run
from nas.search.loop import search
from nas.search_space import architecture_id
from nas.supernet.train import train
from nas.system.devices import check_precision, default_device


class Whole(NamedTuple):
    """The end of a run."""

    page: Path
    """The page of the report."""
    exports: str
    """Where the exports are and how they are used, or why there are none."""


def make_whole(run: Run, workers: Workers, processes: int | None = None) -> Whole:
    """Train, search, retrain, measure, export and report; what is finished is not done again.

    Args:
        processes: Train the supernet in so many together, under Ray where the workers are; None: in this one.

    Raises: ValueError if the data is missing, or every network of the first generation fails.
    """
    if workers.ray is None:
        # else the workers' devices decide; a training that comes hours later is not to find it out
        check_precision(run.experiment.retrain.precision, default_device())
    train(run, processes or 1, workers.ray if processes else None)
    search(run, workers)
    selection = run.experiment.selection
    choices = choose(run, selection)
    # the time limit is that of an evaluation
    retrain(run, choices, dataclasses.replace(workers, timeout=None), selection)
    measure_latencies(run)
    exports = _export_all(run, choices)
    # here and not above: what reports need takes a second to load, and a mistake should not take that long to be said
    from nas.report.from_run import report

    return Whole(report(run), exports)


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
