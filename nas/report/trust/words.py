"""Reliability of the supernet's ranking, in sentences and as a table."""

import statistics
from collections.abc import Sequence

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Network, Summary
from nas.report.tables import Rows
from nas.report.trust.values import FEWEST_FOR_TAU, INHERITED, Correlation, Ranker, fidelity

FEW_NETWORKS = 10
"""Number of networks below which Kendall's tau is called rough."""


def fidelity_text(summary: Summary) -> list[str]:
    """Sentences on how well inherited quality predicts the quality after training."""
    data, found = summary.data, fidelity(summary)
    n, own = len(found.networks), found.inherited
    if own is None:
        unknown = "Not known yet: no network has both inherited quality and quality from scratch."
        return [unknown, *_fresh_text(summary)]
    sentences = [_gained_by_training(data, found.networks), *_fresh_text(summary)]
    if n < FEWEST_FOR_TAU:
        there = "is 1" if n == 1 else f"are {n}"
        return [
            f"No rank correlation can be given: it takes at least three networks, and there {there}.",
            *sentences,
        ]
    if own.all.tau is None:
        return ["No rank correlation can be given: one of the two qualities is the same for all networks.", *sentences]
    return [*_correlation_text(data, own), *_against_costs(data, found.rankers), _regret(data, own), *sentences]


def ranker_rows(summary: Summary) -> Rows:
    """A row for each ranking: tau with its interval over all networks and over the better half, and the regret."""
    data, rankers = summary.data, fidelity(summary).rankers
    if not rankers:
        return []
    counts = rankers[0].all.count, rankers[0].top.count
    heading = ("Ranked by", f"τ, all {counts[0]}", f"τ, better {counts[1]}", f"Regret ({_unit(data)})")
    cells = [
        (ranker_title(own), _cell(own.all), _cell(own.top), wording.quality(data.tested, own.regret)) for own in rankers
    ]
    return [heading, *cells]


def ranker_title(own: Ranker) -> str:
    """Name of a ranking as a heading."""
    return "Supernet" if own.name == INHERITED else f"{wording.title(own.name)} alone"


def _correlation_text(data: ReportData, own: Ranker) -> list[str]:
    n = own.all.count
    said = f"Kendall τ = {_signed(own.all.tau or 0.0)} over n = {n} networks{_interval(own.all)}{_qualities(data)}."
    if own.top.tau is not None:
        said += (
            f" Over the {own.top.count} networks that are best from scratch, τ = {_signed(own.top.tau)}"
            f"{_interval(own.top)}."
        )
    scale = f"τ is 1 for the same order, 0 for no relation and {wording.MINUS}1 for the reversed order."
    if n < FEW_NETWORKS:
        scale += f" With n = {n} it is only a rough indication: one swapped pair changes it by {4 / (n * (n - 1)):.2f}."
        scale += " Networks that a search has chosen are also close in quality, which makes them hard to rank."
    return [said, scale]


def _interval(found: Correlation) -> str:
    if found.low is None or found.high is None:
        return ", too few for an interval"
    return f", 95 % interval {_signed(found.low)} to {_signed(found.high)}"


def _against_costs(data: ReportData, rankers: Sequence[Ranker]) -> list[str]:
    """A sentence on whether inherited quality ranks better than a cost alone."""
    own, *costs = rankers
    known = [(each, each.all.tau) for each in costs if each.all.tau is not None]
    if not known or own.all.tau is None:
        return []
    said = " and ".join(f"τ = {_signed(tau)} by {wording.title(each.name)} alone" for each, tau in known)
    best, tau = max(known, key=lambda pair: pair[1])
    order = "better" if own.all.tau > tau else "no better"
    unsure = "" if _apart(own.all, best.all) else ", but so few networks leave this open"
    lead = f"A ranking with the costliest network first has {said}."
    return [f"{lead} The supernet ranks {order} than cost alone does here{unsure}."]


def _apart(first: Correlation, second: Correlation) -> bool:
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return False
    return first.low > second.high or second.low > first.high


def _regret(data: ReportData, own: Ranker) -> str:
    if own.regret <= 0:
        return "Of the networks compared, the best one with inherited weights is also the best one from scratch."
    lost = wording.points(data.tested, own.regret)
    return (
        f"The regret is {lost}: of the networks compared, the best one with inherited weights is that far below "
        "the best one from scratch."
    )


def _qualities(data: ReportData) -> str:
    if data.one_quality:
        return ""
    inherited, trained = map(wording.quality_name, (data.searched, data.tested))
    return f", between {inherited} with inherited weights and {trained} from scratch"


def _gained_by_training(data: ReportData, networks: Sequence[Network]) -> str:
    """A sentence on the mean gap between the quality from scratch and inherited quality, both of the same kind."""
    pairs = [(own.arms["scratch"], own.inherited or 0.0) for own in networks]
    if data.one_quality:
        gap = statistics.fmean(own.mean - inherited for own, inherited in pairs)
        splits = "test split minus search split"
    else:
        gap = statistics.fmean(own.search_mean - inherited for own, inherited in pairs)
        splits = "both on the search split"
    said = wording.gap(data.searched, gap)
    return f"Retrained from scratch, the networks have {said} on average than with inherited weights ({splits})."


def _fresh_text(summary: Summary) -> list[str]:
    """A sentence on the quality that the finalists lose on held-out data."""
    data = summary.data
    pairs = [(own.inherited, data.fresh[own.id]) for own in summary.evaluated if own.id in data.fresh]
    drops = [float(found or 0) - fresh for found, fresh in pairs]
    if not drops:
        return []
    return [
        f"With the same inherited weights, the {len(drops)} finalists have "
        f"{wording.gap(data.searched, -statistics.fmean(drops))} on average on the select split, which is held out, "
        "than on the search split, which chose them."
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
