"""Whether the search was worth it: what it found against a random search, and what each phase took."""

import statistics
from collections.abc import Sequence

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Summary
from nas.report.tables import Rows, as_csv
from nas.report.worth.values import Spent

LEAD = 0.005
"""Share of the hypervolume from which on a difference is called one."""


def worth_text(summary: Summary) -> list[str]:
    """Search beside random search, in sentences."""
    data = summary.data
    own, *others = summary.hypervolume_curves or ((),)
    if not own:
        return ["Nothing to judge yet: no front has been found."]
    if not others:
        command = f"nas compare {data.folder} --strategies random --budget {own[-1][0]}"
        return [
            "Whether a random search had done as well is not known: none of equal budget was made. "
            f"{command} makes some, as long as the trained supernet is there.",
            *_without_hybrids(data),
        ]
    ends = [curve[-1][1] for curve in others]
    middle, end = statistics.median(ends), own[-1][1]
    seeds = f"{len(ends)} random search{'es' if len(ends) > 1 else ''}"
    spread = f", {_percent(min(ends))} to {_percent(max(ends))}" if len(ends) > 1 else ""
    first = f"With as many evaluations, {seeds} reached {_percent(middle)} of the largest hypervolume{spread}; "
    first += f"this search reached {_percent(end)}."
    return [first, _when(own, middle, end), *_chance(len(ends)), *_without_hybrids(data)]


def progress_facts(summary: Summary) -> list[tuple[str, str]]:
    """What the search spent and found: labels and values."""
    data, trials = summary.data, summary.data.trials
    evaluated = [trial for trial in trials if trial.quality is not None]
    facts = [("Networks evaluated", f"{len(evaluated):,}")]
    if data.share_inside is not None:
        facts.append(("Of draws from the whole space inside the limits", _share(data.share_inside)))
    if trials:
        over = sum(trial.violation > 0 for trial in trials)
        facts.append(("Proposals over a limit, so not evaluated", f"{over:,} of {len(trials):,}"))
    asked = [*trials, *data.anchors, *(trial for each in data.random_searches for trial in each)]
    repeats = len(asked) - len({trial.architecture for trial in asked})
    facts.append(("Evaluations saved, since the network was known", f"{repeats:,} of {len(asked):,}"))
    failures = [trial.failure for trial in trials if trial.failure is not None]
    if failures:
        facts.append(("Evaluations that failed", f"{len(failures):,}, the last with {failures[-1]}"))
    facts.append(("Networks on the front", f"{len(summary.front):,}"))
    if summary.hypervolume_curves:
        own = summary.hypervolume_curves[0]
        reached = next(place for place, share in own if share >= 0.95 * own[-1][1])
        facts.append(("Evaluations to 95 % of its final hypervolume", f"{reached:,}"))
    if evaluated:
        facts.append(("Mean time of an evaluation", wording.duration(statistics.fmean(t.seconds for t in evaluated))))
    return facts


def spent_rows(data: ReportData) -> Rows:
    """A line a phase, then all together; a column for devices where they differ."""
    if not data.spent:
        return []
    devices = {own.device for own in data.spent}
    several = len(devices) > 1
    work = "Core time" if all(device.startswith("CPU") for device in devices) else "Device time"
    rows: Rows = [
        ("Phase", "Wall time", work, "Networks", "A minute", "Training FLOPs", *(["Device"] if several else []))
    ]
    for own in data.spent:
        each_minute = None if own.networks is None else 60 * own.networks / max(own.wall_seconds, 0.1)
        cells = [
            own.phase,
            wording.duration(own.wall_seconds),
            wording.NONE if own.work_seconds is None else wording.duration(own.work_seconds),
            wording.NONE if own.networks is None else f"{own.networks:,}",
            wording.NONE if each_minute is None else f"{each_minute:.3g}",
            wording.amount(own.training_flops),
        ]
        rows.append((*cells, *([own.device] if several else [])))
    rows.append((*_together(data.spent), *([wording.NONE] if several else [])))
    return rows


def _together(spent: Sequence[Spent]) -> list[str]:
    work = [own.work_seconds for own in spent if own.work_seconds is not None]
    flops = [own.training_flops for own in spent if own.training_flops is not None]
    return [
        "all",
        wording.duration(sum(own.wall_seconds for own in spent)),
        wording.duration(sum(work)) if work else wording.NONE,
        wording.NONE,
        wording.NONE,
        wording.amount(sum(flops) if flops else None),
    ]


def devices(data: ReportData) -> str:
    return ", ".join(dict.fromkeys(own.device for own in data.spent))


def spent_csv(data: ReportData) -> str:
    """A line a phase, with every digit."""
    rows = [list(Spent._fields)]
    rows += [["" if value is None else str(value) for value in own] for own in data.spent]
    return as_csv(rows)


def _when(own: tuple[tuple[int, float], ...], middle: float, end: float) -> str:
    """When the search was where random search ended."""
    first = next((place for place, share in own if share >= middle), None)
    if first is None or end < middle - LEAD:
        return "The search paid less than drawing at random would have."
    if end < middle + LEAD:
        return "Drawing at random would have done as well here."
    return f"It was where random search ended after {first:,} of {own[-1][0]:,} evaluations."


def _without_hybrids(data: ReportData) -> list[str]:
    return [f"There is no fixed hybrid to compare with: {data.no_hybrids}."] if data.no_hybrids else []


def _chance(seeds: int) -> list[str]:
    few = seeds == 1
    return [
        "Both have the supernet's qualities, so a lead is one on these; the search itself was made with one seed"
        + (", and so was the random one: how far chance moves either is not known." if few else ".")
    ]


def _share(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else f"{share:.1e}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
