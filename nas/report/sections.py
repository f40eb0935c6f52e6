"""What the sections after the first show, and the tables that go with them as files."""

from typing import Any

from nas.report import findings, tables
from nas.report.length_findings import length_rows, length_text, lengths_csv
from nas.report.summary import Summary
from nas.report.trust import fidelity_text, ranker_rows


def section_values(summary: Summary) -> dict[str, Any]:
    """Sentences and rows by the names that the templates have for them."""
    data = summary.data
    return {
        "fidelity": fidelity_text(summary),
        "progress": findings.progress_facts(summary),
        "phases": findings.phases(data),
        "lengths": length_text(data),
        "translates": "across" in summary.sites,
        "rows": section_tables(summary),
    }


def section_tables(summary: Summary) -> dict[str, tables.Rows]:
    """Tables that have rows, by the name of their files."""
    found = {
        "rankers": ranker_rows(summary),
        "lengths": length_rows(summary.data),
    }
    return {name: rows for name, rows in found.items() if rows}


def section_files(summary: Summary) -> dict[str, str]:
    """Every table in all its forms, by file name."""
    texts: dict[str, str] = {}
    for name, rows in section_tables(summary).items():
        texts |= tables.in_all_forms(name, rows)
    lengths = summary.data.lengths
    return texts if lengths is None else texts | {"lengths.csv": lengths_csv(lengths)}
