"""What the page says in words: headline numbers, verdicts, and an honest sentence wherever something is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Network, Summary
from nas.training.settings import Arm

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
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
            *_against_controls(summary, best),
        ]
    return [
        f"Pick {best.id}: {ARM_WORDS[best.best_arm]}, it is the best on the search split. "
        "The test split was read afterwards and has chosen nothing.",
        *_single_seed(best),
        *_against_controls(summary, best),
    ]


def _single_seed(best: Network) -> list[str]:
    seeds = max(len(spread.qualities) for spread in best.arms.values())
    return ["It was trained with one seed, so how far chance moves it is not known."] if seeds == 1 else []


def _against_controls(summary: Summary, best: Network) -> list[str]:
    """The recommended network beside the best homogeneous one and the best hybrid, all judged in the same way."""
    if best.kind is not None:
        where = "every layer" if set(best.kinds) == {best.kind} else "every layer that can be"
        return [f"It is homogeneous: {where} is {best.kind}. Mixing kinds did not pay here."]
    controls = {"the best homogeneous network": summary.homogeneous, "the best fixed hybrid": summary.hybrids}
    said = [_beside(summary.data, best, role, networks) for role, networks in controls.items()]
    own = [f"It is a fixed hybrid: {best.hybrid}."] if best.hybrid is not None else []
    return own + [sentence for sentence in said if sentence is not None]


def _beside(data: ReportData, best: Network, role: str, networks: Sequence[Network]) -> str | None:
    """`From scratch, it is 1.25 points above the best homogeneous network on the test split: all linear (9.4 M FLOPs).`

    Trained as the best one is judged, or as both were trained at least; None if they have nothing in common.
    """
    for arm in dict.fromkeys([best.best_arm, *best.arms]):
        own = _quality(best, arm)
        others = [network for network in networks if network.id != best.id]
        read = [(value, network) for network in others if (value := _quality(network, arm)) is not None]
        if own is None or not read:
            continue
        value, rival = max(read, key=lambda pair: pair[0])
        measure, split = (data.searched, "search") if arm is None else (data.tested, "test")
        weights = "With inherited weights" if arm is None else wording.ARMS[arm]
        order = "above" if own >= value else "below"
        cost = rival.costs.get(data.axis)
        paid = "" if cost is None else f" ({wording.amount(cost)} {wording.title(data.axis)})"
        lead = f"{weights}, it is {wording.points(measure, own - value)} {order} {role} on the {split} split"
        return f"{lead}: {rival.control}{paid}."
    return None


def limits(data: ReportData) -> str:
    """`FLOPs at most 30 M`, or that there are none."""
    named = [f"{wording.title(name)} {wording.window(limit)}" for name, limit in data.limits.items()]
    return "; ".join(named) if named else "none"


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


def _quality(network: Network, arm: Arm | None) -> float | None:
    """On the test split after training, or with inherited weights; None if it was not read so."""
    if arm is None:
        return network.inherited
    return network.arms[arm].mean if arm in network.arms else None


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
