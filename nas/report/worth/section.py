"""Section of the report: the gain of the search over random search, and its cost."""

from pathlib import Path
from typing import Any

from nas.report.figures import Figure
from nas.report.sections import Section
from nas.report.summary import Summary
from nas.report.tables import Table
from nas.report.worth.figures import draw_progress
from nas.report.worth.values import costs_of, phase_costs
from nas.report.worth.words import phase_csv, phase_rows, progress_facts, worth_text

PROGRESS = Figure(
    "progress",
    540,
    draw_progress,
    caption=lambda summary: (
        "Hypervolume: the area of cost and quality that the front dominates. Its reference point is the greatest cost "
        "and the least quality that were evaluated."
    ),
    description=lambda summary: "Share of the largest hypervolume over the number of networks evaluated.",
)


def _values(summary: Summary) -> dict[str, Any]:
    devices = ", ".join(costs_of(summary.data).devices)
    return {"sentences": worth_text(summary), "facts": progress_facts(summary), "devices": devices}


def _tables(summary: Summary) -> list[Table]:
    costs = costs_of(summary.data)
    rows = phase_rows(costs)
    return [Table("phase_costs", "What each phase took", rows, phase_csv(costs))] if rows else []


SECTION = Section(
    folder=Path(__file__).parent,
    order=40,
    link="Worth",
    heading="Was the search worth it?",
    values=_values,
    figures=(PROGRESS,),
    tables=_tables,
    read=lambda run, data: phase_costs(run),
)
