"""Several runs side by side: one page that compares them, and the report of each in a folder beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.report import tables, wording
from nas.report.chart.forms import DrawnChart, drawn_chart
from nas.report.chart.values import Chart, cost_title
from nas.report.data import ReportData
from nas.report.descriptions import description
from nas.report.page import doc_paragraphs, template, write_report
from nas.report.pick import words as findings
from nas.report.pick.budgets import best_within, budgets
from nas.report.summary import Summary
from nas.report.tables import Rows
from nas.system.files import replacing, write_text

COMPARED = ("settings", "overrides", "seed", "data")
"""Of the provenance: what may make the difference."""


def write_several(runs: Mapping[str, ReportData], folder: Path) -> Path:
    """Write the page that compares runs, its figures and tables, and each run's own report in a folder of its label.

    Returns: The page, `index.html` in `folder`.
    """
    summaries = {label: Summary(data) for label, data in runs.items()}
    charts = charts_of(summaries)
    named = zip(charts, _names("front", charts), strict=True)
    drawn = [drawn_chart(chart, name, _description(chart)) for chart, name in named]
    texts = tables.in_all_forms("runs", headline_table(summaries))
    for chart, name in zip(charts, _names("budgets", charts), strict=True):
        texts |= tables.in_all_forms(name, budget_table(chart))
    for each in drawn:
        if each is not None:
            texts[f"{each.name}.svg"] = each.svg
            with replacing(folder / f"{each.name}.png", "wb") as file:
                file.write(each.png)
    for label, data in runs.items():
        write_report(data, folder / label)
    # last, since it links to all the others
    texts["index.html"] = page(summaries, charts, drawn)
    for name, text in texts.items():
        write_text(folder / name, text)
    return folder / "index.html"


def labels(folders: Sequence[Path]) -> list[str]:
    """A name for each run, of its folder; a number behind those that others have as well.

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
    """Runs whose task, qualities, first cost and its setting agree share a chart; the others have their own."""
    shared: dict[Any, dict[str, Summary]] = {}
    for label, summary in summaries.items():
        data = summary.data
        agreed = (data.task, cost_title(data, data.axis), data.searched, data.tested)
        shared.setdefault(agreed, {})[label] = summary
    return [Chart(runs) for runs in shared.values()]


def headline_table(summaries: Mapping[str, Summary]) -> Rows:
    """A line for each run: what it recommends, and what that took."""
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
        rows.append((label, *found, findings.limits(data), evaluated, time))
    return rows


def budget_table(chart: Chart) -> Rows:
    """A line for each budget: what every run offers at no more than it, each chosen on its search split."""
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
    """Settings that are not the same in all runs: name, and the value in each."""
    by_run = [dict(findings.leaves(_settings(summary.data))) for summary in summaries.values()]
    names = dict.fromkeys(name for leaves in by_run for name in leaves)
    rows = [(name, *(leaves.get(name, wording.NONE) for leaves in by_run)) for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]


def _settings(data: ReportData) -> dict[str, Any]:
    return {name: data.provenance[name] for name in COMPARED if name in data.provenance}


def page(summaries: Mapping[str, Summary], charts: Sequence[Chart], drawn: Sequence[DrawnChart | None]) -> str:
    """The HTML text."""
    marks = {kind: mark for chart in charts for kind, mark in chart.marks.items()}
    shown = [
        {"runs": list(chart.runs), "chart": own, "budgets": budget_table(chart), "table": name}
        for chart, own, name in zip(charts, drawn, _names("budgets", charts), strict=True)
    ]
    return template("several.html.j2").render(
        title=", ".join(summaries),
        marks=marks,
        kinds_by_letter={mark.letter: mark.kind for mark in marks.values()},
        runs={label: doc_paragraphs(summary.data)[:1] for label, summary in summaries.items()},
        headline=headline_table(summaries),
        charts=shown,
        differences=differences(summaries),
        scripts=any(drawn),
    )


def _names(of: str, charts: Sequence[Chart]) -> list[str]:
    """Of the files of each chart."""
    return [of] if len(charts) == 1 else [f"{of}-{number}" for number in range(1, len(charts) + 1)]


def _description(chart: Chart) -> str:
    return " ".join(f"{label}: {description(run, 'front')}" for label, run in chart.runs.items())
