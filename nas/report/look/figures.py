"""Options on the front against the space, and the importance of choices, as bars."""

from matplotlib.axes import Axes

from nas.report.drawing import FAINT, INK, MUTED, Plot, canvas, canvases, finished, heading, style
from nas.report.look.values import Choice
from nas.report.look.words import choice_title
from nas.report.summary import Summary

LEAST_SHOWN = 0.005
"""Importance that is drawn; the table has the rest."""
ROW, TITLE = 34, 28
"""Pixels of an option and of the name of its choice."""


def draw_choices(summary: Summary, width: int) -> Plot | None:
    """The share of each option on the front above that among random networks inside the limits; a panel a choice."""
    choices = summary.data.choices
    if not choices:
        return None
    rows = [len(choice.shares) for choice in choices]
    most = max(share for choice in choices for each in choice.shares for share in (each.on_front, each.in_space))
    with style():
        height = ROW * sum(rows) + TITLE * len(rows) + 50
        figure, grid = canvases(width, height, len(rows), heights=rows)
        for axes, choice in zip(grid, choices, strict=True):
            _draw_choice(axes, choice, summary)
            axes.set_xlim(0, 1.2 * most)
            axes.set_title(choice_title(choices, choice.name), loc="left", color=INK, size=12, pad=2)
        heading(figure, "share; above: front, grey: random networks inside the limits", width)
        return finished(figure)


def _draw_choice(axes: Axes, choice: Choice, summary: Summary) -> None:
    for row, share in enumerate(choice.shares):
        mark = summary.marks.get(share.option)
        _draw_share(axes, row - 0.2, share.on_front, mark.colour if mark else INK, INK)
        _draw_share(axes, row + 0.2, share.in_space, FAINT, MUTED)
    axes.set_yticks(range(len(choice.shares)), [_name(share.option, summary) for share in choice.shares])
    _plain(axes, len(choice.shares))


def draw_importance(summary: Summary, width: int) -> Plot | None:
    """The importance of each choice that has any, with the range over forests."""
    found = summary.data.importances
    if found is None:
        return None
    with style():
        shown = [own for own in found.choices if own.share >= LEAST_SHOWN] or found.choices[:1]
        figure, axes = canvas(width, ROW * len(shown) + 80)
        for row, own in enumerate(shown):
            axes.barh(row, own.share, 0.6, color=INK)
            axes.plot([own.low, own.high], [row, row], color=FAINT, linewidth=3, solid_capstyle="round")
            _label(axes, max(own.share, own.high), row, f"{100 * own.share:.0f} %", INK)
        axes.set_yticks(range(len(shown)), [choice_title(found.choices, own.name) for own in shown])
        axes.set_xlim(0, 1.25 * max(own.high for own in shown))
        _plain(axes, len(shown))
        heading(figure, "share of what the choices explain by themselves; bars across: range of three forests", width)
        return finished(figure)


def _plain(axes: Axes, rows: int) -> None:
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _draw_share(axes: Axes, y: float, share: float, colour: str, text_colour: str) -> None:
    axes.barh(y, share, 0.38, color=colour)
    _label(axes, share, y, f"{100 * share:.0f} %", text_colour)


def _label(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", size=11, color=colour)


def _name(option: str, summary: Summary) -> str:
    mark = summary.marks.get(option)
    return f"{option} ({mark.letter})" if mark else option
