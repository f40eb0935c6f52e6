"""The search against random search in sentences, and the costs of its phases as a table."""

import statistics
from collections.abc import Sequence

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Summary
from nas.report.tables import Rows, as_csv
from nas.report.worth.values import PhaseCost, PhaseCosts
from nas.system.numbers import percent

LEAD = 0.005
"""Smallest difference in the share of the hypervolume that counts as one."""


def worth_text(summary: Summary) -> list[str]:
    """Sentences that compare the search with random search."""
    data = summary.data
    own, *others = summary.hypervolume_curves or ((),)
    if not own:
        return ["Not known yet: no front has been found."]
    if not others:
        command = f"nas compare {data.folder} --strategies random --budget {own[-1][0]}"
        return [
            "It is not known whether random search would do as well: none with the same search budget was run. "
            f"{command} runs some, as long as the trained supernet is there.",
            *_without_hybrids(data),
        ]
    ends = [curve[-1][1] for curve in others]
    middle, end = statistics.median(ends), own[-1][1]
    seeds = f"{len(ends)} random search{'es' if len(ends) > 1 else ''}"
    spread = f" in the median ({percent(min(ends), 1)} to {percent(max(ends), 1)})" if len(ends) > 1 else ""
    first = f"With the same search budget, {seeds} reached {percent(middle, 1)} of the largest hypervolume{spread}; "
    first += f"this search reached {percent(end, 1)}."
    return [first, _when(own, middle, end), *_chance(len(ends)), *_without_hybrids(data)]


def progress_facts(summary: Summary) -> list[tuple[str, str]]:
    """Labels and values on what the search evaluated and found."""
    data, trials = summary.data, summary.data.trials
    evaluated = [trial for trial in trials if trial.quality is not None]
    facts = [("Networks evaluated", f"{len(evaluated):,}")]
    if data.share_inside is not None:
        facts.append(("Random networks inside the limits", _share(data.share_inside)))
    if trials:
        over = sum(trial.violation > 0 for trial in trials)
        facts.append(("Proposals over a limit, not evaluated", f"{over:,} of {len(trials):,}"))
    asked = [*trials, *data.anchors, *(trial for each in data.random_searches for trial in each)]
    repeats = len(asked) - len({trial.architecture for trial in asked})
    facts.append(("Evaluations saved, as the network was known", f"{repeats:,} of {len(asked):,}"))
    failures = [trial.failure for trial in trials if trial.failure is not None]
    if failures:
        facts.append(("Evaluations that failed", f"{len(failures):,}; the last error: {failures[-1]}"))
    facts.append(("Networks on the front", f"{len(summary.front):,}"))
    if summary.hypervolume_curves:
        own = summary.hypervolume_curves[0]
        reached = next(place for place, share in own if share >= 0.95 * own[-1][1])
        facts.append(("Evaluations until 95 % of the final hypervolume", f"{reached:,}"))
    if evaluated:
        facts.append(("Mean evaluation time", wording.duration(statistics.fmean(t.seconds for t in evaluated))))
    return facts


def phase_rows(costs: PhaseCosts) -> Rows:
    """A row for each phase, then the sums; with a column for devices where they differ."""
    if not costs.phases:
        return []
    several = len(costs.devices) > 1
    work = "Core time" if all(device.startswith("CPU") for device in costs.devices) else "Device time"
    rows: Rows = [
        (
            "Phase",
            "Wall time",
            work,
            "Networks",
            "Per minute",
            "Training FLOPs",
            *(["Device"] if several else []),
        )
    ]
    for own in costs.phases:
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
    rows.append((*_sums(costs.phases), *([wording.NONE] if several else [])))
    return rows


def _sums(phases: Sequence[PhaseCost]) -> list[str]:
    work = [own.work_seconds for own in phases if own.work_seconds is not None]
    flops = [own.training_flops for own in phases if own.training_flops is not None]
    return [
        "all",
        wording.duration(sum(own.wall_seconds for own in phases)),
        wording.duration(sum(work)) if work else wording.NONE,
        wording.NONE,
        wording.NONE,
        wording.amount(sum(flops) if flops else None),
    ]


def phase_csv(costs: PhaseCosts) -> str:
    """CSV text with a row for each phase and every digit."""
    rows = [list(PhaseCost._fields)]
    rows += [["" if value is None else str(value) for value in own] for own in costs.phases]
    return as_csv(rows)


def _when(own: tuple[tuple[int, float], ...], middle: float, end: float) -> str:
    """A sentence on when the search reached the final hypervolume of random search."""
    first = next((place for place, share in own if share >= middle), None)
    if first is None or end < middle - LEAD:
        return "The search found less than random search did."
    if end < middle + LEAD:
        return "Random search did as well here."
    return f"The search reached the final hypervolume of random search after {first:,} of {own[-1][0]:,} evaluations."


def _without_hybrids(data: ReportData) -> list[str]:
    return [f"There is no fixed hybrid as a baseline: {data.no_hybrids}."] if data.no_hybrids else []


def _chance(seeds: int) -> list[str]:
    both = "The search and the random search were" if seeds == 1 else "The search was"
    return [
        "This comparison is about inherited quality. "
        f"{both} run with one seed, so the spread over seeds is not known{'' if seeds == 1 else ' for the search'}."
    ]


def _share(share: float) -> str:
    return percent(share, 1) if share >= 0.001 else f"{share:.1e}"
