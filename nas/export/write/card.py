"""The model card of an export: what the network is, what was measured, and how it is used, as Markdown."""

from pathlib import Path
from typing import Any

from nas.evaluators.base import Quality
from nas.experiment import Experiment
from nas.export.family import Family, Values
from nas.export.write.card_parts import checked, data, flops, front_matter, int8, intended_use, latency, made
from nas.runs.records import Retrained
from nas.system.cells import markdown_cell

NAMES = {"bleu": "BLEU", "log_likelihood": "log-likelihood"}
"""Names of qualities in texts, where they differ from those in files."""


def card(experiment: Experiment, family: Family, result: Retrained, values: Values, folder: Path) -> str:
    """The card's text.

    Args:
        values: The export's config.
        folder: Of the export, as its commands should name it.
    """
    units = {cost.name: cost.unit for cost in experiment.costs}
    costs = {name: value for name, value in values["costs"].items() if name in units}
    sections = [
        front_matter(family.card.pipeline_tag),
        [
            f"# {experiment.task.name} network {result.id}",
            "",
            f"Found by the search `{markdown_cell(values['provenance']['run'])}` and trained with arm `{result.arm}`, "
            f"seed {result.seed}, {result.steps:,} steps, on {result.device} (commit {result.commit}).",
            "",
            "| measure | value |",
            "|---|---|",
            _measure(experiment.tested, "test", result.quality),
            *_measured_besides(result.details),
            _measure(experiment.quality, "search", result.search_quality),
            *(f"| {name} | {value:,.0f} {units[name]} |" for name, value in costs.items()),
            "",
            f"Costs are quoted at {experiment.task.cost_setting()}, batch 1; one multiply-add counts as one FLOP.",
            *_how_measured(result.details),
        ],
        flops(values, family.card.lengths),
        ["## Layers", "", *family.card.layers(result.architecture)],
        ["## Use", "", *family.card.use(folder.as_posix()), "", *_in_python(folder)],
        intended_use(family.card.intended_use(values)),
        data(values),
        made(values),
        checked(values),
        latency(values),
        int8(values),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _measure(quality: Quality, split: str, value: float) -> str:
    digits = 2 if quality.unit == "BLEU" else 4
    return f"| {NAMES.get(quality.name, quality.name)}, {split} split | {value:.{digits}f} |"


def _measured_besides(details: dict[str, Any]) -> list[str]:
    """The other figures that came with BLEU."""
    names = {key: f"BLEU ({key.removeprefix('bleu_')})" for key in details if key.startswith("bleu_")}
    figures = {"chrf": "chrF", **names}
    return [f"| {name}, test split | {details[key]:.2f} |" for key, name in figures.items() if key in details]


def _how_measured(details: dict[str, Any]) -> list[str]:
    """Without its signature a BLEU can be compared to no other."""
    if "signature" not in details:
        return []
    signatures = [f"`{value}`" for key, value in details.items() if "signature" in key]
    return [
        "",
        f"Measured by sacreBLEU on {details['sentences']:,} sentences, decoded with beam {details['beam']} and length "
        f"penalty {details['length_penalty']:g}; signatures: {', '.join(signatures)}.",
    ]


def _in_python(folder: Path) -> list[str]:
    return ["```python", "import nas", "", f'network = nas.load("{folder.as_posix()}")', "```"]
