"""The family of encoder-decoder Transformers: sentences to their translations."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.export.family import (
    Card,
    Family,
    Predict,
    PredictOption,
    Programs,
    Settings,
    Values,
    count,
    number,
    one_of,
)
from nas.export.read.config import Config
from nas.export.write.card_parts import encoder_layers, table
from nas.search_space.seq2seq import Seq2SeqArchitecture

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nas.experiment import Experiment
    from nas.export.write.programs import Program
    from nas.tasks.base import Task

LONGEST = "longest"
"""Setting of the most tokens of a sentence."""


def network(architecture: Seq2SeqArchitecture, settings: Settings) -> "nn.Module":
    from nas.models.seq2seq import Seq2Seq

    return Seq2Seq(architecture, **settings)


def without_data(settings: Settings, inputs: Sequence[Sequence[int]]) -> "Task":
    from nas.export.families.seq2seq.without_data import texts_task

    return texts_task(settings, inputs)


def whole(module: "nn.Module", _: tuple["Tensor", ...], settings: Settings) -> "Program":
    from nas.export.families.seq2seq.programs import whole

    return whole(module, settings[LONGEST])


def parts(module: "nn.Module", settings: Settings) -> list["Program"]:
    from nas.export.families.seq2seq.programs import parts

    return parts(module, settings[LONGEST])


def translations(config: Config, files: Sequence[Path], options: Mapping[str, Any]) -> Iterator[str]:
    if not find_spec("torch"):
        raise ValueError(f"{config.folder} translates, for which torch is needed: pip install attention-nas")
    from nas.export.families.seq2seq.predict import translations

    return translations(config.folder, files, options.get("beam"), options.get("length_penalty"))


def decoding(experiment: "Experiment") -> Values:
    """How translations were searched when the network was tested."""
    from nas.export.families.seq2seq.predict import decoding_values

    return {"decoding": decoding_values(experiment)}


def layers(architecture: Seq2SeqArchitecture) -> list[str]:
    encoder, decoder = architecture.encoder, architecture.decoder
    header = "layer", "attention before", "heads x width", "attention to source", "heads x width", "encoder layers"
    rows = []
    for layer, block in enumerate(decoder.blocks, start=1):
        own, across = block.self_attention, block.cross_attention
        sizes = [f"{each.num_heads} x {each.head_dim}" for each in (own, across)]
        rows.append((layer, own.kind, sizes[0], across.kind, sizes[1], across.encoder_layers, block.ffn_dim))
    return [
        f"Encoder of width {encoder.embed_dim}:",
        "",
        *encoder_layers(architecture),
        "",
        f"Decoder of width {decoder.embed_dim}, with attention to the tokens before and to the source, of which each "
        "layer sees the last encoder layers:",
        "",
        *table((*header, "FFN"), rows),
    ]


def use(folder: str) -> list[str]:
    return [
        "It translates text, a sentence a line; `--beam` and `--length-penalty` change the search:",
        "",
        "```sh",
        f"nas predict {folder} < text",
        "```",
        "",
        "In Python it is a plain module, which takes tokens of the source and of the translation so far:",
    ]


def intended_use(values: Values) -> str:
    longest = values["settings"][LONGEST]
    return (
        f"For sentences like those of task `{values['task']}`. Others it translates all the same, and worse; it is "
        f"made for at most {longest} subwords a sentence, and does not say how sure it is."
    )


FAMILY = Family(
    name="seq2seq",
    network=network,
    architecture=Seq2SeqArchitecture,
    without_data=without_data,
    programs=Programs(whole, onnx=("encoder", "decoder"), parts=parts),
    predict=Predict(
        "translates",
        "text",
        translations,
        (
            PredictOption("beam", "N", "hypotheses of a translation; 1 is greedy (default: the export's)", count),
            PredictOption("length_penalty", "X", "more favours long translations (default: the export's)", number),
            PredictOption("backend", "B", "computes it: torch", one_of("torch")),
        ),
    ),
    card=Card(
        layers=layers,
        use=use,
        intended_use=intended_use,
        lengths="Lengths count the tokens of the source and of its translation.",
        pipeline_tag="translation",
    ),
    longest=LONGEST,
    config=decoding,
    input_files=("subwords.model",),
)
