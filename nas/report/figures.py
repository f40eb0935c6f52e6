"""Figures of the page: how a section declares one, and a drawn one as the page and its folder need it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from nas.report.drawing import NARROW, Plot, inline, png, svg
from nas.report.summary import Summary


@dataclass(frozen=True)
class Figure:
    """A figure of a section: its drawing and the words that go with it."""

    name: str
    """Name of its files, without their endings."""
    width: int
    """Width of the form for screens and paper, in pixels."""
    draw: Callable[[Summary, int], Plot | None]
    """Draws at a width in pixels; None where the run has nothing to show yet."""
    caption: Callable[[Summary], str]
    """Text under the figure."""
    description: Callable[[Summary], str]
    """Text for screen readers in place of the figure."""
    records: Callable[[Summary], dict[str, Any]] | None = None
    """Values from which the page's script draws the figure; None: the page shows the drawing itself."""


class Form(NamedTuple):
    """A drawing inside the page at one width."""

    name: str
    """`wide` or `narrow`; the style sheet shows one of them."""
    svg: Markup


@dataclass(frozen=True)
class DrawnFigure:
    """A figure of one run: its files, and its forms or records inside the page."""

    name: str
    caption: str
    label: str
    """Text for screen readers."""
    svg: str
    png: bytes
    forms: tuple[Form, ...] = ()
    """The drawing at each width; empty where the page's script draws."""
    records: Markup | None = None
    """JSON for the page's script; None where the page shows the forms."""

    def files(self) -> dict[str, str | bytes]:
        """The drawing as files, by their names."""
        return {f"{self.name}.svg": self.svg, f"{self.name}.png": self.png}


def draw_figure(figure: Figure, summary: Summary) -> DrawnFigure | None:
    """The figure of a run; None where the run has nothing to show in it yet."""
    wide = figure.draw(summary, figure.width)
    if wide is None:
        return None
    caption, label = figure.caption(summary), figure.description(summary)
    if figure.records is not None:
        return scripted_figure(figure.name, wide, caption, label, figure.records(summary))
    narrow = figure.draw(summary, NARROW)
    assert narrow is not None
    text = svg(wide)
    forms = (
        Form("wide", Markup(inline(text, f"{figure.name}-wide", label))),
        Form("narrow", Markup(inline(svg(narrow), f"{figure.name}-narrow", label))),
    )
    return DrawnFigure(figure.name, caption, label, text, png(wide), forms)


def scripted_figure(name: str, plot: Plot, caption: str, label: str, records: dict[str, Any]) -> DrawnFigure:
    """A figure that the page's script draws from records."""
    text = htmlsafe_json_dumps(records, separators=(",", ":"), ensure_ascii=False)
    return DrawnFigure(name, caption, label, svg(plot), png(plot), records=text)
