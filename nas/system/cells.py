"""Cells of tables as files of their format may hold them: text that a reader's program does not run."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that a spreadsheet takes for a formula."""


def markdown_cell(text: str) -> str:
    """A cell of a Markdown table in which HTML, ends of lines and bars are text."""
    for character, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|")):
        text = text.replace(character, written)
    return " ".join(text.splitlines())


def csv_cell(text: str) -> str:
    """A cell of a CSV file: text that a spreadsheet would take for a formula has an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
