"""Section of the report: the provenance of the run."""

from pathlib import Path

from nas.report.made.values import MANIFEST, made_tables, made_values, manifest
from nas.report.sections import Section

SECTION = Section(
    folder=Path(__file__).parent,
    order=70,
    link="How it was made",
    heading="How was this made?",
    values=made_values,
    tables=lambda summary: made_tables(summary.data),
    files=lambda summary: {MANIFEST: manifest(summary.data)},
)
