"""Headline numbers at the top of the page."""

from dataclasses import dataclass

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Network, Summary
from nas.system.numbers import percent

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Tile:
    """One headline number."""

    label: str
    value: str
    note: str


def tiles(summary: Summary) -> list[Tile]:
    """Headline numbers: the recommended network's quality and cost, the networks evaluated, and the wall time."""
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
    return f"{unit}, {percent(best.costs[data.axis] / limit.at_most)} of the limit"


def _wall_seconds(data: ReportData) -> dict[str, float]:
    return {str(name): float(own) for name, own in data.provenance.get("wall_seconds", {}).items()}


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count:,}"
    power = len(str(count)) - 1
    return f"{count / 10**power:.1f} \N{MULTIPLICATION SIGN} 10{str(power).translate(SUPERSCRIPTS)}"
