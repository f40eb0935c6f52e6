"""The picture of docs/attention.md: what a token costs at each length, by kind."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nas.report.drawing import DPI, INK, MUTED, PADDING, Plot, style, svg
from nas.report.marks import marks

WIDTH, HEIGHT = 560, 760
"""Pixels; on a phone the page shrinks it to two thirds, and letters stay above 10 pixels."""
SIZES = {"font.size": 16, "axes.titlesize": 17}
TICKS = (32, 128, 512, 2048, 8192)
LINE_HEIGHT = 22
LABEL_GAP = 0.075
"""Least distance between labels, as a share of the panel's height."""


class Panel(NamedTuple):
    """Costs of a token."""

    title: str
    unit: str
    lengths: Sequence[int]
    costs: Mapping[str, Any]
    """By kind, at each length."""
    break_even: Mapping[str, float]
    """Tokens at which a kind costs as much as softmax; 0 or infinite if there are none."""


def figure(panels: Sequence[Panel]) -> str:
    """An SVG file with the panels, one above the other."""
    with style(), rc_context(SIZES):
        layout = ConstrainedLayoutEngine(w_pad=PADDING / DPI, h_pad=PADDING / DPI, hspace=0.06)
        drawing = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, layout=layout)
        for axes, panel in zip(drawing.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
            _draw(axes, panel)
    return "\n".join(line.rstrip() for line in svg(Plot(drawing)).splitlines()) + "\n"


def _draw(axes: Axes, panel: Panel) -> None:
    axes.set(xscale="log", yscale="log", xlabel="tokens")
    axes.set_title(f"{panel.title}\n{panel.unit}", loc="left", color=INK)
    axes.set_xticks([length for length in TICKS if panel.lengths[0] <= length <= panel.lengths[-1]])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.10g}"))
    # kinds of equal cost lie on one another: the one below shows between the dashes of the one above
    for place, (kind, mark) in enumerate(marks(tuple(panel.costs)).items()):
        dashes = (0, (3, 3)) if kind == "lrpe" else "solid"
        axes.plot(
            panel.lengths, panel.costs[kind], mark.shape, linestyle=dashes, color=mark.colour, linewidth=2.5,
            markersize=6, zorder=3 + place,
        )  # fmt: skip
    _ring_break_even(axes, panel)
    _label(axes, panel)


def _ring_break_even(axes: Axes, panel: Panel) -> None:
    """A ring where a kind's line meets that of softmax, and what the rings say in words."""
    words = ["rings: break-even with softmax"]
    for kind, tokens in panel.break_even.items():
        if 0 < tokens < math.inf:
            height = np.exp(np.interp(np.log(tokens), np.log(panel.lengths), np.log(panel.costs["softmax"])))
            axes.plot(tokens, height, "o", markersize=13, fillstyle="none", color=INK, markeredgewidth=1.5, zorder=9)
            words.append(f"{kind}: {math.ceil(tokens):,} tokens")
    for line, text in enumerate(words, start=1):
        axes.annotate(text, (0.04, 1), (0, -LINE_HEIGHT * line), "axes fraction", "offset points", color=MUTED)


def _label(axes: Axes, panel: Panel) -> None:
    """Names at the right ends of the lines, pushed apart where they would touch."""
    low, high = np.log(axes.get_ylim())
    ends = sorted((float((np.log(costs[-1]) - low) / (high - low)), kind) for kind, costs in panel.costs.items())
    height = -1.0
    for end, kind in ends:
        height = max(end, height + LABEL_GAP)
        colour = marks(tuple(panel.costs))[kind].colour
        axes.annotate(
            kind, (1, height), (6, 0), "axes fraction", "offset points", color=colour, va="center", weight="bold",
        )  # fmt: skip
