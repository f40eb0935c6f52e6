"""What the sections after the first show, and the tables that go with them as files."""

from typing import Any

from nas.report import tables
from nas.report.lengths.words import length_rows, length_text, lengths_csv
from nas.report.look.words import choice_rows, choice_text, importance_rows, importance_text
from nas.report.summary import Summary
from nas.report.trust.words import fidelity_text, ranker_rows
from nas.report.worth.words import devices, progress_facts, spent_csv, spent_rows, worth_text


def section_values(summary: Summary) -> dict[str, Any]:
    """Sentences and rows by the names that the templates have for them."""
    data = summary.data
    return {
        "choices": choice_text(data, len(summary.front)),
        "importance": importance_text(data),
        "fidelity": fidelity_text(summary),
        "worth": worth_text(summary),
        "progress": progress_facts(summary),
        "devices": devices(data),
        "lengths": length_text(data),
        "translates": "across" in summary.sites,
        "rows": section_tables(summary),
    }


def section_tables(summary: Summary) -> dict[str, tables.Rows]:
    """Tables that have rows, by the name of their files."""
    found = {
        "choices": choice_rows(summary.data),
        "importance": importance_rows(summary.data),
        "rankers": ranker_rows(summary),
        "phases": spent_rows(summary.data),
        "lengths": length_rows(summary.data),
    }
    return {name: rows for name, rows in found.items() if rows}


def section_files(summary: Summary) -> dict[str, str]:
    """Every table in all its forms, by file name."""
    texts: dict[str, str] = {}
    for name, rows in section_tables(summary).items():
        texts |= tables.in_all_forms(name, rows)
    data = summary.data
    # tables to be read are rounded; these keep every digit
    texts |= {"phases.csv": spent_csv(data)} if data.spent else {}
    return texts | ({} if data.lengths is None else {"lengths.csv": lengths_csv(data.lengths)})
