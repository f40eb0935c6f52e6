"""Tables of a report: rows of text, and their forms as CSV, Markdown, LaTeX and plain text."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas.report import wording
from nas.system.cells import csv_cell, markdown_cell

Rows = list[tuple[str, ...]]
"""Rows of cells; the first row is the heading."""


@dataclass(frozen=True)
class Table:
    """A table with a CSV, a Markdown and a LaTeX file."""

    name: str
    """Name of its files, without their endings."""
    title: str
    rows: Rows
    every_digit: str | None = None
    """Text of the CSV file with values in full; None: the CSV file has the rows as they are."""

    def files(self) -> dict[str, str]:
        """Texts of the three forms by the names of their files."""
        exact = as_csv(self.rows) if self.every_digit is None else self.every_digit
        return {
            f"{self.name}.csv": exact,
            f"{self.name}.md": as_markdown(self.rows),
            f"{self.name}.tex": as_latex(self.rows),
        }


def as_text(rows: Rows) -> str:
    """Plain text with aligned columns for a terminal; numbers are on the right."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [
        any(row[place].lstrip(wording.MINUS)[:1].isdigit() for row in rows[1:]) and place > 0
        for place in range(len(widths))
    ]
    lines = [
        "  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def as_markdown(rows: Rows) -> str:
    """A Markdown table as GitHub reads it."""
    lines = ["| " + " | ".join(markdown_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]) + "\n"


def as_latex(rows: Rows) -> str:
    """A LaTeX `tabular` that uses the package booktabs."""
    lines = [" & ".join(map(_latex, row)) + r" \\" for row in rows]
    body = "\n".join(lines[1:])
    columns = "l" * len(rows[0])
    head = f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{lines[0]}\n\\midrule"
    return f"{head}\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Text of a CSV file, without cells that a spreadsheet would take for formulas."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([csv_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Path and text of every leaf of nested dictionaries and lists."""
    if isinstance(value, dict):
        return [leaf for name, own in value.items() for leaf in leaves(own, f"{path} / {name}" if path else str(name))]
    if isinstance(value, list | tuple):
        return [(path, ", ".join(map(str, value)) or wording.NONE)]
    return [(path, wording.NONE if value is None else str(value))]


def _latex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {character: f"\\{character}" for character in "&%$#_{}"}
    special |= {"·": r"$\cdot$", "±": r"$\pm$", "×": r"$\times$", wording.NONE: "--", wording.MINUS: "$-$"}
    return "".join(special.get(character, character) for character in text)
