"""The main figure: quality against cost of every trial, the front, retrained and homogeneous networks."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nas.report import wording
from nas.report.data import ReportData
from nas.report.drawing import FAINT, INK, MUTED, PHONE, SURFACE, Plot, canvas, finished, style
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


def draw_front(summary: Summary, width: int) -> Plot | None:
    """Quality against cost; None before the first evaluation."""
    data = summary.data
    shown = [n for n in summary.networks.values() if data.axis in n.costs and (n.inherited is not None or n.arms)]
    if not shown:
        return None
    small = width < PHONE
    with style():
        figure, axes = canvas(width, 460 if small else 540)
        points = [*_draw_tried(axes, shown, summary), *_draw_retrained(axes, shown, summary)]
        _draw_line(axes, summary)
        _cost_axis(axes, data, [network.costs[data.axis] for network in shown], width)
        _draw_limit(axes, data, [network.costs[data.axis] for network in shown])
        _label_recommended(axes, summary)
        axes.margins(y=0.1)
        axes.set_title(wording.quality_heading(data), loc="left", color=MUTED)
        figure.legend(
            handles=_legend(shown, summary),
            loc="outside upper left",
            ncols=2 if small else 4,
            fontsize=11 if small else 12.5,
            handletextpad=0.4,
            columnspacing=1.0 if small else 2.0,
        )
        return finished(figure, axes, points)


def _draw_tried(axes: Axes, shown: Sequence[Network], summary: Summary) -> list[tuple[float, float, str]]:
    """Dots of the networks with inherited weights, homogeneous ones in their kind's colour and shape."""
    axis, scale = summary.data.axis, wording.quality_scale(summary.data)
    points = []
    for kind, mark in [(None, None), *summary.marks.items()]:
        own = [(n.costs[axis], n.inherited * scale, n.id) for n in shown if n.kind == kind and n.inherited is not None]
        points += own
        x, y = [x for x, _, _ in own], [y for _, y, _ in own]
        if mark is None:
            axes.scatter(x, y, s=20, color=FAINT, alpha=0.65, linewidths=0, zorder=2)
        elif own:
            axes.scatter(x, y, s=36, marker=mark.shape, color=mark.colour, alpha=0.9, linewidths=0, zorder=2.5)
    return points


def _draw_retrained(axes: Axes, shown: Sequence[Network], summary: Summary) -> list[tuple[float, float, str]]:
    """Larger marks with error bars, one for each network and arm."""
    axis, scale = summary.data.axis, wording.quality_scale(summary.data)
    points = []
    for network in shown:
        mark = summary.marks.get(network.kind or "", Mark("", "", INK, "o"))
        for arm, spread in network.arms.items():
            x, y = network.costs[axis], spread.mean * scale
            axes.errorbar(
                x,
                y,
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
            points.append((x, y, network.id))
    return points


def _draw_line(axes: Axes, summary: Summary) -> None:
    """The front as steps: at a cost, the best quality that it buys."""
    scale = wording.quality_scale(summary.data)
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


def _label_recommended(axes: Axes, summary: Summary) -> None:
    best, axis = summary.recommended, summary.data.axis
    if best is None or axis not in best.costs:
        return
    # above all that is drawn of this network, so that the label lies on none of it
    tops = [spread.mean + (spread.deviation or 0.0) for spread in best.arms.values()]
    top = max(tops if best.inherited is None else [*tops, best.inherited])
    left, right = axes.get_xlim()
    on_the_right = best.costs[axis] > (left + right) / 2
    axes.annotate(
        "recommended",
        (best.costs[axis], top * wording.quality_scale(summary.data)),
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
