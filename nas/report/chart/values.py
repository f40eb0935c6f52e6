"""Values of the main figure: of one run, or of several that share its axes.

The drawing in the files and the one by the page's script are both made from these values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from nas.report import wording
from nas.report.data import Measure, ReportData
from nas.report.marks import Mark, front_marker, marks, series_colour
from nas.report.summary import ARMS, Network, Summary
from nas.search_space.limits import Window
from nas.strategies.pareto import pareto_front
from nas.training.settings import Arm

WIDTH = 1_040
"""Width of the figure in pixels."""
HYBRID_SHAPES = ("*", "p", "h", "<", ">")
HOLLOW: frozenset[Arm] = frozenset({"inherited"})
"""Arms with hollow marks; networks that were trained from scratch have filled ones."""
LOG_ABOVE = 30.0
"""Ratio of the greatest to the least cost above which the axis is logarithmic."""
DISTANT = 0.6
"""Distance of a limit beyond all costs, in ranges of these costs, above which it is named and not drawn."""


class CostAxis(NamedTuple):
    """A cost that quality is drawn against."""

    name: str
    """Short name, for the choice of the axis: `FLOPs`."""
    title: str
    """Text under the axis: cost, unit, and the input at which it was counted or measured."""
    values: Mapping[str, float]
    """Cost by architecture id; networks without one are not drawn."""
    limit: Window | None


class Panel(NamedTuple):
    """One set of axes with a quality of its own."""

    measure: Measure
    heading: str
    inherited: bool
    """Whether networks with inherited weights are drawn."""
    retrained: bool


class Published(NamedTuple):
    """A published network in the units of the figure."""

    name: str
    quality: float
    costs: tuple[float | None, ...]
    """A cost for each axis; None where it is unknown or was counted in another way."""
    source: str
    setting: str


class Fronts(NamedTuple):
    """The two fronts along one cost: networks that no cheaper one equals, cheapest first."""

    inherited: tuple[Network, ...]
    retrained: tuple[Network, ...]


@dataclass(frozen=True)
class Chart:
    """The main figure of some runs that agree in their qualities and in their first cost."""

    runs: Mapping[str, Summary]
    """Summaries by the label of their run."""

    @cached_property
    def first(self) -> Summary:
        """The first run, which names the qualities and the first cost of all."""
        return next(iter(self.runs.values()))

    @cached_property
    def axes(self) -> tuple[dict[str, CostAxis], ...]:
        """Costs that all runs have under the same title, as axes by the label of the run."""
        by_run = [{axis.title: axis for axis in cost_axes(summary)} for summary in self.runs.values()]
        shared = [title for title in by_run[0] if all(title in axes for axes in by_run)]
        return tuple({label: axes[title] for label, axes in zip(self.runs, by_run, strict=True)} for title in shared)

    @property
    def titles(self) -> list[str]:
        """Titles of the axes."""
        return [next(iter(axis.values())).title for axis in self.axes]

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """One panel where inherited and retrained quality are the same quality, else one for each."""
        shown = [network for summary in self.runs.values() for network in drawable(summary)]
        return panels(self.first.data, shown) if shown else ()

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """Arms with a retrained network in any run."""
        return tuple(arm for arm in ARMS if any(arm in summary.arms for summary in self.runs.values()))

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """The mark of each attention kind."""
        if len(self.runs) == 1:
            return self.first.marks
        return marks(sorted({kind for summary in self.runs.values() for kind in summary.kinds}))

    @cached_property
    def groups(self) -> dict[str, Mark]:
        """Marks of the baselines by their roles.

        A fixed hybrid has the colour of its cheap kind and a shape of its own.
        """
        shown = [network for summary in self.runs.values() for network in drawable(summary)]
        kinds = {network.kind for network in shown}
        patterns = sorted({network.hybrid for network in shown if network.hybrid is not None})
        hybrids = {
            str(each): replace(self.marks[each.rest], shape=HYBRID_SHAPES[place % len(HYBRID_SHAPES)])
            for place, each in enumerate(patterns)
        }
        return {f"all {kind}": mark for kind, mark in self.marks.items() if kind in kinds} | hybrids

    @cached_property
    def published(self) -> tuple[Published, ...]:
        """Published networks with at least one of the costs."""
        scale, found = wording.quality_scale(self.first.data.tested), {}
        for data in (summary.data for summary in self.runs.values()):
            for each in data.references:
                own = {cost_title(data, name): cost for name, cost in each.costs.items() if name in data.costs}
                costs = tuple(own.get(title) for title in self.titles)
                if any(cost is not None for cost in costs):
                    quality = each.quality * scale
                    found[each.name, costs] = Published(each.name, quality, costs, each.source, each.setting)
        return tuple(found.values())

    def colour(self, label: str) -> str | None:
        """Colour of a run among several; None for a single run, where attention kinds have colours."""
        return None if len(self.runs) == 1 else series_colour(list(self.runs).index(label))

    def marker(self, label: str) -> str:
        """Marker on the fronts of a run."""
        return front_marker(list(self.runs).index(label))


def drawable(summary: Summary) -> list[Network]:
    """Networks with a quality and a cost."""
    return [n for n in summary.networks.values() if n.costs and (n.inherited is not None or n.arms)]


def cost_axes(summary: Summary) -> list[CostAxis]:
    """Axes for the costs of the experiment, then for further costs."""
    data, networks = summary.data, drawable(summary)
    own = [
        CostAxis(
            wording.title(name),
            cost_title(data, name),
            {network.id: network.costs[name] for network in networks if name in network.costs},
            data.limits.get(name),
        )
        for name in data.costs
    ]
    return own + [CostAxis(a.label, f"{a.label} ({a.unit}), {a.setting}", a.values, None) for a in data.axes]


def cost_title(data: ReportData, name: str) -> str:
    """Cost with unit and input: `FLOPs (multiply-adds) at 64 tokens (32 x 32 pixels in patches of 4)`."""
    unit = data.costs[name]
    named = wording.title(name) if unit == name else f"{wording.title(name)} ({unit})"
    # a cost at a length of its own does not hold at the input of the task
    return named if "@" in name else f"{named} at {data.setting}"


def panels(data: ReportData, shown: Sequence[Network]) -> tuple[Panel, ...]:
    """Panels for the qualities that any of the networks has."""
    if data.one_quality:
        return (Panel(data.searched, wording.sentence_case(wording.name_with_unit(data.searched)), True, True),)
    tried, trained = any(n.inherited is not None for n in shown), any(n.arms for n in shown)
    search = f"Inherited {wording.name_with_unit(data.searched)}"
    test = f"{wording.sentence_case(wording.name_with_unit(data.tested))} after retraining"
    both = (Panel(data.searched, search, True, False), Panel(data.tested, test, False, True))
    return tuple(panel for panel, there in zip(both, (tried, trained), strict=True) if there)


def front_along(summary: Summary, axis: CostAxis) -> Fronts:
    """Fronts along one cost: of inherited quality, and of the retrained networks that the search found.

    The second is read from the test split and plays no part in any choice.
    """
    tried = [n for n in summary.evaluated if n.id in axis.values]
    trained = [n for n in summary.found if n.id in axis.values]
    inherited = [(axis.values[n.id], n.inherited or 0.0) for n in tried]
    retrained = [(axis.values[n.id], n.arms[n.best_arm].mean) for n in trained if n.best_arm]
    return Fronts(
        tuple(tried[place] for place in pareto_front(inherited)),
        tuple(trained[place] for place in pareto_front(retrained)),
    )
