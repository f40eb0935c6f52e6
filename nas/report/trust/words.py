"""Whether the supernet's ranking can be believed: in sentences and as a table."""

import statistics
from collections.abc import Sequence

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import INHERITED, Network, Summary
from nas.report.tables import Rows
from nas.report.trust.values import FEWEST_FOR_TAU, Correlation, Ranker

FEW_NETWORKS = 10
"""Below this many networks a Kendall tau is called rough."""


def fidelity_text(summary: Summary) -> list[str]:
    """How far the supernet's ranking can be believed."""
    data, found = summary.data, summary.fidelity
    n, own = len(found.networks), found.inherited
    if own is None:
        unknown = "Not known yet: no network has been both tried with inherited weights and retrained from scratch."
        return [unknown, *_fresh_text(summary)]
    sentences = [_gained_by_training(data, found.networks), *_fresh_text(summary)]
    if n < FEWEST_FOR_TAU:
        there = "is 1" if n == 1 else f"are {n}"
        return [f"No rank correlation can be given: it takes at least three networks, and there {there}.", *sentences]
    if own.all.tau is None:
        return ["No rank correlation can be given: one of the two qualities is the same for all networks.", *sentences]
    return [*_correlation_text(data, own), *_against_costs(data, found.rankers), _regret(data, own), *sentences]


def ranker_rows(summary: Summary) -> Rows:
    """A line for each way to order networks: tau with its interval for all and for the better half, and regret."""
    data, rankers = summary.data, summary.fidelity.rankers
    if not rankers:
        return []
    counts = rankers[0].all.count, rankers[0].top.count
    heading = ("Ordered by", f"τ, all {counts[0]}", f"τ, better {counts[1]}", f"Regret ({_unit(data)})")
    cells = [
        (ranker_title(data, own), _cell(own.all), _cell(own.top), wording.quality(data.tested, own.regret))
        for own in rankers
    ]
    return [heading, *cells]


def ranker_title(data: ReportData, own: Ranker) -> str:
    return "Supernet" if own.name == INHERITED else f"{wording.title(own.name)} alone"


def _correlation_text(data: ReportData, own: Ranker) -> list[str]:
    n = own.all.count
    said = f"Kendall τ = {_signed(own.all.tau or 0.0)} over n = {n} networks{_interval(own.all)}{_of_what(data)}."
    if own.top.tau is not None:
        said += (
            f" Over the {own.top.count} that are best from scratch it is {_signed(own.top.tau)}{_interval(own.top)}."
        )
    scale = "It goes from -1 for the reversed order, through 0 for no relation, to 1 for the same order."
    if n < FEW_NETWORKS:
        scale += f" With n = {n} it is a rough indication: one exchanged pair moves it by {4 / (n * (n - 1)):.2f}"
        scale += ", and networks that a search has chosen lie close together, which makes them hard to order."
    return [said, scale]


def _interval(found: Correlation) -> str:
    if found.low is None or found.high is None:
        return ", too few for an interval"
    return f", 95 % interval {_signed(found.low)} to {_signed(found.high)}"


def _against_costs(data: ReportData, rankers: Sequence[Ranker]) -> list[str]:
    """Whether the supernet tells more than the size of a network."""
    own, *costs = rankers
    known = [(each, each.all.tau) for each in costs if each.all.tau is not None]
    if not known or own.all.tau is None:
        return []
    said = ", ".join(f"by {wording.title(each.name)} alone {_signed(tau)}" for each, tau in known)
    best, tau = max(known, key=lambda pair: pair[1])
    order = "more than" if own.all.tau > tau else "no more than"
    unsure = "" if _apart(own.all, best.all) else ", as far as so few networks tell"
    return [f"Ordering with the dearest first has τ {said}: the supernet tells {order} size does here{unsure}."]


def _apart(first: Correlation, second: Correlation) -> bool:
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return False
    return first.low > second.high or second.low > first.high


def _regret(data: ReportData, own: Ranker) -> str:
    if own.regret <= 0:
        return "The network that is best with inherited weights is also the best from scratch of those compared."
    lost = wording.points(data.tested, own.regret)
    return (
        f"Regret: the network that is best with inherited weights is {lost} below the best from scratch "
        "of those compared."
    )


def _of_what(data: ReportData) -> str:
    if data.one_quality:
        return ""
    inherited, trained = map(wording.quality_name, (data.searched, data.tested))
    return f", of {inherited} with inherited weights and {trained} from scratch"


def _gained_by_training(data: ReportData, networks: Sequence[Network]) -> str:
    """What networks have more from scratch than with inherited weights, both times of the same quality."""
    pairs = [(own.arms["scratch"], own.inherited or 0.0) for own in networks]
    if data.one_quality:
        gap = statistics.fmean(own.mean - inherited for own, inherited in pairs)
        splits = "test split against search split"
    else:
        gap = statistics.fmean(own.search_mean - inherited for own, inherited in pairs)
        splits = "both on the search split"
    said = wording.gap(data.searched, gap)
    return f"The gap: retrained from scratch, networks reach {said} on average than with inherited weights ({splits})."


def _fresh_text(summary: Summary) -> list[str]:
    """What the best of many lose on data that did not choose them."""
    data = summary.data
    pairs = [(own.inherited, data.fresh[own.id]) for own in summary.evaluated if own.id in data.fresh]
    drops = [float(found or 0) - fresh for found, fresh in pairs]
    if not drops:
        return []
    return [
        f"The {len(drops)} finalists have {wording.gap(data.searched, -statistics.fmean(drops))} on average "
        "on fresh data (split select) than on the search split that found them, with the same inherited weights."
    ]


def _cell(found: Correlation) -> str:
    if found.tau is None:
        return wording.NONE
    if found.low is None or found.high is None:
        return _signed(found.tau)
    return f"{_signed(found.tau)} ({_signed(found.low)} to {_signed(found.high)})"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", wording.MINUS)


def _unit(data: ReportData) -> str:
    unit = wording.quality_unit(data.tested)
    return "points" if unit == "%" else unit
