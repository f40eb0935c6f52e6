"""The page: one offline HTML file, with the figures and tables as files of their own beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from nas.report import drawing, tables, wording
from nas.report.chart.forms import DrawnChart, drawn_chart
from nas.report.chart.values import Chart
from nas.report.data import ReportData
from nas.report.descriptions import description
from nas.report.drawing import NARROW
from nas.report.figures import FIGURES, FigureKind
from nas.report.made.words import made, made_files
from nas.report.pick import words as findings
from nas.report.pick.budgets import Pick, budget_table, next_command, picks
from nas.report.sections import section_files, section_values
from nas.report.summary import Network, Summary
from nas.report.translation.words import bleu_card, bleu_csv
from nas.system.files import replacing, write_text


@dataclass(frozen=True)
class Form:
    """A figure in the page at one width."""

    name: str
    """`wide` or `narrow`: the style sheet shows one of them."""
    svg: Markup


@dataclass(frozen=True)
class DrawnFigure:
    """A figure as the page and the folder need it."""

    name: str
    svg: str
    png: bytes
    forms: tuple[Form, ...]


def write_report(data: ReportData, folder: Path) -> Path:
    """Write the page, the figures and the tables; every file is whole or absent at any moment.

    Returns: The page, `index.html` in `folder`.
    """
    summary = Summary(data)
    figures = [drawn for kind in FIGURES if (drawn := draw(summary, kind))]
    main = drawn_chart(Chart({data.name: summary}), "front", description(summary, "front"))
    images: list[DrawnFigure | DrawnChart] = [*figures, *([main] if main else [])]
    texts = table_files(summary) | made_files(data) | {f"{figure.name}.svg": figure.svg for figure in images}
    texts["index.html"] = page(summary, figures, main)
    for figure in images:
        with replacing(folder / f"{figure.name}.png", "wb") as file:
            file.write(figure.png)
    for name, text in texts.items():
        write_text(folder / name, text)
    return folder / "index.html"


def table_files(summary: Summary) -> dict[str, str]:
    """Every table, those to be read and those with every digit, by the names of their files."""
    data, budgets, card = summary.data, picks(summary), bleu_card(summary)
    texts = tables.in_all_forms("front", tables.front_table(data)) | {"front.csv": tables.front_csv(summary)}
    texts |= {"trials.csv": tables.trials_csv(summary), "retrained.csv": tables.retrained_csv(data)}
    if budgets:
        texts |= tables.in_all_forms("budgets", budget_table(summary, budgets))
    if card is not None:
        texts |= tables.in_all_forms("bleu", card.rows) | {"bleu.csv": bleu_csv(data)}
    return texts | made_files(data) | section_files(summary)


def draw(summary: Summary, kind: FigureKind) -> DrawnFigure | None:
    """A figure in all its forms; None where the run has nothing to show in it yet."""
    wide, narrow = kind.draw(summary, kind.width), kind.draw(summary, NARROW)
    if wide is None or narrow is None:
        return None
    label, svg = description(summary, kind.name), drawing.svg(wide)
    forms = (
        Form("wide", Markup(drawing.inline(svg, f"{kind.name}-wide", label))),
        Form("narrow", Markup(drawing.inline(drawing.svg(narrow), f"{kind.name}-narrow", label))),
    )
    return DrawnFigure(kind.name, svg, drawing.png(wide), forms)


def template(name: str) -> Template:
    """One of the page's templates."""
    environment = Environment(
        loader=PackageLoader("nas.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def page(summary: Summary, figures: list[DrawnFigure], main: DrawnChart | None) -> str:
    """The HTML text."""
    data, groups = summary.data, _groups(summary)
    return template("page.html.j2").render(
        data=data,
        summary=summary,
        figures={figure.name: figure for figure in figures},
        main=main,
        marks=summary.marks,
        doc_paragraphs=doc_paragraphs(data),
        budget_rows=[_budget_row(summary, pick) for pick in picks(summary)],
        kinds_by_letter={mark.letter: mark.kind for mark in summary.marks.values()},
        tiles=findings.tiles(summary),
        verdict=findings.verdict(summary),
        limits=findings.limits(data),
        **section_values(summary),
        groups=groups,
        shape_columns=_shape_columns(groups),
        arm_titles=[wording.ARMS[arm] for arm in summary.arms],
        split_notes=_split_notes(data),
        strip_titles=[wording.site_title(site, len(summary.sites)) for site in summary.sites],
        limited_kinds=any(own.kind and set(own.kinds) != {own.kind} for own in summary.homogeneous),
        card=bleu_card(summary),
        cost_titles=[(wording.title(name), unit) for name, unit in data.costs.items()],
        quality_heading=wording.sentence_case(wording.name_with_unit(data.tested)),
        made=made(data, summary.recommended.id if summary.recommended else None),
    )


def _groups(summary: Summary) -> list[dict[str, Any]]:
    """The rows of the main table: the front, then what it is compared with."""
    sections = {
        "The front, cheapest first": summary.front,
        "Best homogeneous network of each kind": summary.homogeneous,
        "Best of each fixed hybrid": summary.hybrids,
    }
    return [
        {"heading": heading, "rows": [_record(summary, network) for network in members]}
        for heading, members in sections.items()
        if members
    ]


def _shape_columns(groups: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Names of all shape values, and whether they differ from layer to layer in any row."""
    shapes = [row["shape"] for group in groups for row in group["rows"]]
    names = dict.fromkeys(name for shape in shapes for name in shape)
    return [(name, any("·" in shape.get(name, "") for shape in shapes)) for name in names]


def _record(summary: Summary, network: Network) -> dict[str, Any]:
    data = summary.data
    return {
        "id": network.id,
        "control": network.control,
        "costs": [wording.amount(network.costs.get(name)) for name in data.costs],
        "inherited": wording.quality(data.searched, network.inherited),
        "arms": [wording.spread(data.tested, network.arms.get(arm)) for arm in summary.arms],
        "strips": [
            "".join(summary.marks[kind].letter for kind in network.sites.get(site, ())) for site in summary.sites
        ],
        "shape": wording.shape(network.architecture),
    }


def _budget_row(summary: Summary, pick: Pick) -> dict[str, Any]:
    return {
        **_record(summary, pick.network),
        "budget": wording.amount(pick.budget),
        "recommended": pick.network is summary.recommended,
        "command": next_command(summary, pick.network),
    }


def doc_paragraphs(data: ReportData) -> list[list[str]]:
    """Of the experiment's docstring; every second part of a paragraph is code."""
    return [paragraph.split("`") for paragraph in wording.paragraphs(data.experiment_doc)]


def _split_notes(data: ReportData) -> tuple[str, str]:
    """Under the headings of inherited and of retrained quality."""
    if data.one_quality:
        return "search split", "test split"
    inherited, retrained = map(wording.unit_or_name, (data.searched, data.tested))
    return f"{inherited}, search split", f"{retrained}, test split"
