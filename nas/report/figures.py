"""The figures of a report; each at two widths, one for screens and paper and one for phones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from nas.report import wording
from nas.report.drawing import FAINT, INK, MUTED, PHONE, Plot, canvas, finished, style
from nas.report.front_figure import draw_front
from nas.report.marks import Mark
from nas.report.summary import Network, Summary, kind_shares

NARROW = 340
MOST_STRIPS = 40
ROW_HEIGHT = 24


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
    """The attention kind of every layer of the front networks, a strip each, cheapest first."""
    data = summary.data
    strips = spread_evenly([network for network in summary.front if network.kinds], MOST_STRIPS)
    if not strips:
        return None
    depth = max(len(network.kinds) for network in strips)
    with style():
        figure, axes = canvas(width, ROW_HEIGHT * len(strips) + 80)
        for row, network in enumerate(strips):
            for layer, kind in enumerate(network.kinds):
                _draw_cell(axes, layer, row, summary.marks[kind], letter=width / depth > 18)
        axes.set(xlim=(-0.05, depth + 0.05), ylim=(len(strips), -0.05))
        rows = [row + 0.5 for row in range(len(strips))]
        axes.set_xticks([layer + 0.5 for layer in range(depth)], [str(layer + 1) for layer in range(depth)])
        axes.set_yticks(rows, [wording.amount(network.costs[data.axis]) for network in strips])
        right = axes.secondary_yaxis("right")
        right.set_yticks(rows, [wording.quality(data, network.inherited) for network in strips])
        right.spines[:].set_visible(False)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.set_xlabel("layer, from input to output")
        size = 12 if width > PHONE else 11
        named = wording.quality_heading(data)
        heading = f"left: {wording.title(data.axis)}; right: inherited {named[:1].lower()}{named[1:]}"
        figure.suptitle(heading, x=6 / width, ha="left", size=size, color=MUTED)
        return finished(figure, axes)


def draw_kinds(summary: Summary, width: int) -> Plot | None:
    """How often each kind occurs in the layers of the front and of all evaluated networks."""
    on_front, tried = kind_shares(summary.front), kind_shares(summary.evaluated)
    if not on_front:
        return None
    with style():
        figure, axes = canvas(width, 54 * len(tried) + 84)
        for row, (kind, share) in enumerate(tried.items()):
            _draw_share(axes, row - 0.19, on_front.get(kind, 0.0), summary.marks[kind].colour, INK)
            _draw_share(axes, row + 0.19, share, FAINT, MUTED)
        axes.set_yticks(range(len(tried)), [f"{kind} ({summary.marks[kind].letter})" for kind in tried])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set(ylim=(len(tried) - 0.5, -0.5), xlim=(0, 1.25 * max(*on_front.values(), *tried.values())))
        axes.set_xticks([])
        axes.spines[:].set_visible(False)
        axes.grid(False)
        heading = "share of layers; colour: front, grey: all evaluated"
        figure.suptitle(heading, x=6 / width, ha="left", size=12 if width > NARROW else 11, color=MUTED)
        return finished(figure, axes)


def draw_fidelity(summary: Summary, width: int) -> Plot | None:
    """Inherited against retrained quality, with the line on which both are equal."""
    both, scale = summary.fidelity.networks, wording.quality_scale(summary.data)
    if not both:
        return None
    with style():
        figure, axes = canvas(width, 0.8 * width)
        for network in both:
            assert network.inherited is not None
            spread = network.arms["scratch"]
            mark = summary.marks.get(network.kind or "", Mark("", "", INK, "o"))
            x, y, error = network.inherited * scale, spread.mean * scale, (spread.deviation or 0.0) * scale
            axes.errorbar(x, y, yerr=error, fmt=mark.shape, color=mark.colour, markersize=8, elinewidth=1.3, capsize=3)
        axes.margins(0.12)
        # the line must not widen the view
        view = axes.axis()
        axes.axline((view[0], view[0]), slope=1, color=FAINT, linestyle=(0, (4, 3)), zorder=1)
        axes.axis(view)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        unit = wording.quality_unit(summary.data)
        axes.set_xlabel("inherited weights, search split" + (f" ({unit})" if unit else ""))
        axes.set_title("from scratch, test split (dashed: equal)", loc="left", color=MUTED, size=12)
        return finished(figure, axes)


def draw_progress(summary: Summary, width: int) -> Plot | None:
    """Share of the final hypervolume over the number of evaluations."""
    if not summary.hypervolume_curve:
        return None
    x = [place for place, _ in summary.hypervolume_curve]
    y = [100 * share for _, share in summary.hypervolume_curve]
    with style():
        figure, axes = canvas(width, 0.7 * width)
        axes.step(x, y, where="post", color=INK, linewidth=2)
        axes.fill_between(x, y, step="post", color=FAINT, alpha=0.25, linewidth=0)
        axes.set(ylim=(0, 104), xlim=(x[0], max(x[-1], 2)))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("networks evaluated")
        axes.set_title("hypervolume (% of the final)", loc="left", color=MUTED, size=12)
        return finished(figure, axes)


FIGURES = (
    FigureKind("front", 1040, draw_front),
    FigureKind("attention", 590, draw_attention),
    FigureKind("kinds", 430, draw_kinds),
    FigureKind("fidelity", 540, draw_fidelity),
    FigureKind("progress", 540, draw_progress),
)


def spread_evenly(items: Sequence[Network], most: int) -> Sequence[Network]:
    """At most `most` of the items, with the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def _draw_cell(axes: Axes, layer: int, row: int, mark: Mark, *, letter: bool) -> None:
    axes.add_patch(Rectangle((layer + 0.03, row + 0.06), 0.94, 0.86, facecolor=mark.colour, linewidth=0))
    if letter:
        x, y = layer + 0.5, row + 0.5
        axes.text(x, y, mark.letter, ha="center", va="center", color=mark.text_colour, size=11, weight="bold")


def _draw_share(axes: Axes, y: float, share: float, colour: str, text_colour: str) -> None:
    axes.barh(y, share, 0.36, color=colour)
    axes.annotate(
        f"{100 * share:.0f} %", (share, y), (5, 0), textcoords="offset points", va="center", size=12, color=text_colour
    )
