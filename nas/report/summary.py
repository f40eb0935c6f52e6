"""The findings of a run as values: its networks, their front, the baselines, the recommended network, progress.

The search split alone decides which network is recommended. The test split is only read.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nas.report.data import ReportData
from nas.report.layers import Sites, sites
from nas.report.marks import Mark, marks
from nas.runs.records import Retrained
from nas.search_space import architecture_id
from nas.search_space.limits import Window, violation
from nas.search_space.patterns import Hybrid
from nas.strategies.pareto import hypervolume, pareto_front
from nas.training.settings import Arm

ARMS: tuple[Arm, ...] = ("scratch", "inherited")
SEARCHED = ("front", "chosen")
"""Origins of retrained networks that the search has found: from its front, or chosen by a user among its trials."""
CURVE_POINTS = 200

HypervolumeCurve = tuple[tuple[int, float], ...]
"""Pairs of a number of evaluations and the share of the hypervolume reached by then, about 200 at most."""


@dataclass(frozen=True)
class Spread:
    """Qualities of one architecture over the seeds of one arm."""

    qualities: tuple[float, ...]
    """Qualities on the test split, one for each seed, in the order of the seeds."""
    search_qualities: tuple[float, ...]
    """Qualities on the search split, in the same order."""

    @property
    def mean(self) -> float:
        return statistics.fmean(self.qualities)

    @property
    def search_mean(self) -> float:
        return statistics.fmean(self.search_qualities)

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation; None for a single seed."""
        return statistics.stdev(self.qualities) if len(self.qualities) > 1 else None


@dataclass(frozen=True)
class Network:
    """An architecture with its costs, its qualities and its role."""

    id: str
    architecture: Any
    costs: dict[str, float]
    """Costs by name; empty for a retrained network of unknown cost."""
    inherited: float | None
    """Quality with the supernet's weights, on the search split."""
    violation: float
    arms: dict[Arm, Spread] = field(default_factory=dict)
    searched: bool = True
    """Whether the search proposed it; False for a baseline that was evaluated beside the search."""
    kind: str | None = None
    """Attention kind of a homogeneous network; None for a mixture."""
    hybrid: Hybrid | None = None
    """Pattern of a fixed hybrid; None for other networks."""

    @property
    def control(self) -> str | None:
        """Its role as a baseline: `all linear`, or the pattern of a fixed hybrid; None for other networks."""
        return f"all {self.kind}" if self.kind is not None else str(self.hybrid) if self.hybrid is not None else None

    @cached_property
    def sites(self) -> Sites:
        """Attention kind of each layer by site; empty for an architecture of another family."""
        return sites(self.architecture)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Attention kinds of all layers, site after site."""
        return tuple(kind for own in self.sites.values() for kind in own)

    @cached_property
    def best_arm(self) -> Arm | None:
        """The arm that did best on the search split; None if the network was not retrained."""
        return max(self.arms, key=lambda arm: self.arms[arm].search_mean, default=None)


def arms_of(results: Iterable[Retrained]) -> dict[Arm, Spread]:
    """Spreads over the seeds of each arm, from the results of one architecture."""
    ordered = sorted(results, key=lambda result: result.seed)
    gathered: dict[Arm, Spread] = {}
    for arm in ARMS:
        own = [result for result in ordered if result.arm == arm]
        if own:
            gathered[arm] = Spread(tuple(r.quality for r in own), tuple(r.search_quality for r in own))
    return gathered


@dataclass(frozen=True)
class Summary:
    """The findings of a run; each is computed once, when it is first needed."""

    data: ReportData

    @cached_property
    def networks(self) -> dict[str, Network]:
        """Every architecture that was tried or retrained, by id, in the order of the trials."""
        results: dict[str, list[Retrained]] = {}
        for result in self.data.retrained:
            results.setdefault(result.id, []).append(result)
        found: dict[str, Network] = {}
        for trial, searched in [*((t, True) for t in self.data.trials), *((t, False) for t in self.data.anchors)]:
            name = architecture_id(trial.architecture)
            if name not in found:
                arms, kind = arms_of(results.get(name, ())), self.data.single_kinds.get(name)
                costs, excess, pattern = trial.costs, trial.violation, self.data.hybrids.get(name)
                own = (name, trial.architecture, costs, trial.quality, excess, arms, searched, kind, pattern)
                found[name] = Network(*own)
        for name, trained in results.items():
            if name not in found:
                costs, kind = self.data.retrained_costs.get(name, {}), self.data.single_kinds.get(name)
                excess, pattern = _violation(costs, self.data.limits), self.data.hybrids.get(name)
                arms, architecture = arms_of(trained), trained[0].architecture
                found[name] = Network(name, architecture, costs, None, excess, arms, kind=kind, hybrid=pattern)
        return found

    @cached_property
    def evaluated(self) -> tuple[Network, ...]:
        """Networks of the search that are inside the limits and have an inherited quality."""
        return tuple(n for n in self.networks.values() if n.searched and n.inherited is not None and not n.violation)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """All attention kinds of the networks, sorted by name."""
        return tuple(sorted({kind for network in self.networks.values() for kind in network.kinds}))

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """All attention sites of the networks, in the order of the architectures."""
        return tuple(dict.fromkeys(site for network in self.networks.values() for site in network.sites))

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms with at least one retrained network."""
        return tuple(arm for arm in ARMS if any(result.arm == arm for result in self.data.retrained))

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """The mark of each attention kind."""
        return marks(self.kinds)

    @cached_property
    def front(self) -> tuple[Network, ...]:
        """Networks of the search that no cheaper one equals in inherited quality, cheapest first."""
        return tuple(self.evaluated[place] for place in pareto_front(self._points))

    @cached_property
    def found(self) -> tuple[Network, ...]:
        """Retrained networks inside the limits that come from the search, not from the baselines."""
        names = {result.id for result in self.data.retrained if result.origin in SEARCHED}
        return tuple(n for n in self.networks.values() if n.id in names and not n.violation)

    @cached_property
    def homogeneous(self) -> tuple[Network, ...]:
        """The best homogeneous network of each kind inside the limits, sorted by kind."""
        return self._best_of_each({n.id: n.kind for n in self.networks.values() if n.kind is not None})

    @cached_property
    def hybrids(self) -> tuple[Network, ...]:
        """The best network of each fixed hybrid inside the limits."""
        return self._best_of_each({n.id: str(n.hybrid) for n in self.networks.values() if n.hybrid is not None})

    def _best_of_each(self, groups: dict[str, str]) -> tuple[Network, ...]:
        """The best of each group; a retrained network goes first, since the run chose it by inherited quality."""
        best: dict[str, Network] = {}
        for name, group in groups.items():
            network = self.networks[name]
            if network.violation or (network.inherited is None and not network.arms):
                continue
            if group not in best or rank(network) > rank(best[group]):
                best[group] = network
        return tuple(best[group] for group in sorted(best))

    @cached_property
    def recommended(self) -> Network | None:
        """The network that is best on the search split: after training, else with inherited weights."""
        trained = [network for network in self.networks.values() if network.arms and not network.violation]
        return max(trained or self.evaluated, key=rank, default=None)

    @cached_property
    def hypervolume_curves(self) -> tuple[HypervolumeCurve, ...]:
        """Hypervolume curves of the search and then of each random search; empty before there is an area.

        Values are shares of the largest final hypervolume. All searches have one reference point: the greatest cost
        and the least quality that any of them evaluated inside the limits.
        """
        axis = self.data.axis
        inside = [
            [(t.costs[axis], t.quality) for t in trials if t.quality is not None and not t.violation]
            for trials in self.data.random_searches
        ]
        histories = [self._points, *inside]
        points = [point for history in histories for point in history]
        if not self._points:
            return ()
        reference = max(cost for cost, _ in points), min(quality for _, quality in points)
        largest = max(hypervolume(history, reference) for history in histories)
        return tuple(_curve(history, reference, largest) for history in histories) if largest else ()

    @property
    def _points(self) -> list[tuple[float, float]]:
        return [(n.costs[self.data.axis], n.inherited) for n in self.evaluated if n.inherited is not None]


def rank(network: Network) -> tuple[bool, float]:
    """Sort key by quality on the search split: retrained networks go first, by their best arm."""
    if network.best_arm is not None:
        return True, network.arms[network.best_arm].search_mean
    return False, network.inherited if network.inherited is not None else -math.inf


def _violation(costs: dict[str, float], limits: dict[str, Window]) -> float:
    return violation(costs, {name: limit for name, limit in limits.items() if name in costs})


def _curve(points: list[tuple[float, float]], reference: tuple[float, float], largest: float) -> HypervolumeCurve:
    places = sorted({*range(1, len(points) + 1, max(1, len(points) // CURVE_POINTS)), len(points)})
    return tuple((place, hypervolume(points[:place], reference) / largest) for place in places)
