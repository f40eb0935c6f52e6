"""Translation scores of the retrained networks as sacreBLEU gave them, and how they were computed."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import ARMS, Network, Summary
from nas.report.tables import Rows, as_csv
from nas.runs.records import Retrained

SETTINGS = {
    "tokenizer": "Tokenizer of BLEU",
    "beam": "Beam size",
    "length_penalty": "Length penalty",
    "averaged_snapshots": "Averaged snapshots",
    "sentences": "Sentences of the test split",
}
"""Headings of the details of a result that say how it was computed."""
SIGNATURE = "signature"


class BleuCard(NamedTuple):
    """A table of scores, and facts that hold for all of them."""

    rows: Rows
    facts: list[tuple[str, str]]
    """Headings and values of signatures and decoding settings."""


def bleu_card(summary: Summary) -> BleuCard | None:
    """Scores of every retrained network and arm, cheapest first, then of the baselines; None for other tasks."""
    data, results = summary.data, scored(summary.data)
    if not results:
        return None
    names = score_names(results)
    heading = ("Network", "Role", "Training", *map(score_title, names), *map(wording.title, data.costs))
    networks = sorted({result.id: summary.networks[result.id] for result in results}.values(), key=_by_cost(data))
    rows = [row for network in networks for row in _rows_of(network, results, names, data)]
    baselines = [_baseline_row(name, scores, names, data) for name, scores in data.baselines.items()]
    return BleuCard([heading, *rows, *baselines], _facts(results))


def bleu_csv(data: ReportData) -> str:
    """CSV text of every training and baseline with every digit and all details; unknown values are empty."""
    results = scored(data)
    names = list(dict.fromkeys(name for result in results for name in result.details))
    rows = [["id", "origin", "arm", "seed", *names]]
    for result in results:
        row = [result.id, result.origin, result.arm, str(result.seed)]
        rows.append(row + [str(result.details.get(name, "")) for name in names])
    for baseline, scores in data.baselines.items():
        rows.append([baseline, "baseline", "", "", *(str(scores.get(name, "")) for name in names)])
    return as_csv(rows)


def scored(data: ReportData) -> list[Retrained]:
    """Results that come with a signature of sacreBLEU."""
    return [result for result in data.retrained if SIGNATURE in result.details]


def score_names(results: Sequence[Retrained]) -> list[str]:
    """Names of the details that are scores: BLEU and chrF, then BLEU with other tokenisations."""
    others = (name for result in results for name in result.details if name.startswith("bleu_"))
    return list(dict.fromkeys(["bleu", "chrf", *others]))


def score_title(name: str) -> str:
    """Heading of a score: `BLEU`, `chrF`, `BLEU (intl)`."""
    base, _, tokenisation = name.partition("_")
    title = {"bleu": "BLEU", "chrf": "chrF"}[base]
    return f"{title} ({tokenisation})" if tokenisation else title


def _by_cost(data: ReportData) -> Callable[[Network], float]:
    return lambda network: network.costs.get(data.axis, float("inf"))


def _rows_of(
    network: Network, results: Sequence[Retrained], names: Sequence[str], data: ReportData
) -> list[tuple[str, ...]]:
    """A row for each arm."""
    costs = [wording.amount(network.costs.get(name)) for name in data.costs]
    rows = []
    for arm in ARMS:
        own = [result for result in results if (result.id, result.arm) == (network.id, arm)]
        if own:
            scores = [_score([result.details[name] for result in own if name in result.details]) for name in names]
            rows.append((network.id, own[0].origin, wording.ARMS[arm], *scores, *costs))
    return rows


def _score(values: Sequence[float]) -> str:
    """Mean, sample standard deviation and number of values: `27.31 ± 0.20 (3)`."""
    if not values:
        return wording.NONE
    deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.2f}{deviation} ({len(values)})"


def _baseline_row(baseline: str, scores: dict[str, float], names: Sequence[str], data: ReportData) -> tuple[str, ...]:
    shown = [f"{scores[name]:.2f}" if name in scores else wording.NONE for name in names]
    return (baseline, "baseline", wording.NONE, *shown, *(wording.NONE for _ in data.costs))


def _facts(results: Sequence[Retrained]) -> list[tuple[str, str]]:
    signatures = {SIGNATURE: "BLEU", "chrf_signature": "chrF"}
    found = dict.fromkeys(name for result in results for name in result.details)
    others = {name: score_title(name.replace(SIGNATURE, "bleu")) for name in found if name.startswith("signature_")}
    named = {name: f"sacreBLEU signature of {title}" for name, title in (signatures | others).items()} | SETTINGS
    return [(title, _all_values(results, name)) for name, title in named.items() if name in found]


def _all_values(results: Sequence[Retrained], name: str) -> str:
    """The value of a detail, or all values where results differ in it."""
    values: list[Any] = [result.details[name] for result in results if name in result.details]
    return "; ".join(dict.fromkeys(f"{value:,}" if isinstance(value, int) else str(value) for value in values))
