"""Reports of runs: reading a run's folder into the values of a report, and writing the page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nas.models.attention import grows_linearly
from nas.report.chart.axes import computed_axes, measured_axes
from nas.report.compare.runs import headline_table, labels, write_several
from nas.report.compare.strategies import Comparison, Searched, write_comparison
from nas.report.data import ReportData
from nas.report.found import found_data, networks_of
from nas.report.page import write_page
from nas.report.sections import found_sections
from nas.report.summary import Summary
from nas.report.tables import as_text
from nas.runs.records import Search
from nas.runs.run import Run
from nas.search.controls import RANDOM
from nas.search_space import architecture_id
from nas.search_space.patterns import FULL, PERIODS, hybrid_periods, kinds, linear_kinds

MOST_SEEDS = 100
"""Number of seeds for which a random search is looked for."""


def report(run: Run, folder: Path | None = None, refresh_seconds: int | None = None) -> Path:
    """Write the run's report, into a folder of its own by default; returns the path of the page.

    Args:
        refresh_seconds: Seconds after which the page reloads itself; None: never.
    """
    data = replace(report_data(run), refresh_seconds=refresh_seconds)
    return write_page(data, run.report_folder if folder is None else folder)


def report_several(runs: Sequence[Run], folder: Path | None) -> tuple[Path, str]:
    """Write a page that compares runs, and each run's report beside it.

    Args:
        folder: Folder of the page; None: `report` beside the first run.

    Returns: The path of the page, and a plain text table of the recommended networks.
    Raises: ValueError if a run is named twice, or the folder is one.
    """
    names = labels([run.folder for run in runs])
    target = folder if folder is not None else runs[0].folder.parent / "report"
    if Run.exists(target):
        raise ValueError(f"{target} is a run, so it cannot hold a report of several; name another folder with --out")
    data = {name: report_data(run) for name, run in zip(names, runs, strict=True)}
    page = write_several(data, target)
    return page, as_text(headline_table({name: Summary(each) for name, each in data.items()}))


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
    """Everything that the report of a run shows."""
    data, experiment = found_data(run), run.experiment
    at_random = tuple(tuple(run.comparison(each.name)[0]) for each in _random_searches(run))
    data = replace(
        data,
        provenance=_provenance(run),
        fresh=_fresh(run),
        no_hybrids=None if data.hybrids else _why_no_hybrids(run),
        axes=(*computed_axes(experiment, networks_of(data)), *measured_axes(run)),
        random_searches=at_random,
        share_inside=run.space.share_inside(np.random.default_rng(0)) if run.space.limits else None,
        baselines=run.manifest.get("baselines", {}),
        references=experiment.references,
    )
    found = (section.read(run, data) for section in found_sections() if section.read is not None)
    return replace(data, section_data=tuple(each for each in found if each is not None))


def _why_no_hybrids(run: Run) -> str | None:
    space = run.experiment.space
    if FULL not in kinds(space) or not linear_kinds(space, grows_linearly):
        return None
    if not hybrid_periods(space, grows_linearly):
        return f"one softmax layer in {PERIODS[0]} or more needs deeper networks than this space has"
    return (
        "no network inside the limits was deep enough, or the search is from a version without hybrids; "
        f"nas search {run.folder} evaluates them, as long as the trained supernet is there"
    )


def _random_searches(run: Run) -> list[Search]:
    """Random searches with the search budget of the run, from the run itself or from a comparison."""
    found = (Search(RANDOM, seed, run.experiment.evaluations) for seed in range(MOST_SEEDS))
    return [search for search in found if run.has_comparison(search.name)]


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
