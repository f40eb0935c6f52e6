"""Section of the report: choices that good networks share, and their importance."""

from pathlib import Path
from typing import Any

from nas.report.figures import Figure
from nas.report.look.figures import draw_attention, draw_choices, draw_importance
from nas.report.look.values import look_of, read_look
from nas.report.look.words import choice_rows, choice_text, importance_rows, importance_text
from nas.report.sections import Section
from nas.report.summary import Summary
from nas.report.tables import Table

ATTENTION = Figure(
    "attention",
    590,
    draw_attention,
    caption=lambda summary: "Attention kind of each layer of the networks on the front, cheapest first.",
    description=lambda summary: (
        f"Attention kind ({', '.join(summary.kinds)}) of each layer of the networks on the front, cheapest first."
    ),
)
CHOICES = Figure(
    "choices",
    430,
    draw_choices,
    caption=lambda summary: (
        "Every option of every choice, counted once for each layer. Random networks are drawn inside the limits."
    ),
    description=lambda summary: (
        "Share of each option of each choice on the front and among random networks; see the table."
    ),
)
IMPORTANCE = Figure(
    "importance",
    540,
    draw_importance,
    caption=lambda summary: "Share of the variance of inherited quality that each choice explains by itself.",
    description=lambda summary: "Importance of each choice for inherited quality; see the table.",
)


def _values(summary: Summary) -> dict[str, Any]:
    look = look_of(summary.data)
    return {"choices": choice_text(look, len(summary.front)), "importance": importance_text(look)}


def _tables(summary: Summary) -> list[Table]:
    look = look_of(summary.data)
    found = [
        Table("choices", "Options on the front and in the space", choice_rows(look)),
        Table("importance", "Importance of each choice", importance_rows(look)),
    ]
    return [table for table in found if table.rows]


SECTION = Section(
    folder=Path(__file__).parent,
    order=20,
    link="What good networks look like",
    heading="What do good networks look like?",
    values=_values,
    figures=(ATTENTION, CHOICES, IMPORTANCE),
    tables=_tables,
    read=read_look,
)
