"""Figure of the section: hypervolume over the number of evaluations."""

from nas.report.drawing import FAINT, INK, MUTED, Plot, canvas, finished, style
from nas.report.marks import VERMILION
from nas.report.plotting import Axes, Line2D, MaxNLocator
from nas.report.summary import HypervolumeCurve, Summary

RANDOM = VERMILION
"""Colour of random searches."""


def draw_progress(summary: Summary, width: int) -> Plot | None:
    """Curves of the hypervolume over the number of evaluations, for the search and for random searches."""
    if not summary.hypervolume_curves:
        return None
    own, *others = summary.hypervolume_curves
    with style():
        figure, axes = canvas(width, 0.7 * width + (20 if others else 0))
        for curve in others:
            axes.step(*_steps(curve), where="post", color=RANDOM, linewidth=1.4, linestyle=(0, (4, 2)), alpha=0.9)
        x, y = _steps(own)
        axes.step(x, y, where="post", color=INK, linewidth=2.2)
        if others:
            _legend_of_searches(axes, len(others))
        else:
            axes.fill_between(x, y, step="post", color=FAINT, alpha=0.25, linewidth=0)
        axes.set(ylim=(0, 104), xlim=(x[0], max(x[-1], 2)))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("networks evaluated")
        axes.set_title("hypervolume (% of the largest)", loc="left", color=MUTED, size=12)
        return finished(figure)


def _steps(curve: HypervolumeCurve) -> tuple[list[int], list[float]]:
    return [place for place, _ in curve], [100 * share for _, share in curve]


def _legend_of_searches(axes: Axes, seeds: int) -> None:
    random = f"random search ({seeds} seeds)" if seeds > 1 else "random search"
    handles = [
        Line2D([], [], color=INK, linewidth=2.2, label="this search"),
        Line2D([], [], color=RANDOM, linewidth=1.4, linestyle=(0, (4, 2)), label=random),
    ]
    axes.legend(handles=handles, loc="lower right", fontsize=12)
