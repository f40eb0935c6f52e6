"""Strategies side by side: a figure of hypervolume and best quality over evaluations, and a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.report import drawing, tables, wording
from nas.report.marks import SERIES, series_colour
from nas.report.plotting import Axes
from nas.strategies.base import Trial
from nas.strategies.pareto import hypervolume
from nas.system.files import replacing, write_text

DASHES = ("-", "--", "-.", ":")
WIDTH, HEIGHT = 960, 420
RIVAL = "Evaluations to the best rival's hypervolume"
OWN = "Own ms a trial"


class Searched(NamedTuple):
    """One search of a strategy."""

    trials: Sequence[Trial]
    own_seconds: float
    """Time of the strategy itself, without evaluations."""


class Band(NamedTuple):
    """Median and quartiles over the seeds, after each evaluation."""

    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Searches of several strategies with the same search budget and the same scores."""

    searches: Mapping[str, Sequence[Searched]]
    """Searches of each strategy, one for each seed, by the text of the strategy."""
    cost: str
    """Name of the cost that quality is drawn against."""
    quality: str
    """Name of the quality."""
    evaluations: int

    @cached_property
    def reference(self) -> tuple[float, float]:
        """Reference point of all hypervolumes: the greatest cost and the least quality of all networks."""
        trials = [t for runs in self.searches.values() for run in runs for t in run.trials if t.quality is not None]
        if not trials:
            raise ValueError("nothing to compare: no evaluation has succeeded")
        return max(trial.costs[self.cost] for trial in trials), min(float(trial.quality or 0) for trial in trials)

    def hypervolumes(self, strategy: str) -> NDArray[np.float64]:
        """Share of the largest hypervolume of any search after each evaluation; a row for each seed."""
        largest = max(float(volumes.max()) for volumes in self._volumes.values())
        # a single network, or networks of equal quality, have no area
        return self._volumes[strategy] / (largest or 1.0)

    def best(self, strategy: str) -> NDArray[np.float64]:
        """Best quality inside the limits after each evaluation; a row for each seed."""
        return np.array([self._after_each(run.trials, _best) for run in self.searches[strategy]])

    def evaluations_to_reach(self, strategy: str, share: float) -> float:
        """Median number of evaluations until a share of the largest hypervolume; infinite where most seeds miss it."""
        reached = self.hypervolumes(strategy) >= share
        first = np.where(reached.any(1), reached.argmax(1) + 1.0, np.inf)
        return float(np.median(first))

    @cached_property
    def _volumes(self) -> dict[str, NDArray[np.float64]]:
        return {
            name: np.array([self._after_each(run.trials, self._volume) for run in runs])
            for name, runs in self.searches.items()
        }

    def _volume(self, trials: Sequence[Trial]) -> float:
        inside = [(t.costs[self.cost], t.quality) for t in trials if t.quality is not None and not t.violation]
        return hypervolume(inside, self.reference) if inside else 0.0

    def _after_each(self, trials: Sequence[Trial], value: Callable[[Sequence[Trial]], float]) -> list[float]:
        """`value` of the trials up to each evaluation; a search that ended early keeps its last value."""
        row = [value(trials[:count]) for count in range(1, len(trials) + 1)]
        return row + row[-1:] * (self.evaluations - len(row))


def write_comparison(comparison: Comparison, folder: Path) -> str:
    """Write the figure and the table into the folder; returns the table as text for a terminal."""
    rows = table(comparison)
    figure = draw(comparison)
    write_text(folder / "comparison.md", tables.as_markdown(rows))
    write_text(folder / "comparison.csv", tables.as_csv(rows))
    write_text(folder / "comparison.svg", drawing.svg(figure))
    with replacing(folder / "comparison.png", "wb") as file:
        file.write(drawing.png(figure))
    return tables.as_text(rows)


def table(comparison: Comparison) -> tables.Rows:
    """A row for each strategy, the largest median hypervolume first; quartiles over the seeds in brackets."""
    names = sorted(comparison.searches, key=lambda name: -float(np.median(comparison.hypervolumes(name)[:, -1])))
    # a strategy has to reach the best of the others, so that the first row shows how much sooner it does
    medians = {name: float(np.median(comparison.hypervolumes(name)[:, -1])) for name in names}
    heading = (
        "Strategy",
        "Seeds",
        "Hypervolume",
        f"Best {wording.name(comparison.quality)}",
        RIVAL,
        "Repeats",
        "Outside",
        OWN,
    )
    rows: tables.Rows = [heading]
    for name in names:
        rival = max((value for other, value in medians.items() if other != name), default=medians[name])
        first = comparison.evaluations_to_reach(name, rival)
        rows.append(
            (
                name,
                str(len(comparison.searches[name])),
                _quartiles(comparison.hypervolumes(name)[:, -1], 3),
                _quartiles(comparison.best(name)[:, -1], 4),
                f"{first:.0f}" if np.isfinite(first) else f"over {comparison.evaluations}",
                *map(str, _wasted(comparison.searches[name])),
                f"{_own_milliseconds(comparison.searches[name]):.1f}",
            )
        )
    return rows


def draw(comparison: Comparison) -> drawing.Plot:
    """Two panels over the number of evaluations, the median as a line and the quartiles as a band."""
    with drawing.style():
        figure, (left, right) = drawing.canvases(WIDTH, HEIGHT, columns=2)
        _panel(left, {name: band(comparison.hypervolumes(name)) for name in comparison.searches})
        _panel(right, {name: band(comparison.best(name)) for name in comparison.searches})
        cost, quality = wording.title(comparison.cost), wording.title(comparison.quality)
        left.set_title(f"Hypervolume of {quality} and {cost}, share of the largest", loc="left", color=drawing.MUTED)
        right.set_title(f"Best {quality} inside the limits", loc="left", color=drawing.MUTED)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=6)
        return drawing.finished(figure)


def band(values: NDArray[np.float64]) -> Band:
    """Median and quartiles of values with a row for each seed."""
    return Band(*np.quantile(values, [0.25, 0.5, 0.75], axis=0))


def _panel(axes: Axes, bands: Mapping[str, Band]) -> None:
    for place, (name, each) in enumerate(bands.items()):
        colour, dash = series_colour(place), DASHES[(place // 2 + place // len(SERIES)) % len(DASHES)]
        evaluations = np.arange(1, len(each.median) + 1)
        axes.fill_between(evaluations, each.low, each.high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(evaluations, each.median, color=colour, linestyle=dash, linewidth=2, label=name)
    # the first few networks would squeeze the rest of the curves into a strip
    settled = [each.median[min(9, len(each.median) - 1)] for each in bands.values()]
    axes.set_ylim(bottom=min(settled))
    axes.set_xlabel("evaluated networks")


def _best(trials: Sequence[Trial]) -> float:
    return max((t.quality for t in trials if t.quality is not None and not t.violation), default=np.nan)


def _quartiles(values: NDArray[np.float64], digits: int) -> str:
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _wasted(searches: Sequence[Searched]) -> tuple[int, int]:
    """Numbers of repeated proposals and of proposals outside the limits."""
    repeats = sum(len(each.trials) - len({trial.architecture for trial in each.trials}) for each in searches)
    return repeats, sum(trial.violation > 0 for each in searches for trial in each.trials)


def _own_milliseconds(searches: Sequence[Searched]) -> float:
    return 1_000 * sum(each.own_seconds for each in searches) / sum(len(each.trials) for each in searches)
