"""Sections of a model card, each as lines; an empty one is left out."""

from collections.abc import Iterable, Sequence
from typing import Any

from nas.export.family import Values
from nas.system.cells import markdown_cell

LIBRARY = "attention-nas"


def front_matter(pipeline_tag: str | None) -> list[str]:
    """The card's metadata, which Hugging Face's hub reads."""
    return [
        "---",
        f"library_name: {LIBRARY}",
        *([] if pipeline_tag is None else [f"pipeline_tag: {pipeline_tag}"]),
        "tags:",
        "- neural-architecture-search",
        "- model_hub_mixin",
        "---",
    ]


def flops(values: Values, words: str | None) -> list[str]:
    """FLOPs by length, with `words` above the table; without words nothing, since inputs have one size."""
    if words is None:
        return []
    rows = [f"| {markdown_cell(setting)} | {value:,.0f} |" for setting, value in values["flops_by_length"].items()]
    return ["## FLOPs by length", "", words, "", "| length | multiply-adds |", "|---|---:|", *rows]


def intended_use(meant: str) -> list[str]:
    limits = (
        "It was measured on the task's own test split alone, and comes from a search for small networks: try it on "
    )
    return ["## Intended use and limits", "", meant, "", limits + "your own data before you rely on it."]


def data(values: Values) -> list[str]:
    return ["## Data", "", values["data_licence"]]


def made(values: Values) -> list[str]:
    origin, training = values["provenance"], values["training"]
    rows = {
        "run": origin["run"],
        "experiment": origin["experiment"],
        "commit of the training": origin["commit"],
        "commit of the export": origin["exported_with"],
        "training": f"arm {training['arm']}, seed {training['seed']}, {training['steps']:,} steps, "
        f"{training['seconds']:,.0f} s",
        "device": origin["device"],
    }
    return ["## How it was made", "", *table(("what", "value"), rows.items())]


def checked(values: Values) -> list[str]:
    checks = values["checks"]
    forms = {
        "supernet": "sliced out of the supernet, against its path there",
        "reloaded": "weights of this folder, reloaded, against the retrained network",
        "pt2": "`model.pt2` against the reloaded network",
        "onnx": "ONNX against the reloaded network",
    }
    rows = [f"| {forms[form]} | {checks[form]:.2g} |" for form in forms if checks.get(form) is not None]
    quality = next(name for name in checks if name.startswith("search_"))
    return [
        "## Checks",
        "",
        "Largest differences of any output, on real inputs of the search split, when the export was written:",
        "",
        "| form | largest difference |",
        "|---|---:|",
        *rows,
        "",
        f"The reloaded network has {quality.removeprefix('search_')} {checks[quality]:.6g} on the search split, as was "
        f"recorded after its training. `model.safetensors` has {checks['bytes']:,} bytes, 4 for each number.",
    ]


def latency(values: Values) -> list[str]:
    if "latency_ms" not in values:
        return []
    times = values["latency_ms"]
    names = {"eager": "PyTorch, eager", "onnx": "ONNX Runtime", "int8": "ONNX Runtime, 8 bits"}
    rows = [
        f"| {name} | {times[key]['median_ms']:.3f} | {times[key]['low_ms']:.3f} to {times[key]['high_ms']:.3f} |"
        for key, name in names.items()
        if key in times
    ]
    return [
        "## Latency",
        "",
        f"One pass at {times['setting']}, batch 1, one thread of {times['device']}; {times['eager']['rounds']} passes "
        "of each, by turns:",
        "",
        "| by | median, ms | quartiles, ms |",
        "|---|---:|---:|",
        *rows,
    ]


def int8(values: Values) -> list[str]:
    if "int8" not in values:
        return []
    found, files = values["int8"], values["files"]
    bits8 = sum(file["bytes"] for name, file in files.items() if name.endswith(".int8.onnx"))
    both = sum(file["bytes"] for name, file in files.items() if name.endswith(".onnx"))
    sizes = {"float32": both - bits8, "int8": bits8}
    return [
        "## Weights of 8 bits",
        "",
        "Dynamic quantisation by ONNX Runtime: weights of matrix products have 8 bits, the rest is as it was.",
        "",
        f"| ONNX | bytes | {found['quality']}, search split |",
        "|---|---:|---:|",
        *(f"| {precision} | {sizes[precision]:,} | {found[precision]:.4f} |" for precision in ("float32", "int8")),
    ]


def encoder_layers(architecture: Any) -> list[str]:
    """The layers of an architecture's encoder, as a table."""
    rows = (
        (number, block.attention, f"{block.num_heads} x {block.head_dim}", block.ffn_dim)
        for number, block in enumerate(architecture.encoder.blocks, start=1)
    )
    return table(("layer", "attention", "heads x width", "FFN"), rows)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table of Markdown, as lines."""
    return [_row(header), "|" + "---|" * len(header), *(_row(cells) for cells in rows)]


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(markdown_cell(str(cell)) for cell in cells)} |"
