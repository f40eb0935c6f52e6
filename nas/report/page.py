"""The page of one run: an offline HTML file, with its figures and tables as files beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nas.report import wording
from nas.report.data import ReportData
from nas.report.marks import Mark
from nas.report.sections import TEMPLATE, Section, ShownSection, found_sections, join_files, show_sections
from nas.report.summary import Summary
from nas.report.tiles import tiles
from nas.system.files import replacing, write_text


def write_page(data: ReportData, folder: Path, sections: Sequence[Section] | None = None) -> Path:
    """Write the page, the figures and the tables; every file is whole or absent at any moment.

    Args:
        sections: Sections of the page, in their order; None: all that are found.

    Returns: The page, `index.html` in `folder`.
    Raises: ValueError if two sections have the same name, or write a file of the same name.
    """
    summary = Summary(data)
    shown = show_sections(found_sections() if sections is None else sections, summary)
    owned = [files for section in shown for files in section.all_files()]
    # the page is written last, since it links to all the others
    write_files(join_files([*owned, ("the page", {"index.html": _page(summary, shown)})]), folder)
    return folder / "index.html"


def write_files(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write files by their names, each whole or not at all."""
    for name, content in files.items():
        if isinstance(content, str):
            write_text(folder / name, content)
        else:
            with replacing(folder / name, "wb") as file:
                file.write(content)


def environment(marks: Mapping[str, Mark]) -> Environment:
    """Templates of the page, which know the marks of the attention kinds."""
    found = Environment(
        loader=PackageLoader("nas.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"marks": marks, "kinds_by_letter": {mark.letter: mark.kind for mark in marks.values()}}
    return found


def doc_paragraphs(data: ReportData) -> list[list[str]]:
    """Paragraphs of the experiment's docstring; every second part of a paragraph is code."""
    return [paragraph.split("`") for paragraph in wording.paragraphs(data.experiment_doc)]


def _page(summary: Summary, shown: Sequence[ShownSection]) -> str:
    templates = environment(summary.marks)
    return templates.get_template("page.html.j2").render(
        data=summary.data,
        doc_paragraphs=doc_paragraphs(summary.data),
        tiles=tiles(summary),
        sections=[{"section": each.section, "body": _body(templates, summary, each)} for each in shown],
        scripts=any(figure.records for each in shown for figure in each.figures.values()),
    )


def _body(templates: Environment, summary: Summary, shown: ShownSection) -> Markup:
    known: dict[str, Any] = {"data": summary.data, "summary": summary, "figures": shown.figures, "tables": shown.tables}
    template = templates.from_string((shown.section.folder / TEMPLATE).read_text(encoding="utf-8"))
    return Markup(template.render(**known, **shown.values))
