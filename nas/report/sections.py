"""Sections of the page: each answers one question from a folder of its own, and no other file knows its name.

A folder of `nas/report` with a `section.py` is a section. The value `SECTION` of that file names its question, its
values, figures, tables and files; `section.html.j2` beside it is the section's body.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nas.report
from nas.report.data import ReportData
from nas.report.figures import DrawnFigure, Figure, draw_figure
from nas.report.summary import Summary
from nas.report.tables import Table
from nas.runs.run import Run

TEMPLATE = "section.html.j2"

Files = Mapping[str, str | bytes]
"""Contents by the names of the files."""


@dataclass(frozen=True)
class Section:
    """One question of the page with everything that answers it."""

    folder: Path
    """Folder with the template; its name is the anchor of the section."""
    order: int
    """Position on the page: sections are sorted by it."""
    link: str
    """Text of the section's link in the navigation."""
    heading: str
    """The question."""
    values: Callable[[Summary], dict[str, Any] | None]
    """Values that the template shows, by name; None where the section does not concern the run and is left out."""
    figures: tuple[Figure, ...] = ()
    tables: Callable[[Summary], Sequence[Table]] = lambda summary: ()
    """Tables with files of their own; the template shows them by their names."""
    files: Callable[[Summary], Files] = lambda summary: {}
    """Further files."""
    read: Callable[[Run, ReportData], Any] | None = None
    """Reads from a run what `ReportData` lacks; sections get the value back from `ReportData.find`, by its type."""

    @property
    def name(self) -> str:
        """Anchor of the section in the page."""
        return self.folder.name


@dataclass(frozen=True)
class ShownSection:
    """A section as it shows one run."""

    section: Section
    values: dict[str, Any]
    figures: dict[str, DrawnFigure]
    tables: dict[str, Table]
    files: Files

    def all_files(self) -> Iterable[tuple[str, Files]]:
        """Owner and files of each figure, of each table, and of the rest."""
        name = f"section {self.section.name}"
        yield from ((f"figure {each.name} of {name}", each.files()) for each in self.figures.values())
        yield from ((f"table {each.name} of {name}", each.files()) for each in self.tables.values())
        yield name, self.files


def found_sections() -> tuple[Section, ...]:
    """All sections in the order of the page."""
    folders = [f"{nas.report.__name__}.{each.name}" for each in pkgutil.iter_modules(nas.report.__path__) if each.ispkg]
    modules = [f"{folder}.section" for folder in folders if importlib.util.find_spec(f"{folder}.section")]
    found: list[Section] = [importlib.import_module(module).SECTION for module in modules]
    return tuple(sorted(found, key=lambda section: section.order))


def show_sections(sections: Sequence[Section], summary: Summary) -> list[ShownSection]:
    """The sections that concern a run, with their figures drawn.

    Raises: ValueError if two sections have the same name.
    """
    names = [section.name for section in sections]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two sections are named {twice!r}; rename the folder of one of them")
    return [shown for section in sections if (shown := _show(section, summary)) is not None]


def _show(section: Section, summary: Summary) -> ShownSection | None:
    values = section.values(summary)
    if values is None:
        return None
    figures = [drawn for figure in section.figures if (drawn := draw_figure(figure, summary)) is not None]
    tables = section.tables(summary)
    return ShownSection(
        section,
        values,
        {figure.name: figure for figure in figures},
        {table.name: table for table in tables},
        section.files(summary),
    )


def join_files(owned: Iterable[tuple[str, Files]]) -> dict[str, str | bytes]:
    """All files of all owners.

    Raises: ValueError if two owners write a file of the same name.
    """
    found: dict[str, str | bytes] = {}
    owners: dict[str, str] = {}
    for owner, files in owned:
        for name, content in files.items():
            if name in owners:
                raise ValueError(f"{owners[name]} and {owner} both write {name}; rename one of them")
            owners[name], found[name] = owner, content
    return found
