"""Section of the report: the network to take, at each budget and overall."""

from pathlib import Path

from nas.report.chart.figure import draw_front
from nas.report.chart.records import front_records
from nas.report.chart.values import WIDTH
from nas.report.chart.words import front_description
from nas.report.figures import Figure
from nas.report.pick.budgets import budget_table, picks
from nas.report.pick.tables import front_csv, front_table, retrained_csv, trials_csv
from nas.report.pick.values import pick_values
from nas.report.pick.words import front_caption
from nas.report.sections import Files, Section
from nas.report.summary import Summary
from nas.report.tables import Table


def _tables(summary: Summary) -> list[Table]:
    found = [Table("front", "The front and its baselines", front_table(summary), front_csv(summary))]
    budgets = picks(summary)
    if budgets:
        found.append(Table("budgets", "The network to take at each budget", budget_table(summary, budgets)))
    return found


def _files(summary: Summary) -> Files:
    return {"trials.csv": trials_csv(summary), "retrained.csv": retrained_csv(summary.data)}


SECTION = Section(
    folder=Path(__file__).parent,
    order=10,
    link="What to pick",
    heading="What should I pick?",
    values=pick_values,
    figures=(Figure("front", WIDTH, draw_front, front_caption, front_description, front_records),),
    tables=_tables,
    files=_files,
)
