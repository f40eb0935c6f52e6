"""What tests of guides share: the blocks of a page, and its commands as they stand in it."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]


def text_of(guide: str) -> str:
    return (ROOT / "docs" / guide).read_text(encoding="utf-8")


def blocks(guide: str, language: str) -> list[str]:
    """Blocks of this language and nothing behind it: `sh`, or `sh watch`."""
    return re.findall(rf"```{language}\n(.*?)```", text_of(guide), re.DOTALL)


def commands(guide: str, language: str = "sh") -> list[list[str]]:
    """The words of each line of the shell blocks, without comments."""
    lines = [line.split("  #")[0].strip() for block in blocks(guide, language) for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line]


def broken_links(guide: str) -> list[str]:
    """Links to files that are not there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(guide))
    return [link for link in links if not (ROOT / "docs" / link).exists()]


def table_rows(guide: str) -> dict[str, list[str]]:
    """Cells of every table's lines, by the first one without its marks."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text_of(guide).splitlines() if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in rows}
