"""The front as a picture of letters: what a search has found so far, quality upwards and cost to the right."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from nas.strategies.base import Trial
from nas.strategies.pareto import front_of_trials
from nas.system.numbers import amount

WIDTH, HEIGHT = 56, 10
"""Cells of the plane."""
MARGIN = 8
"""Characters to its left, for the ends of the quality."""
TRIED, ON_FRONT = "·", "●"


class _Ends(NamedTuple):
    least: float
    most: float

    def place(self, value: float, cells: int) -> int:
        """The cell of a value; all are in the middle where the ends are one."""
        if self.least == self.most:
            return cells // 2
        return round((value - self.least) / (self.most - self.least) * (cells - 1))


def front_picture(trials: Sequence[Trial], axis: str, quality: str) -> Text:
    """Lines of at most 80 characters: evaluated networks, those of the front in colour.

    Args:
        axis: Name of the cost to the right.
        quality: Name of what goes up.
    """
    shown = [(trial.costs[axis], trial.quality) for trial in trials if trial.quality is not None]
    if not shown:
        return Text("no network evaluated yet", "dim")
    members = front_of_trials(list(trials), axis)
    front = [(trial.costs[axis], trial.quality) for trial in members if trial.quality is not None]
    costs, qualities = (_Ends(min(values), max(values)) for values in zip(*shown, strict=True))
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    # the front last, so that nothing lies over it
    for points, letter in ((shown, TRIED), (front, ON_FRONT)):
        for cost, reached in points:
            cells[HEIGHT - 1 - qualities.place(reached, HEIGHT)][costs.place(cost, WIDTH)] = letter
    labels = {0: f"{qualities.most:.4g}", HEIGHT - 1: f"{qualities.least:.4g}"}
    text = Text(f"{quality}; front of {len(front)} {ON_FRONT}, {len(shown)} evaluated {TRIED}\n", "dim")
    for row, line in enumerate(cells):
        text.append(f"{labels.get(row, ''):>{MARGIN - 1}} ", "dim")
        text.append_text(_coloured("".join(line).rstrip()))
        text.append("\n")
    ends = [amount(costs.least), amount(costs.most)]
    text.append(f"{'':{MARGIN}}{ends[0]}{axis:^{WIDTH - len(ends[0]) - len(ends[1])}}{ends[1]}", "dim")
    return text


def _coloured(line: str) -> Text:
    text = Text(line)
    text.highlight_words([ON_FRONT], "bold green")
    text.highlight_words([TRIED], "dim")
    return text
