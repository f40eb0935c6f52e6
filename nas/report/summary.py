"""What a report says, as values: networks, their front, the best of each kind, fidelity, progress.

Which network is recommended is decided on the search split; the test split is read, never chosen by.
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
from nas.report.trust.values import Ranker, ranker
from nas.runs.retrained import Retrained
from nas.search_space import architecture_id
from nas.search_space.limits import Window, violation
from nas.search_space.patterns import Hybrid
from nas.strategies.pareto import hypervolume, pareto_front
from nas.training.settings import Arm

ARMS: tuple[Arm, ...] = ("scratch", "inherited")
INHERITED = "inherited"
"""Name of the ranking by the supernet."""
SEARCHED = ("front", "chosen")
"""Origins of retrained networks that the search found, or somebody chose among its trials."""
CURVE_POINTS = 200

Curve = tuple[tuple[int, float], ...]
"""Number of evaluations and share of a hypervolume reached by then, at up to about 200 places."""


@dataclass(frozen=True)
class Spread:
    """Quality of one architecture over the seeds of one arm."""

    qualities: tuple[float, ...]
    """On the test split, one per seed, in the order of the seeds."""
    search_qualities: tuple[float, ...]
    """On the search split, in the same order."""

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
    """One architecture with all that is known of it."""

    id: str
    architecture: Any
    costs: dict[str, float]
    """Empty for a retrained network of unknown cost."""
    inherited: float | None
    """Quality with the supernet's weights, on the search split."""
    violation: float
    arms: dict[Arm, Spread] = field(default_factory=dict)
    searched: bool = True
    """Whether the search found it, or it was measured beside the search for comparison."""
    kind: str | None = None
    """The kind that all layers have which can, if they have one."""
    hybrid: Hybrid | None = None
    """The pattern of a fixed hybrid, if it is one."""

    @property
    def control(self) -> str | None:
        """What it is if not a network that only a search would find: `all linear`, a fixed hybrid."""
        return f"all {self.kind}" if self.kind is not None else str(self.hybrid) if self.hybrid is not None else None

    @cached_property
    def sites(self) -> Sites:
        """Attention kind of each layer by site; none for an architecture of another family."""
        return sites(self.architecture)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Attention kinds of all layers, site after site."""
        return tuple(kind for own in self.sites.values() for kind in own)

    @cached_property
    def best_arm(self) -> Arm | None:
        """The arm that did best on the search split; None if the network was not retrained."""
        return max(self.arms, key=lambda arm: self.arms[arm].search_mean, default=None)


@dataclass(frozen=True)
class Fidelity:
    """How well networks are ordered before they are trained from scratch."""

    networks: tuple[Network, ...]
    """Those with inherited quality and quality from scratch."""
    rankers: tuple[Ranker, ...]
    """Inherited quality, then costs alone; none without networks."""

    @property
    def inherited(self) -> Ranker | None:
        return next(iter(self.rankers), None)


def arms_of(results: Iterable[Retrained]) -> dict[Arm, Spread]:
    """Results of one architecture, gathered over seeds."""
    ordered = sorted(results, key=lambda result: result.seed)
    gathered: dict[Arm, Spread] = {}
    for arm in ARMS:
        own = [result for result in ordered if result.arm == arm]
        if own:
            gathered[arm] = Spread(tuple(r.quality for r in own), tuple(r.search_quality for r in own))
    return gathered


@dataclass(frozen=True)
class Summary:
    """The findings of a run; each is worked out once, when it is first asked for."""

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
        """Networks of the search inside the limits with an inherited quality."""
        return tuple(n for n in self.networks.values() if n.searched and n.inherited is not None and not n.violation)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Every attention kind that occurs, by name."""
        return tuple(sorted({kind for network in self.networks.values() for kind in network.kinds}))

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Every site with attention that occurs, in the order of the architectures."""
        return tuple(dict.fromkeys(site for network in self.networks.values() for site in network.sites))

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms in which anything was retrained."""
        return tuple(arm for arm in ARMS if any(result.arm == arm for result in self.data.retrained))

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """How each kind is drawn."""
        return marks(self.kinds)

    @cached_property
    def front(self) -> tuple[Network, ...]:
        """Networks inside the limits that no cheaper one equals in inherited quality, cheapest first."""
        return tuple(self.evaluated[place] for place in pareto_front(self._points))

    @cached_property
    def found(self) -> tuple[Network, ...]:
        """Retrained networks inside the limits that were trained since the search had found them."""
        names = {result.id for result in self.data.retrained if result.origin in SEARCHED}
        return tuple(n for n in self.networks.values() if n.id in names and not n.violation)

    @cached_property
    def homogeneous(self) -> tuple[Network, ...]:
        """The best network of each kind inside the limits, by kind."""
        return self._best_of_each({n.id: n.kind for n in self.networks.values() if n.kind is not None})

    @cached_property
    def hybrids(self) -> tuple[Network, ...]:
        """The best network of each fixed hybrid inside the limits."""
        return self._best_of_each({n.id: str(n.hybrid) for n in self.networks.values() if n.hybrid is not None})

    def _best_of_each(self, groups: dict[str, str]) -> tuple[Network, ...]:
        """A retrained one goes before one that was only tried: the run chose it by the same inherited quality."""
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
    def fidelity(self) -> Fidelity:
        """Inherited quality, FLOPs alone and parameters alone against the quality from scratch on the test split."""
        both = tuple(n for n in self.networks.values() if n.inherited is not None and "scratch" in n.arms)
        if not both:
            return Fidelity((), ())
        trained = [network.arms["scratch"].mean for network in both]
        scores = {INHERITED: [network.inherited or 0.0 for network in both]}
        for word in ("flops", "parameters"):
            name = next((name for name in self.data.costs if word in name), None)
            if name is not None and all(name in network.costs for network in both):
                scores[name] = [network.costs[name] for network in both]
        return Fidelity(both, tuple(ranker(name, own, trained) for name, own in scores.items()))

    @cached_property
    def hypervolume_curves(self) -> tuple[Curve, ...]:
        """Of the search, then of each random search; none before there is an area.

        Shares of the largest that any of them ended with. The reference, one for all, is the corner of the greatest
        cost and the least quality that any of them evaluated inside the limits.
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
    """Orders networks by what the search split says: trained ones first, by their best arm."""
    if network.best_arm is not None:
        return True, network.arms[network.best_arm].search_mean
    return False, network.inherited if network.inherited is not None else -math.inf


def _violation(costs: dict[str, float], limits: dict[str, Window]) -> float:
    return violation(costs, {name: limit for name, limit in limits.items() if name in costs})


def _curve(points: list[tuple[float, float]], reference: tuple[float, float], largest: float) -> Curve:
    places = sorted({*range(1, len(points) + 1, max(1, len(points) // CURVE_POINTS)), len(points)})
    return tuple((place, hypervolume(points[:place], reference) / largest) for place in places)
