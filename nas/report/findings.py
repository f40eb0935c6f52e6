"""What the page says in words: headline numbers, verdicts, and an honest sentence wherever something is missing."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import FEWEST_FOR_TAU, Network, Summary
from nas.retrained import Arm

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
FEW_NETWORKS = 10
"""Below this many networks a Kendall tau is called rough."""
ARM_WORDS: dict[Arm, str] = {"scratch": "retrained from scratch", "inherited": "fine-tuned from the supernet's weights"}


@dataclass(frozen=True)
class Tile:
    """One headline number."""

    label: str
    value: str
    note: str


def tiles(summary: Summary) -> list[Tile]:
    """Headline numbers for the top of the page."""
    data, best, found = summary.data, summary.recommended, []
    if best is not None:
        found.append(_quality_tile(data, best))
        if data.axis in best.costs:
            cost = wording.amount(best.costs[data.axis])
            found.append(Tile(wording.title(data.axis), cost, _of_limit(data, best)))
    evaluated = sum(trial.quality is not None for trial in data.trials)
    found.append(Tile("Networks evaluated", f"{evaluated:,}", f"of {_size(data.space_size)} in the space"))
    seconds = _wall_seconds(data)
    if seconds:
        slowest = max(seconds, key=lambda phase: seconds[phase])
        found.append(Tile("Wall time", wording.duration(sum(seconds.values())), f"longest phase: {slowest}"))
    return found


def verdict(summary: Summary) -> list[str]:
    """What to pick, in sentences."""
    best = summary.recommended
    if best is None:
        count = len(summary.data.trials)
        state = f"{count:,} networks were looked at, and none was evaluated" if count else "the search has not begun"
        return [f"Nothing can be recommended yet: {state}."]
    if best.best_arm is None:
        return [
            f"For now, {best.id}: the best on the search split with the supernet's weights. Nothing has been retrained "
            "yet, and inherited quality only orders networks; it does not foretell what training reaches.",
            *_against_homogeneous(summary, best),
        ]
    return [
        f"Pick {best.id}: {ARM_WORDS[best.best_arm]}, it is the best on the search split. "
        "The test split was read afterwards and has chosen nothing.",
        *_single_seed(best),
        *_against_homogeneous(summary, best),
    ]


def _single_seed(best: Network) -> list[str]:
    seeds = max(len(spread.qualities) for spread in best.arms.values())
    return ["It was trained with one seed, so how far chance moves it is not known."] if seeds == 1 else []


def _against_homogeneous(summary: Summary, best: Network) -> list[str]:
    """The recommended network beside the best homogeneous one, both judged in the same way."""
    data = summary.data
    if best.kind is not None:
        where = "every layer" if set(best.kinds) == {best.kind} else "every layer that can be"
        return [f"It is homogeneous: {where} is {best.kind}. Mixing kinds did not pay here."]
    own = _quality_like(best, best)
    rivals = [(value, rival) for rival in summary.homogeneous if (value := _quality_like(rival, best)) is not None]
    if own is None or not rivals:
        return []
    value, rival = max(rivals, key=lambda pair: pair[0])
    split, measure = ("the test split", data.tested) if best.best_arm else ("the search split", data.searched)
    order = "above" if own >= value else "below"
    cost = f" ({wording.amount(rival.costs[data.axis])} {wording.title(data.axis)})" if data.axis in rival.costs else ""
    return [
        f"On {split} it is {wording.points(measure, own - value)} {order} the best homogeneous network treated alike, "
        f"all {rival.kind}{cost}."
    ]


def limits(data: ReportData) -> str:
    """`FLOPs at most 30 M`, or that there are none."""
    named = [f"{wording.title(name)} {wording.window(limit)}" for name, limit in data.limits.items()]
    return "; ".join(named) if named else "none"


def fidelity_text(summary: Summary) -> list[str]:
    """How far the supernet's ranking can be believed."""
    data, found = summary.data, summary.fidelity
    n = len(found.networks)
    if n == 0:
        unknown = "Not known yet: no network has been both tried with inherited weights and retrained from scratch."
        return [unknown, *_fresh_text(summary)]
    sentences = [_gained_by_training(data, found.networks), *_fresh_text(summary)]
    if n < FEWEST_FOR_TAU:
        there = "is 1" if n == 1 else f"are {n}"
        return [f"No rank correlation can be given: it takes at least three networks, and there {there}.", *sentences]
    if found.tau is None:
        return ["No rank correlation can be given: one of the two qualities is the same for all networks.", *sentences]
    chance = "p < 0.001" if found.p_value is not None and found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    correlation = (
        f"Kendall τ = {found.tau:.2f} over n = {n} networks ({chance}){_of_what(data)}. It goes from -1 for the "
        "reversed order, through 0 for no relation, to 1 for the same order."
    )
    if n < FEW_NETWORKS:
        step = 4 / (n * (n - 1))
        correlation += f" With n = {n} it is a rough indication: one exchanged pair moves it by {step:.2f}."
    return [correlation, *sentences]


def _of_what(data: ReportData) -> str:
    if data.one_quality:
        return ""
    inherited, trained = map(wording.quality_name, (data.searched, data.tested))
    return f", of {inherited} with inherited weights and {trained} from scratch"


def _gained_by_training(data: ReportData, networks: Sequence[Network]) -> str:
    """What networks have more from scratch than with inherited weights, both times of the same quality."""
    pairs = [(own.arms["scratch"], own.inherited or 0.0) for own in networks]
    if data.one_quality:
        gap, splits = (
            statistics.fmean(own.mean - inherited for own, inherited in pairs),
            "test split against search split",
        )
    else:
        gap, splits = (
            statistics.fmean(own.search_mean - inherited for own, inherited in pairs),
            "both on the search split",
        )
    said = wording.gap(data.searched, gap)
    return f"Retrained from scratch, networks reach {said} on average than with inherited weights ({splits})."


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


def progress_facts(summary: Summary) -> list[tuple[str, str]]:
    """What the search spent and found: labels and values."""
    trials = summary.data.trials
    evaluated = [trial for trial in trials if trial.quality is not None]
    facts = [("Networks evaluated", f"{len(evaluated):,}")]
    if trials:
        over = sum(trial.violation > 0 for trial in trials)
        share = f"{over:,} of {len(trials):,} ({100 * over / len(trials):.1f} %)"
        facts.append(("Over a limit, so not evaluated", share))
    failures = [trial.failure for trial in trials if trial.failure is not None]
    if failures:
        facts.append(("Evaluations that failed", f"{len(failures):,}, the last with {failures[-1]}"))
    facts.append(("Networks on the front", f"{len(summary.front):,}"))
    reached = next((place for place, share in summary.hypervolume_curve if share >= 0.95), None)
    if reached is not None:
        facts.append(("Evaluations to 95 % of the final hypervolume", f"{reached:,}"))
    if evaluated:
        facts.append(("Mean time of an evaluation", wording.duration(statistics.fmean(t.seconds for t in evaluated))))
    return facts


def phases(data: ReportData) -> list[tuple[str, str, float]]:
    """Name, wall time and share in percent of every phase."""
    seconds = _wall_seconds(data)
    total = sum(seconds.values())
    return [(phase, wording.duration(own), 100 * own / total if total else 0.0) for phase, own in seconds.items()]


def description(summary: Summary, figure: str) -> str:
    """What a figure shows, for those who cannot see it."""
    data, kinds = summary.data, ", ".join(summary.kinds)
    axis, name, tested = wording.title(data.axis), *map(wording.quality_name, (data.searched, data.tested))
    shown = " and ".join(dict.fromkeys((name, tested)))
    members, both = summary.front, len(summary.fidelity.networks)
    ends = [
        f"{wording.quality_with_unit(data.searched, end.inherited)} at {wording.amount(end.costs[data.axis])}"
        for end in (members[:1] + members[-1:])
    ]
    reach = f"The front has {len(members)} networks, from {' to '.join(ends)}; see the table below." if ends else ""
    return {
        "front": f"{shown} against {axis} of {len(data.trials)} trials. {reach}".strip(),
        "attention": f"Attention kind ({kinds}) of each layer of the networks on the front, cheapest first.",
        "kinds": f"Share of each attention kind ({kinds}) among the layers of the front and of all evaluated networks.",
        "fidelity": f"{name} with inherited weights against {tested} from scratch, {both} networks.",
        "progress": "Share of the final hypervolume over the number of networks evaluated.",
    }[figure]


def _quality_tile(data: ReportData, best: Network) -> Tile:
    measure = data.searched if best.best_arm is None else data.tested
    label, unit = wording.sentence_case(wording.quality_name(measure)), wording.quality_unit(measure)
    unit = "" if unit == label else f" {unit}"
    if best.best_arm is None:
        value = wording.quality(measure, best.inherited)
        return Tile(label, f"{value}{unit}", "so far; inherited weights, search split")
    own = best.arms[best.best_arm]
    spread = "" if own.deviation is None else f" ± {wording.quality(measure, own.deviation)}"
    seeds = f"{len(own.qualities)} seed{'s' if len(own.qualities) > 1 else ''}"
    note = f"recommended network; {wording.ARMS[best.best_arm].lower()}, test split, {seeds}"
    return Tile(label, f"{wording.quality(measure, own.mean)}{spread}{unit}", note)


def _of_limit(data: ReportData, best: Network) -> str:
    unit = data.costs[data.axis]
    limit = data.limits.get(data.axis)
    if limit is None or limit.at_most is None:
        return unit
    return f"{unit}, {100 * best.costs[data.axis] / limit.at_most:.0f} % of the limit"


def _quality_like(network: Network, best: Network) -> float | None:
    """Quality of `network` with the weights by which the best one is judged; None if it has none such."""
    if best.best_arm is None:
        return network.inherited
    return network.arms[best.best_arm].mean if best.best_arm in network.arms else None


def _wall_seconds(data: ReportData) -> dict[str, float]:
    return {str(name): float(own) for name, own in data.provenance.get("wall_seconds", {}).items()}


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count:,}"
    power = len(str(count)) - 1
    return f"{count / 10**power:.1f} \N{MULTIPLICATION SIGN} 10{str(power).translate(SUPERSCRIPTS)}"


def leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Path and text of every leaf of nested values."""
    if isinstance(value, dict):
        return [leaf for name, own in value.items() for leaf in leaves(own, f"{path} / {name}" if path else str(name))]
    if isinstance(value, list | tuple):
        return [(path, ", ".join(map(str, value)) or wording.NONE)]
    return [(path, wording.NONE if value is None else str(value))]
