"""Several runs side by side: a page that compares them, and the report of each run in a folder beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.report import wording
from nas.report.chart.figure import draw_chart
from nas.report.chart.records import chart_records
from nas.report.chart.values import WIDTH, Chart, cost_title
from nas.report.chart.words import front_description
from nas.report.data import ReportData
from nas.report.figures import DrawnFigure, scripted_figure
from nas.report.page import doc_paragraphs, environment, write_files, write_page
from nas.report.pick.budgets import best_within, budgets
from nas.report.sections import join_files
from nas.report.summary import Summary
from nas.report.tables import Rows, Table, leaves

COMPARED = ("settings", "overrides", "seed", "data")
"""Keys of the provenance in which a difference between runs is shown."""


@dataclass(frozen=True)
class SharedAxes:
    """Runs that share a figure and a table of budgets."""

    runs: list[str]
    figure: DrawnFigure | None
    """The figure of the runs; None before the first evaluation."""
    budgets: Table


def write_several(runs: Mapping[str, ReportData], folder: Path) -> Path:
    """Write the page that compares runs, its figures and tables, and each run's own report in a folder of its label.

    Returns: The page, `index.html` in `folder`.
    """
    summaries = {label: Summary(data) for label, data in runs.items()}
    headline = Table("runs", "Each run and the network that it recommends", headline_table(summaries))
    shared = _shared_axes(charts_of(summaries))
    figures = [each.figure for each in shared if each.figure is not None]
    for label, data in runs.items():
        write_page(data, folder / label)
    owned = [(f"table {table.name}", table.files()) for table in (headline, *(each.budgets for each in shared))]
    owned_figures = [(f"figure {figure.name}", figure.files()) for figure in figures]
    # the page is written last, since it links to all the others
    text = _page(summaries, headline, shared)
    write_files(join_files([*owned, *owned_figures, ("the page", {"index.html": text})]), folder)
    return folder / "index.html"


def labels(folders: Sequence[Path]) -> list[str]:
    """Labels of runs: the names of their folders, with a number after a name that occurs again.

    Raises: ValueError if a run is named twice.
    """
    found: list[str] = []
    seen: set[Path] = set()
    for folder in folders:
        if folder.resolve() in seen:
            raise ValueError(f"{folder} is named twice; name each run once")
        seen.add(folder.resolve())
        name = folder.resolve().name
        number = 1 + sum(other.resolve().name == name for other in folders[: len(found)])
        found.append(name if number == 1 else f"{name}-{number}")
    return found


def charts_of(summaries: Mapping[str, Summary]) -> list[Chart]:
    """Charts of the runs; runs share one if their task, qualities, first cost and its input agree."""
    shared: dict[Any, dict[str, Summary]] = {}
    for label, summary in summaries.items():
        data = summary.data
        agreed = (data.task, cost_title(data, data.axis), data.searched, data.tested)
        shared.setdefault(agreed, {})[label] = summary
    return [Chart(runs) for runs in shared.values()]


def headline_table(summaries: Mapping[str, Summary]) -> Rows:
    """A row for each run: the network that it recommends, and the cost of the search."""
    rows: Rows = [("Run", "Recommended", "Quality", "Inherited", "First cost", "Limits", "Evaluated", "Wall time")]
    for label, summary in summaries.items():
        data, best = summary.data, summary.recommended
        evaluated = f"{sum(trial.quality is not None for trial in data.trials):,}"
        seconds = sum(data.provenance.get("wall_seconds", {}).values())
        time = wording.duration(seconds) if seconds else wording.NONE
        found = (wording.NONE,) * 4
        if best is not None:
            spread = None if best.best_arm is None else best.arms[best.best_arm]
            quality = wording.spread_with_unit(data.tested, spread)
            inherited = wording.quality_with_unit(data.searched, best.inherited)
            cost = f"{wording.amount(best.costs.get(data.axis))} {wording.title(data.axis)}"
            found = (best.id, quality, inherited, cost)
        rows.append((label, *found, wording.limits(data.limits), evaluated, time))
    return rows


def budget_table(chart: Chart) -> Rows:
    """A row for each budget: the best network of every run within it, chosen on the search split of the run."""
    rounded = {budget for summary in chart.runs.values() for budget in budgets(summary)}
    rows: Rows = [(f"{wording.title(chart.first.data.axis)} at most", *chart.runs)]
    for budget in sorted(rounded):
        rows.append((wording.amount(budget), *(_offer(summary, budget) for summary in chart.runs.values())))
    return rows


def _offer(summary: Summary, budget: float) -> str:
    best, data = best_within(summary, budget), summary.data
    if best is None:
        return wording.NONE
    if best.best_arm is None:
        return f"{best.id}: {wording.quality_with_unit(data.searched, best.inherited)}, inherited"
    return f"{best.id}: {wording.spread_with_unit(data.tested, best.arms[best.best_arm])}"


def differences(summaries: Mapping[str, Summary]) -> Rows:
    """Settings that differ between runs: the name, and the value in each run."""
    by_run = [dict(leaves(_settings(summary.data))) for summary in summaries.values()]
    names = dict.fromkeys(name for leaves in by_run for name in leaves)
    rows = [(name, *(leaves.get(name, wording.NONE) for leaves in by_run)) for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]


def _settings(data: ReportData) -> dict[str, Any]:
    return {name: data.provenance[name] for name in COMPARED if name in data.provenance}


def _shared_axes(charts: Sequence[Chart]) -> list[SharedAxes]:
    endings = [""] if len(charts) == 1 else [f"-{number}" for number in range(1, len(charts) + 1)]
    return [
        SharedAxes(
            list(chart.runs),
            _figure(chart, f"front{ending}"),
            Table(f"budgets{ending}", "The network to take at each budget", budget_table(chart)),
        )
        for chart, ending in zip(charts, endings, strict=True)
    ]


def _figure(chart: Chart, name: str) -> DrawnFigure | None:
    plot = draw_chart(chart, WIDTH)
    if plot is None:
        return None
    colours = "Colours are runs, shapes are attention kinds. " if len(chart.runs) > 1 else ""
    caption = (
        f"{colours}Point at a network to see its details, click to pin it, and click an entry of the legend to hide or "
        "show it. Error bars are one sample standard deviation over seeds."
    )
    label = " ".join(f"{label}: {front_description(run)}" for label, run in chart.runs.items())
    return scripted_figure(name, plot, caption, label, chart_records(chart))


def _page(summaries: Mapping[str, Summary], headline: Table, shared: Sequence[SharedAxes]) -> str:
    marks = {kind: mark for summary in summaries.values() for kind, mark in Chart(summaries).marks.items()}
    return (
        environment(marks)
        .get_template("runs.html.j2")
        .render(
            title=", ".join(summaries),
            runs={label: doc_paragraphs(summary.data)[:1] for label, summary in summaries.items()},
            headline=headline,
            shared=shared,
            differences=differences(summaries),
            scripts=any(each.figure for each in shared),
        )
    )
