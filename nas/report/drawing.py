"""Canvases for figures, and figures as SVG files, as PNG files and as SVG inside the page with its theme."""

import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nas.report.plotting import (
    Axes,
    ConstrainedLayoutEngine,
    Figure,
    RcKeyType,
    RendererBase,
    rc_context,
    rcdefaults,
    rcParams,
)

INK = "#1b1d21"
MUTED = "#636973"
LINE = "#dfe1e6"
FAINT = "#aab0bb"
# not pure white, which stays white in the dark theme: letters on coloured cells
SURFACE = "#fefefe"
THEME = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    FAINT: "var(--faint)",
    SURFACE: "var(--surface)",
}
"""Variables of the style sheet that replace these colours inside the page, so that they follow its theme."""

NARROW = 340
"""Width of a figure's form for phones, in pixels."""
PHONE = 480
"""Width in pixels below which a figure is laid out for phones."""
DPI = 72
"""One unit of the SVG is one pixel of the page."""
PADDING = 6
"""Pixels around the outermost labels."""
PIXELS_A_CHARACTER = 8
"""Width of a character of an axis label, about."""
PNG_SCALE = 2
STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    # ids that follow from the content alone
    "svg.hashsalt": "nas",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 13,
    "text.color": INK,
    # a name with a dollar sign is a name, not a formula
    "text.parse_math": False,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelpad": 8,
    "axes.titlepad": 12,
    "axes.titlesize": 13,
    "grid.color": LINE,
    "grid.linewidth": 1,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "figure.facecolor": SURFACE,
    "savefig.facecolor": SURFACE,
}

_COORDINATES = re.compile(r'\b(?:d|x|y|transform)="[^"]*"')
_LONG = re.compile(r"(\.\d\d)\d+")
"""Digits beyond a hundredth of a pixel, which nobody sees."""


@dataclass(frozen=True)
class Plot:
    """A drawn figure with a fixed layout."""

    figure: Figure


class Drawing(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def draw(self, renderer: RendererBase) -> None:
        # fonts are looked up as late as here
        with style():
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with style():
            self.savefig(buffer, format="png")
        return buffer.getvalue()


@contextmanager
def style() -> Iterator[None]:
    """Context in which matplotlib has its own defaults and the settings of a report, whatever a user's file says."""
    with rc_context():
        rcdefaults()
        rcParams.update(STYLE)
        yield


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of this size in pixels with one set of axes."""
    figure, (axes,) = canvases(width, height)
    return figure, axes


def canvases(
    width: float, height: float, rows: int = 1, columns: int = 1, heights: Sequence[float] | None = None
) -> tuple[Figure, tuple[Axes, ...]]:
    """A figure of this size in pixels with several axes that share their x.

    Args:
        heights: Relative heights of the rows; None: all equal.
    """
    layout = ConstrainedLayoutEngine(w_pad=PADDING / DPI, h_pad=PADDING / DPI)
    figure = Drawing(figsize=(width / DPI, height / DPI), dpi=DPI, layout=layout)
    return figure, tuple(figure.subplots(rows, columns, sharex=True, squeeze=False, height_ratios=heights).flat)


def heading(figure: Figure, text: str, width: float, size: float = 12) -> None:
    """Put muted words above a figure, wrapped at its width."""
    # a character is a little more than half as wide as it is high
    lines = textwrap.wrap(text, int((width - 2 * PADDING) / (0.58 * size)))
    figure.suptitle("\n".join(lines), x=PADDING / width, ha="left", size=size, color=MUTED)


def finished(figure: Figure) -> Plot:
    """The figure with its layout fixed."""
    figure.draw_without_rendering()
    # settled once, not again for every file
    figure.set_layout_engine("none")
    return Plot(figure)


def svg(plot: Plot) -> str:
    """Text of an SVG file on a white ground, with fonts by name."""
    buffer = io.StringIO()
    # no date: the same run gives the same file
    with style():
        plot.figure.savefig(buffer, format="svg", metadata={"Date": None})
    return _COORDINATES.sub(lambda found: _LONG.sub(r"\1", found.group()), buffer.getvalue())


def png(plot: Plot) -> bytes:
    """Content of a PNG file at twice the pixels."""
    buffer = io.BytesIO()
    with style():
        plot.figure.savefig(buffer, format="png", dpi=PNG_SCALE * DPI)
    return buffer.getvalue()


def inline(text: str, name: str, label: str) -> str:
    """An SVG file as an element of the page: theme colours, ids with `name` in front, `label` for screen readers."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\g<1>#{name}-", text)
    # the page's own font takes the place of the file's
    text = re.sub(r"font-family: [^;\"]*;?|(font: [^;\"]*?px) [^;\"]*", _page_font, text)
    for colour, variable in THEME.items():
        text = text.replace(colour, variable)
    opening = f'<svg role="img" aria-label="{_attribute(label)}" class="figure"'
    return re.sub(r"(?<=>)\n\s*(?=<)", "", text.replace("<svg", opening, 1)).strip()


def _page_font(found: re.Match[str]) -> str:
    return f"{found.group(1)} var(--font)" if found.group(1) else ""


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
