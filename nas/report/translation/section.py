"""Section of the report: translation scores, for tasks that have any."""

from pathlib import Path
from typing import Any

from nas.report.sections import Section
from nas.report.summary import Summary
from nas.report.tables import Table
from nas.report.translation.words import bleu_card, bleu_csv


def _values(summary: Summary) -> dict[str, Any] | None:
    card = bleu_card(summary)
    return None if card is None else {"card": card}


def _tables(summary: Summary) -> list[Table]:
    card = bleu_card(summary)
    return [] if card is None else [Table("bleu", "Translation scores", card.rows, bleu_csv(summary.data))]


SECTION = Section(
    folder=Path(__file__).parent,
    order=60,
    link="Translation",
    heading="How well does it translate?",
    values=_values,
    tables=_tables,
)
