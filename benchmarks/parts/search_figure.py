"""The picture of benchmarks/search.py: hypervolume over evaluations, a panel for each problem."""

from collections.abc import Mapping

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from nas.report.drawing import DPI, INK, MUTED, PADDING, Plot, style, svg

WIDTH, PANEL_HEIGHT = 560, 330
"""Pixels."""
FIRST = 10
"""Evaluations before which curves say nothing yet."""
COLOURS = ("#0072b2", "#636973", "#e69f00", "#009e73", "#d55e00", "#f0a37a", "#cc79a7", "#e3bcd3")
"""Okabe and Ito's, the first for our default."""


def figure(panels: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """An SVG file.

    Args:
        panels: By title the curves of each searcher, a row a seed; each is drawn as its median and quartiles.
    """
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    with style(), rc_context({"font.size": 14}):
        layout = ConstrainedLayoutEngine(w_pad=PADDING / DPI, h_pad=PADDING / DPI, hspace=0.05)
        size = WIDTH / DPI, PANEL_HEIGHT * len(panels) / DPI
        drawing = Figure(figsize=size, dpi=DPI, layout=layout)
        for axes, (title, curves) in zip(
            drawing.subplots(len(panels), squeeze=False)[:, 0], panels.items(), strict=True
        ):
            axes.set_title(title, loc="left", color=INK)
            axes.set(xlabel="evaluations", ylabel="hypervolume, % of best known")
            for name, rows in curves.items():
                _draw(axes, name, 100 * rows, names.index(name))
            axes.legend(fontsize=12, labelcolor=MUTED, loc="lower right")
    return "\n".join(line.rstrip() for line in svg(Plot(drawing)).splitlines()) + "\n"


def _draw(axes: Axes, name: str, rows: np.ndarray, place: int) -> None:
    low, middle, high = np.quantile(rows, [0.25, 0.5, 0.75], axis=0)[:, FIRST - 1 :]
    evaluations = np.arange(FIRST, rows.shape[1] + 1)
    colour = COLOURS[place % len(COLOURS)]
    axes.fill_between(evaluations, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(evaluations, middle, color=colour, linewidth=3 if place == 0 else 1.8, label=name, zorder=9 - place)
