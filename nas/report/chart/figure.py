"""The drawing of the main figure: quality against the first cost, for one run or for several that agree.

Inherited and retrained quality share one panel where they are the same quality, else they have a panel each. Colours
are attention kinds for one run; for several runs, colours are runs and shapes are kinds.
"""

import textwrap
from collections.abc import Iterator

from nas.report import wording
from nas.report.chart.values import DISTANT, HOLLOW, LOG_ABOVE, Chart, CostAxis, Panel, drawable, front_along
from nas.report.drawing import FAINT, INK, MUTED, PIXELS_A_CHARACTER, SURFACE, Plot, canvases, finished, style
from nas.report.marks import Mark
from nas.report.plotting import Axes, FuncFormatter, Line2D, MaxNLocator
from nas.report.summary import Network, Summary

HEIGHT = 540
DASHES = (0, (5, 2))
SEARCHED = Mark("", "", INK, "o")


def draw_front(summary: Summary, width: int) -> Plot | None:
    """The main figure of one run; None before the first evaluation."""
    return draw_chart(Chart({summary.data.name: summary}), width)


def draw_chart(chart: Chart, width: int) -> Plot | None:
    """Quality against the first cost; None before the first evaluation."""
    if not chart.panels:
        return None
    with style():
        figure, grid = canvases(width, HEIGHT, columns=len(chart.panels))
        axis = next(iter(chart.axes[0].values()))
        for axes, panel in zip(grid, chart.panels, strict=True):
            for label, summary in chart.runs.items():
                _draw_run(axes, panel, summary, chart, label)
            if panel.retrained:
                _draw_published(axes, chart)
            axes.margins(y=0.1)
            axes.set_title(panel.heading, loc="left", color=MUTED)
            costs = list(_costs(chart))
            _cost_axis(axes, axis.title, costs, width // len(chart.panels))
            _draw_limit(axes, chart, costs)
        legend = _legend(chart)
        figure.legend(handles=legend, loc="outside upper left", ncols=4, fontsize=12.5, handletextpad=0.4)
        return finished(figure)


def _costs(chart: Chart) -> Iterator[float]:
    for label, summary in chart.runs.items():
        yield from (cost for n in drawable(summary) if (cost := chart.axes[0][label].values.get(n.id)) is not None)
    yield from (each.costs[0] for each in chart.published if each.costs[0] is not None)


def _draw_run(axes: Axes, panel: Panel, summary: Summary, chart: Chart, label: str) -> None:
    """Draw the networks and fronts of a run, in its colour or in those of the kinds."""
    axis, groups = chart.axes[0][label], chart.groups
    colour, marker = chart.colour(label), chart.marker(label)
    scale = wording.quality_scale(panel.measure)
    shown = [network for network in drawable(summary) if network.id in axis.values]
    front = front_along(summary, axis)
    if panel.inherited:
        _draw_tried(axes, scale, shown, axis, groups, colour)
        points = [(axis.values[n.id], n.inherited * scale) for n in front.inherited if n.inherited is not None]
        _draw_steps(axes, points, colour or MUTED, marker, dashed=False)
    if panel.retrained:
        points = [(axis.values[n.id], n.arms[n.best_arm].mean * scale) for n in front.retrained if n.best_arm]
        _draw_steps(axes, points, colour or INK, marker, dashed=True)
        for network in shown:
            _draw_retrained(axes, scale, network, axis, groups.get(network.control or "", SEARCHED), colour)
    if colour is None:
        _label_recommended(axes, panel, summary, axis)


def _draw_tried(
    axes: Axes, scale: float, shown: list[Network], axis: CostAxis, groups: dict[str, Mark], colour: str | None
) -> None:
    """Draw networks with inherited weights as dots, baselines in the shapes of their groups."""
    for name, mark in [(None, None), *groups.items()]:
        tried = [n for n in shown if n.control == name and n.inherited is not None]
        x, y = [axis.values[n.id] for n in tried], [(n.inherited or 0.0) * scale for n in tried]
        if mark is None:
            axes.scatter(
                x, y, s=20, color=colour or FAINT, alpha=0.65 if colour is None else 0.25, linewidths=0, zorder=2
            )
        elif tried:
            face = colour or mark.colour
            axes.scatter(x, y, s=36, marker=mark.shape, color=face, alpha=0.9, linewidths=0, zorder=2.5)


def _draw_retrained(axes: Axes, scale: float, network: Network, axis: CostAxis, mark: Mark, colour: str | None) -> None:
    """Draw a large mark with an error bar for each arm of a network."""
    for arm, spread in network.arms.items():
        axes.errorbar(
            axis.values[network.id],
            spread.mean * scale,
            yerr=(spread.deviation or 0.0) * scale,
            fmt=mark.shape,
            color=colour or mark.colour,
            markerfacecolor=SURFACE if arm in HOLLOW else colour or mark.colour,
            markeredgewidth=1.6,
            markersize=9,
            elinewidth=1.4,
            capsize=3.5,
            zorder=5,
        )


def _draw_steps(axes: Axes, points: list[tuple[float, float]], colour: str, marker: str, *, dashed: bool) -> None:
    """Draw a front as steps: the best quality within each cost."""
    if points:
        x, y = zip(*points, strict=True)
        axes.step(x, y, where="post", color=colour, linewidth=1.5, linestyle=DASHES if dashed else "-", zorder=3)
        axes.plot(x, y, marker, color=colour, markersize=4, zorder=3.5)


def _draw_published(axes: Axes, chart: Chart) -> None:
    """Draw published networks as crosses; the last of a family carries its name."""
    shown = [(each.costs[0], each.quality, each.name) for each in chart.published if each.costs[0] is not None]
    families: dict[str, list[tuple[float, float]]] = {}
    for cost, quality, name in shown:
        families.setdefault(name, []).append((cost, quality))
    costs = list(_costs(chart))
    middle = (min(costs) + max(costs)) / 2
    for name, places in families.items():
        axes.plot(*zip(*places, strict=True), "x", color=MUTED, markersize=7, markeredgewidth=1.8, zorder=4)
        right, below = places[-1][0] < middle, len(places) > 1
        offset = (7 if right else -7, -13 if below else 5)
        side = "left" if right else "right"
        axes.annotate(name, places[-1], offset, textcoords="offset points", ha=side, size=11, color=MUTED)


def _cost_axis(axes: Axes, title: str, costs: list[float], width: int) -> None:
    size, letter = wording.prefix(max(costs))
    if min(costs) > 0 and max(costs) / min(costs) > LOG_ABOVE:
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(9 if width > HEIGHT else 6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:g} {letter}".strip()))
    axes.set_xlabel("\n".join(textwrap.wrap(title, width // PIXELS_A_CHARACTER)))


def _draw_limit(axes: Axes, chart: Chart, costs: list[float]) -> None:
    """Draw the ends of the limit, where all runs have the same."""
    limits = {axis.limit for axis in chart.axes[0].values()}
    window = limits.pop() if len(limits) == 1 else None
    for limit in () if window is None else (window.at_least, window.at_most):
        if limit is not None:
            _draw_end(axes, limit, costs)


def _draw_end(axes: Axes, limit: float, costs: list[float]) -> None:
    """Draw one end of a limit as a line, or as text where a line would squeeze the networks into a corner."""
    if limit < min(costs) - DISTANT * (max(costs) - min(costs)):
        return
    named = f"limit {wording.end_of_limit(limit)}"
    if limit > max(costs) + DISTANT * (max(costs) - min(costs)):
        text, place = f"{named} \N{RIGHTWARDS ARROW}", (1, 0.02)
        axes.annotate(text, place, xycoords="axes fraction", ha="right", va="bottom", size=11.5, color=MUTED)
        return
    axes.axvline(limit, color=INK, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1)
    axes.annotate(
        named,
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


def _label_recommended(axes: Axes, panel: Panel, summary: Summary, axis: CostAxis) -> None:
    best = summary.recommended
    if best is None or best.id not in axis.values:
        return
    # above all marks of this network, so that the label covers none of them
    tops = [spread.mean + (spread.deviation or 0.0) for spread in best.arms.values() if panel.retrained]
    tops += [best.inherited] if panel.inherited and best.inherited is not None else []
    if not tops:
        return
    left, right = axes.get_xlim()
    on_the_right = axis.values[best.id] > (left + right) / 2
    axes.annotate(
        "recommended",
        (axis.values[best.id], max(tops) * wording.quality_scale(panel.measure)),
        (6 if on_the_right else -6, 9),
        textcoords="offset points",
        ha="right" if on_the_right else "left",
        size=12,
        weight="bold",
        zorder=6,
    )


def _legend(chart: Chart) -> list[Line2D]:
    tried = sum(n.inherited is not None for summary in chart.runs.values() for n in drawable(summary))
    handles = [Line2D([], [], linestyle="", marker="o", color=FAINT, markersize=5, label=f"tried ({tried:,})")]
    if any(summary.front for summary in chart.runs.values()):
        handles.append(Line2D([], [], marker="o", color=MUTED, markersize=5, label="front, inherited"))
    for arm in chart.arms:
        handle = Line2D([], [], linestyle="", marker="o", color=INK, markersize=9)
        handle.set_markerfacecolor(SURFACE if arm in HOLLOW else INK)
        handle.set_label(f"{wording.ARMS[arm].lower()}, ± s.d.")
        handles.append(handle)
    if any(summary.found for summary in chart.runs.values()):
        handles.append(Line2D([], [], linestyle=DASHES, color=INK, label="front, retrained"))
    several = len(chart.runs) > 1
    for name, mark in chart.groups.items():
        colour = MUTED if several else mark.colour
        handles.append(Line2D([], [], linestyle="", marker=mark.shape, color=colour, markersize=7, label=name))
    if chart.published:
        handles.append(Line2D([], [], linestyle="", marker="x", color=MUTED, markersize=7, label="published"))
    for label in chart.runs if several else ():
        line = Line2D([], [], color=chart.colour(label), marker=chart.marker(label), markersize=7, linewidth=4)
        line.set_label(label)
        handles.append(line)
    return handles
