"""Figures of the section: inherited quality against quality from scratch, and the rank correlations."""

import textwrap

from nas.report import wording
from nas.report.data import ReportData
from nas.report.drawing import FAINT, INK, MUTED, PIXELS_A_CHARACTER, Plot, canvas, finished, heading, style
from nas.report.marks import Mark
from nas.report.plotting import Axes, MaxNLocator
from nas.report.summary import Summary
from nas.report.trust.values import Correlation, fidelity
from nas.report.trust.words import ranker_title


def draw_fidelity(summary: Summary, width: int) -> Plot | None:
    """Inherited quality against quality from scratch, with a line of equality where both are the same quality."""
    both, data = fidelity(summary).networks, summary.data
    if not both:
        return None
    across, up = wording.quality_scale(data.searched), wording.quality_scale(data.tested)
    with style():
        figure, axes = canvas(width, 0.8 * width)
        for network in both:
            assert network.inherited is not None
            spread = network.arms["scratch"]
            mark = summary.marks.get(network.kind or "", Mark("", "", INK, "o"))
            x, y, error = network.inherited * across, spread.mean * up, (spread.deviation or 0.0) * up
            axes.errorbar(x, y, yerr=error, fmt=mark.shape, color=mark.colour, markersize=8, elinewidth=1.3, capsize=3)
        axes.margins(0.12)
        if data.one_quality:
            _draw_equality(axes)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        horizontal, vertical = _fidelity_headings(data)
        axes.set_xlabel("\n".join(textwrap.wrap(horizontal, width // PIXELS_A_CHARACTER)))
        axes.set_title(vertical, loc="left", color=MUTED, size=12)
        return finished(figure)


def _draw_equality(axes: Axes) -> None:
    # the line must not widen the view
    view = axes.axis()
    axes.axline((view[0], view[0]), slope=1, color=FAINT, linestyle=(0, (4, 3)), zorder=1)
    axes.axis(view)


def _fidelity_headings(data: ReportData) -> tuple[str, str]:
    """Headings of the horizontal and of the vertical axis."""
    unit = wording.quality_unit(data.searched)
    if data.one_quality:
        words = "inherited weights, search split" + (f" ({unit})" if unit else "")
        return words, "from scratch, test split (dashed: equal)"
    named = wording.name_with_unit(data.tested)
    return (
        f"{wording.name_with_unit(data.searched)}, inherited weights, search split",
        f"{named} from scratch, test split",
    )


def draw_rankers(summary: Summary, width: int) -> Plot | None:
    """Kendall's tau of each ranking with its interval, over all networks and over the better half."""
    rankers = fidelity(summary).rankers
    if not any(own.all.tau is not None for own in rankers):
        return None
    with style():
        figure, axes = canvas(width, 58 * len(rankers) + 110)
        for row, own in enumerate(rankers):
            _draw_correlation(axes, row - 0.16, own.all, INK)
            _draw_correlation(axes, row + 0.16, own.top, FAINT)
        axes.set_yticks(range(len(rankers)), [ranker_title(own) for own in rankers])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set(xlim=(-1.05, 1.05), ylim=(len(rankers) - 0.5, -0.5), xticks=(-1, -0.5, 0, 0.5, 1))
        axes.axvline(0, color=MUTED, linewidth=1.2, zorder=1)
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        intervals = any(own.all.low is not None for own in rankers)
        words = "Kendall τ with quality from scratch; dark: all networks, light: the better half"
        heading(figure, words + ("; bars: 95 %" if intervals else ""), width)
        return finished(figure)


def _draw_correlation(axes: Axes, y: float, found: Correlation, colour: str) -> None:
    if found.tau is None:
        return
    if found.low is not None and found.high is not None:
        axes.plot([found.low, found.high], [y, y], color=colour, linewidth=3, solid_capstyle="round", zorder=2)
    axes.plot([found.tau], [y], "o", color=colour, markersize=9, zorder=3)
