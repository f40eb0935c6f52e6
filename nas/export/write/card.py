"""The model card of an export: what the network is, what was measured, and how it is used, as Markdown."""

from pathlib import Path
from typing import Any

from nas.evaluators.base import Quality
from nas.experiment import Experiment
from nas.export.write.card_parts import checked, data, flops, front_matter, int8, intended_use, latency, made
from nas.runs.retrained import Retrained
from nas.search_space.seq2seq import Seq2SeqArchitecture

NAMES = {"bleu": "BLEU", "log_likelihood": "log-likelihood"}
"""Qualities that are called otherwise in a text than in a file."""


def card(experiment: Experiment, result: Retrained, values: dict[str, Any], folder: Path) -> str:
    """
    Args:
        values: The export's config.
        folder: Of the export, as its commands should name it.
    """
    translates = isinstance(result.architecture, Seq2SeqArchitecture)
    units = {cost.name: cost.unit for cost in experiment.costs}
    costs = {name: value for name, value in values["costs"].items() if name in units}
    sections = [
        front_matter(values),
        [
            f"# {experiment.task.name} network {result.id}",
            "",
            f"Found by the search `{values['provenance']['run']}` and trained with arm `{result.arm}`, seed "
            f"{result.seed}, {result.steps:,} steps, on {result.device} (commit {result.commit}).",
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
        flops(values),
        ["## Layers", "", *(_both_stacks(result.architecture) if translates else _layers(result.architecture))],
        ["## Use", "", *(_how_to_translate(folder) if translates else _how_to_classify(folder)), *_in_python(folder)],
        intended_use(values),
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
    """Other figures that came with the translations' BLEU."""
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


def _layers(architecture: Any) -> list[str]:
    blocks = getattr(getattr(architecture, "encoder", None), "blocks", ())
    rows = (
        (number, block.attention, f"{block.num_heads} x {block.head_dim}", block.ffn_dim)
        for number, block in enumerate(blocks, start=1)
    )
    return ["| layer | attention | heads x width | FFN |", "|---|---|---|---|", *(_row(*cells) for cells in rows)]


def _both_stacks(architecture: Seq2SeqArchitecture) -> list[str]:
    encoder, decoder = architecture.encoder, architecture.decoder
    rows = []
    for number, block in enumerate(decoder.blocks, start=1):
        own, across = block.self_attention, block.cross_attention
        sizes = (f"{each.num_heads} x {each.head_dim}" for each in (own, across))
        rows.append(_row(number, own.kind, next(sizes), across.kind, next(sizes), across.encoder_layers, block.ffn_dim))
    return [
        f"Encoder of width {encoder.embed_dim}:",
        "",
        *_layers(architecture),
        "",
        f"Decoder of width {decoder.embed_dim}, with attention to the tokens before and to the source, of which each "
        "layer sees the last encoder layers:",
        "",
        "| layer | attention before | heads x width | attention to source | heads x width | encoder layers | FFN |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _how_to_translate(folder: Path) -> list[str]:
    return [
        "It translates text, a sentence a line; `--beam` and `--length-penalty` change the search:",
        "",
        "```sh",
        f"nas predict {folder.as_posix()} < text",
        "```",
        "",
        "In Python it is a plain module, which takes tokens of the source and of the translation so far:",
        "",
    ]


def _how_to_classify(folder: Path) -> list[str]:
    return [
        "It names the class of each image file, with its probability; with `model.onnx` that needs no torch:",
        "",
        "```sh",
        f"nas predict {folder.as_posix()} image.png",
        "```",
        "",
        "In Python it is a plain module:",
        "",
    ]


def _in_python(folder: Path) -> list[str]:
    return ["```python", "import nas", "", f'network = nas.load("{folder.as_posix()}")', "```"]
