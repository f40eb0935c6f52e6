"""Figure of the section: FLOPs and latency against the length of the input, with break-evens against softmax."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nas.report import wording
from nas.report.drawing import FAINT, INK, MUTED, PHONE, SURFACE, Plot, canvases, finished, style
from nas.report.lengths.growth import NEVER, Growth, LengthCosts
from nas.report.marks import Mark
from nas.report.plotting import Axes, FuncFormatter, Line2D, NullLocator
from nas.report.summary import Summary

PANEL = 400
"""Height of a panel in pixels."""
DASHES = ("-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))
"""Line styles of the networks on the front, which share one colour."""


class LengthCurve(NamedTuple):
    """Values of one network at its lengths, with quartiles where there are any."""

    tokens: list[int]
    low: list[float]
    middle: list[float]
    high: list[float]


def draw_lengths(summary: Summary, width: int) -> Plot | None:
    """A panel of FLOPs and one of latency where it was measured; None without costs at several lengths."""
    costs = summary.data.find(LengthCosts)
    if costs is None:
        return None
    panels: list[tuple[str, Callable[[Growth], LengthCurve], Callable[[Growth], float | None]]] = [
        (wording.title(costs.flops), lambda own: _flops(costs, own), lambda own: own.flops_break_even)
    ]
    if costs.device is not None:
        panels.append(("Latency (ms)", lambda own: _latency(costs, own), costs.latency_break_even))
    small = width < PHONE
    rows, columns = (len(panels), 1) if small else (1, len(panels))
    legend = 26 * math.ceil((len(costs.networks) + 1) / (2 if small else 4))
    with style():
        figure, grid = canvases(width, (310 if small else PANEL) * rows + legend, rows, columns)
        for axes, (heading, curve, break_even) in zip(grid, panels, strict=True):
            for growth, look in _looks(costs, summary):
                _draw(axes, curve(growth), look, break_even(growth))
            _log_axes(axes, costs, heading)
        figure.legend(
            handles=_legend(costs, summary),
            loc="outside upper left",
            ncols=2 if small else 4,
            fontsize=11 if small else 12.5,
            handletextpad=0.5,
            columnspacing=1.2,
        )
        return finished(figure)


def _looks(costs: LengthCosts, summary: Summary) -> list[tuple[Growth, dict[str, object]]]:
    found: list[tuple[Growth, dict[str, object]]] = []
    front = 0
    for growth in costs.networks:
        if not growth.alike:
            look: dict[str, object] = {"color": MUTED, "linestyle": DASHES[front % len(DASHES)], "linewidth": 1.5}
            front += 1
        else:
            mark = summary.marks.get(growth.kind or "", Mark("", "", INK, "o"))
            look = {"color": mark.colour, "marker": mark.shape, "markersize": 6, "linewidth": 2, "zorder": 3}
        found.append((growth, look))
    return found


def _flops(costs: LengthCosts, own: Growth) -> LengthCurve:
    return LengthCurve(list(costs.tokens), [], list(own.flops), [])


def _latency(costs: LengthCosts, own: Growth) -> LengthCurve:
    measured = [(tokens, each) for tokens, each in zip(costs.tokens, own.latency, strict=True) if each is not None]
    rows = [(tokens, each.low, each.median, each.high) for tokens, each in measured]
    return LengthCurve(*map(list, zip(*rows, strict=True))) if rows else LengthCurve([], [], [], [])


def _draw(axes: Axes, curve: LengthCurve, look: dict[str, object], break_even: float | None) -> None:
    axes.plot(curve.tokens, curve.middle, **look)  # type: ignore[arg-type]
    if curve.low:
        axes.fill_between(curve.tokens, curve.low, curve.high, color=look["color"], alpha=0.12, linewidth=0)
    if break_even is None or break_even == NEVER or not curve.tokens[0] < break_even <= curve.tokens[-1]:
        return
    at = np.exp(np.interp(np.log(break_even), np.log(curve.tokens), np.log(curve.middle)))
    ring = {"markersize": 13, "markerfacecolor": "none", "markeredgewidth": 2, "zorder": 5}
    axes.plot([break_even], [at], "o", color=look["color"], **ring)  # type: ignore[arg-type]


def _log_axes(axes: Axes, costs: LengthCosts, heading: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(costs.tokens, [f"{tokens:,}" for tokens in costs.tokens])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.end_of_limit(value)))
    axes.axvline(costs.own, color=FAINT, linestyle=(0, (2, 2)), linewidth=1.2, zorder=0)
    axes.set_xlabel("tokens (dotted: this run's)")
    axes.set_title(heading, loc="left", color=MUTED)


def _legend(costs: LengthCosts, summary: Summary) -> Sequence[Line2D]:
    handles = []
    for growth, look in _looks(costs, summary):
        label = f"all {growth.kind}" if growth.alike else f"front, {growth.id}"
        handles.append(Line2D([], [], label=label, **look))  # type: ignore[arg-type]
    ring = Line2D([], [], linestyle="", marker="o", color=INK, markerfacecolor=SURFACE, markersize=11)
    ring.set_label("cheaper than softmax")
    return [*handles, ring]
