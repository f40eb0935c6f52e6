"""The figures of a report; each at two widths, one for screens and paper and one for phones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from nas.report import wording
from nas.report.drawing import FAINT, INK, MUTED, Plot, canvas, finished, heading, style
from nas.report.lengths.figures import draw_lengths
from nas.report.look.figures import draw_choices, draw_importance
from nas.report.marks import Mark
from nas.report.summary import Curve, Network, Summary
from nas.report.trust.figures import draw_fidelity, draw_rankers

MOST_STRIPS = 40
ROW_HEIGHT = 24
RANDOM = "#d55e00"
SITE_GAP = 0.6
"""Between the strips of two sites, in layers."""


@dataclass(frozen=True)
class FigureKind:
    """One figure of the report."""

    name: str
    """Name of its files."""
    width: int
    """Of the wide form, in pixels."""
    draw: Callable[[Summary, int], Plot | None]
    """Draws at a width; None where the run has nothing to show yet."""


def draw_attention(summary: Summary, width: int) -> Plot | None:
    """The attention kind of every layer of the front networks, a strip each, cheapest first; a block for each site."""
    strips = spread_evenly([network for network in summary.front if network.kinds], MOST_STRIPS)
    if not strips:
        return None
    depths = {site: max(len(network.sites.get(site, ())) for network in strips) for site in summary.sites}
    starts = dict(zip(depths, accumulate((depth + SITE_GAP for depth in depths.values()), initial=0.0), strict=False))
    end = sum(depths.values()) + SITE_GAP * (len(depths) - 1)
    with style():
        figure, axes = canvas(width, ROW_HEIGHT * len(strips) + (80 if len(starts) == 1 else 104))
        for row, network in enumerate(strips):
            for site, kinds in network.sites.items():
                for layer, kind in enumerate(kinds):
                    _draw_cell(axes, starts[site] + layer, row, summary.marks[kind], letter=width / end > 18)
        axes.set(xlim=(-0.05, end + 0.05), ylim=(len(strips), -0.05))
        layers = [
            (start + layer + 0.5, str(layer + 1)) for site, start in starts.items() for layer in range(depths[site])
        ]
        axes.set_xticks(*zip(*layers, strict=True))
        axes.set_xlabel("layer, from input to output")
        _label_rows(axes, strips, summary)
        if len(starts) > 1:
            _label_sites(axes, starts)
        named = wording.name_with_unit(summary.data.searched)
        heading(figure, f"left: {wording.title(summary.data.axis)}; right: inherited {named}", width)
        return finished(figure)


def _label_rows(axes: Axes, strips: Sequence[Network], summary: Summary) -> None:
    """Cost to the left and inherited quality to the right of each strip."""
    rows = [row + 0.5 for row in range(len(strips))]
    axes.set_yticks(rows, [wording.amount(network.costs[summary.data.axis]) for network in strips])
    right = axes.secondary_yaxis("right")
    right.set_yticks(rows, [wording.quality(summary.data.searched, network.inherited) for network in strips])
    right.spines[:].set_visible(False)
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _label_sites(axes: Axes, starts: Mapping[str, float]) -> None:
    for site, start in starts.items():
        axes.annotate(site, (start, 1), (0, 4), xycoords=("data", "axes fraction"), textcoords="offset points", size=12)


def draw_progress(summary: Summary, width: int) -> Plot | None:
    """Share of the largest hypervolume over the number of evaluations, of the search and of random searches."""
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


def _steps(curve: Curve) -> tuple[list[int], list[float]]:
    return [place for place, _ in curve], [100 * share for _, share in curve]


def _legend_of_searches(axes: Axes, seeds: int) -> None:
    random = f"random search ({seeds} seeds)" if seeds > 1 else "random search"
    handles = [
        Line2D([], [], color=INK, linewidth=2.2, label="this search"),
        Line2D([], [], color=RANDOM, linewidth=1.4, linestyle=(0, (4, 2)), label=random),
    ]
    axes.legend(handles=handles, loc="lower right", fontsize=12)


FIGURES = (
    FigureKind("attention", 590, draw_attention),
    FigureKind("choices", 430, draw_choices),
    FigureKind("importance", 540, draw_importance),
    FigureKind("fidelity", 540, draw_fidelity),
    FigureKind("rankers", 440, draw_rankers),
    FigureKind("progress", 540, draw_progress),
    FigureKind("lengths", 1040, draw_lengths),
)


def spread_evenly(items: Sequence[Network], most: int) -> Sequence[Network]:
    """At most `most` of the items, with the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def _draw_cell(axes: Axes, layer: float, row: int, mark: Mark, *, letter: bool) -> None:
    axes.add_patch(Rectangle((layer + 0.03, row + 0.06), 0.94, 0.86, facecolor=mark.colour, linewidth=0))
    if letter:
        x, y = layer + 0.5, row + 0.5
        axes.text(x, y, mark.letter, ha="center", va="center", color=mark.text_colour, size=11, weight="bold")
