"""The main figure: quality against cost of every trial, the front, retrained and homogeneous networks.

Inherited and retrained quality share one panel where they are the same quality, and else have a panel each.
"""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nas.report import wording
from nas.report.data import Measure, ReportData
from nas.report.drawing import FAINT, INK, MUTED, PHONE, SURFACE, Plot, Point, canvases, finished, style
from nas.report.marks import Mark
from nas.report.summary import Network, Summary
from nas.retrained import Arm

FACES: dict[Arm, str] = {"scratch": INK, "inherited": SURFACE}
"""Filled marks are trained from scratch, hollow ones fine-tuned."""
LOG_ABOVE = 30.0
"""Ratio of the greatest to the least cost from which the axis is logarithmic."""
DISTANT = 0.6
"""From how many times the range of the costs beyond them a limit is named rather than drawn."""
PIXELS_A_CHARACTER = 8


class Panel(NamedTuple):
    """What one set of axes shows."""

    measure: Measure
    heading: str
    inherited: bool
    """Whether networks with inherited weights are drawn."""
    retrained: bool


def draw_front(summary: Summary, width: int) -> Plot | None:
    """Quality against cost; None before the first evaluation."""
    axis = summary.data.axis
    shown = [n for n in summary.networks.values() if axis in n.costs and (n.inherited is not None or n.arms)]
    if not shown:
        return None
    panels, small = _panels(summary.data, shown), width < PHONE
    rows, columns = (len(panels), 1) if small else (1, len(panels))
    with style():
        figure, grid = canvases(width, (460 if small else 540) + 300 * (rows - 1), rows, columns)
        points: list[Point] = []
        for axes, panel in zip(grid, panels, strict=True):
            points += _draw_panel(axes, panel, shown, summary)
            _cost_axis(axes, summary.data, [network.costs[axis] for network in shown], width // columns)
            _draw_limit(axes, summary.data, [network.costs[axis] for network in shown])
        for axes in grid[: (rows - 1) * columns]:
            axes.set_xlabel("")
        figure.legend(
            handles=_legend(shown, summary),
            loc="outside upper left",
            ncols=2 if small else 4,
            fontsize=11 if small else 12.5,
            handletextpad=0.4,
            columnspacing=1.0 if small else 2.0,
        )
        return finished(figure, points)


def _panels(data: ReportData, shown: Sequence[Network]) -> list[Panel]:
    if data.one_quality:
        return [Panel(data.searched, wording.sentence_case(wording.name_with_unit(data.searched)), True, True)]
    tried, trained = any(n.inherited is not None for n in shown), any(n.arms for n in shown)
    search = f"Inherited {wording.name_with_unit(data.searched)}"
    test = f"{wording.sentence_case(wording.name_with_unit(data.tested))} after retraining"
    panels = (Panel(data.searched, search, True, False), Panel(data.tested, test, False, True))
    return [panel for panel, there in zip(panels, (tried, trained), strict=True) if there]


def _draw_panel(axes: Axes, panel: Panel, shown: Sequence[Network], summary: Summary) -> list[Point]:
    points, scale = [], wording.quality_scale(panel.measure)
    if panel.inherited:
        points += _draw_tried(axes, scale, shown, summary)
        _draw_line(axes, scale, summary)
    if panel.retrained:
        points += _draw_retrained(axes, scale, shown, summary)
    _label_recommended(axes, panel, summary)
    axes.margins(y=0.1)
    axes.set_title(panel.heading, loc="left", color=MUTED)
    return points


def _draw_tried(axes: Axes, scale: float, shown: Sequence[Network], summary: Summary) -> list[Point]:
    """Dots of the networks with inherited weights, homogeneous ones in their kind's colour and shape."""
    axis = summary.data.axis
    points = []
    for kind, mark in [(None, None), *summary.marks.items()]:
        tried = [(n, n.inherited) for n in shown if n.kind == kind and n.inherited is not None]
        own = [Point(axes, network.costs[axis], quality * scale, network.id) for network, quality in tried]
        points += own
        x, y = [point.x for point in own], [point.y for point in own]
        if mark is None:
            axes.scatter(x, y, s=20, color=FAINT, alpha=0.65, linewidths=0, zorder=2)
        elif own:
            axes.scatter(x, y, s=36, marker=mark.shape, color=mark.colour, alpha=0.9, linewidths=0, zorder=2.5)
    return points


def _draw_retrained(axes: Axes, scale: float, shown: Sequence[Network], summary: Summary) -> list[Point]:
    """Larger marks with error bars, one for each network and arm."""
    points = []
    for network in shown:
        mark = summary.marks.get(network.kind or "", Mark("", "", INK, "o"))
        for arm, spread in network.arms.items():
            point = Point(axes, network.costs[summary.data.axis], spread.mean * scale, network.id)
            axes.errorbar(
                point.x,
                point.y,
                yerr=(spread.deviation or 0.0) * scale,
                fmt=mark.shape,
                color=mark.colour,
                markerfacecolor=SURFACE if FACES[arm] == SURFACE else mark.colour,
                markeredgewidth=1.6,
                markersize=9,
                elinewidth=1.4,
                capsize=3.5,
                zorder=5,
            )
            points.append(point)
    return points


def _draw_line(axes: Axes, scale: float, summary: Summary) -> None:
    """The front as steps: at a cost, the best quality that it buys."""
    x = [network.costs[summary.data.axis] for network in summary.front]
    y = [network.inherited * scale for network in summary.front if network.inherited is not None]
    axes.step(x, y, where="post", color=MUTED, linewidth=1.5, zorder=3)
    axes.plot(x, y, "o", color=MUTED, markersize=5, zorder=3.5)


def _cost_axis(axes: Axes, data: ReportData, costs: list[float], width: int) -> None:
    size, letter = wording.prefix(max(costs))
    if min(costs) > 0 and max(costs) / min(costs) > LOG_ABOVE:
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4 if width < PHONE else 9, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:g} {letter}".strip()))
    unit = data.costs[data.axis]
    named = wording.title(data.axis) if unit == data.axis else f"{wording.title(data.axis)} ({unit})"
    axes.set_xlabel("\n".join(textwrap.wrap(f"{named} at {data.setting}", width // PIXELS_A_CHARACTER)))


def _draw_limit(axes: Axes, data: ReportData, costs: list[float]) -> None:
    window = data.limits.get(data.axis)
    for limit in () if window is None else (window.at_least, window.at_most):
        if limit is not None:
            _draw_end(axes, limit, costs)


def _draw_end(axes: Axes, limit: float, costs: list[float]) -> None:
    """One end of a limit as a line, or by name where a line would press all that is of interest into a corner."""
    if limit < min(costs) - DISTANT * (max(costs) - min(costs)):
        return
    if limit > max(costs) + DISTANT * (max(costs) - min(costs)):
        text, place = f"limit {wording.end_of_limit(limit)} \N{RIGHTWARDS ARROW}", (1, 0.02)
        axes.annotate(text, place, xycoords="axes fraction", ha="right", va="bottom", size=11.5, color=MUTED)
        return
    axes.axvline(limit, color=INK, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1)
    axes.annotate(
        f"limit {wording.end_of_limit(limit)}",
        (limit, 0.02),
        (-6, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="bottom",
        size=11.5,
        color=MUTED,
    )


def _label_recommended(axes: Axes, panel: Panel, summary: Summary) -> None:
    best, axis = summary.recommended, summary.data.axis
    if best is None or axis not in best.costs:
        return
    # above all that is drawn of this network, so that the label lies on none of it
    tops = [spread.mean + (spread.deviation or 0.0) for spread in best.arms.values() if panel.retrained]
    tops += [best.inherited] if panel.inherited and best.inherited is not None else []
    if not tops:
        return
    left, right = axes.get_xlim()
    on_the_right = best.costs[axis] > (left + right) / 2
    axes.annotate(
        "recommended",
        (best.costs[axis], max(tops) * wording.quality_scale(panel.measure)),
        (6 if on_the_right else -6, 9),
        textcoords="offset points",
        ha="right" if on_the_right else "left",
        size=12,
        weight="bold",
        zorder=6,
    )


def _legend(shown: Sequence[Network], summary: Summary) -> list[Line2D]:
    tried = sum(network.inherited is not None for network in shown)
    handles = [Line2D([], [], linestyle="", marker="o", color=FAINT, markersize=5, label=f"tried ({tried:,})")]
    if summary.front:
        handles.append(Line2D([], [], marker="o", color=MUTED, markersize=5, label="front, inherited"))
    for arm in summary.arms:
        handle = Line2D([], [], linestyle="", marker="o", color=INK, markersize=9, markerfacecolor=FACES[arm])
        handle.set_label(f"{wording.ARMS[arm].lower()}, ± s.d.")
        handles.append(handle)
    homogeneous = {network.kind for network in shown}
    for kind, mark in summary.marks.items():
        if kind in homogeneous:
            handles.append(
                Line2D([], [], linestyle="", marker=mark.shape, color=mark.colour, markersize=7, label=f"all {kind}")
            )
    return handles
