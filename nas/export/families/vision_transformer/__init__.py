"""The family of Vision Transformers: images to their classes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.export.family import Card, Family, Predict, PredictOption, Programs, Settings, Values, one_of
from nas.export.read.config import Config
from nas.export.write.card_parts import encoder_layers
from nas.search_space.architecture import Architecture

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nas.export.write.programs import Program
    from nas.tasks.base import Task


def network(architecture: Architecture, settings: Settings) -> "nn.Module":
    from nas.models.vision import VisionTransformer

    return VisionTransformer(architecture, **settings)


def without_data(settings: Settings, _: Sequence[Sequence[int]]) -> "Task":
    from nas.export.families.vision_transformer.without_data import images_task

    return images_task(settings)


def whole(module: "nn.Module", example: tuple["Tensor", ...], _: Settings) -> "Program":
    from nas.export.write.programs import batched

    return batched(module, example, ["images"])


def classes(config: Config, files: Sequence[Path], options: Mapping[str, Any]) -> Iterator[str]:
    # here and not above: a card and a description need no Pillow
    from nas.export.families.vision_transformer.predict import classes

    return classes(config, files, options.get("backend"), options.get("ground", "white"), options.get("output", "text"))


def use(folder: str) -> list[str]:
    return [
        "It names the class of each image file, with its probability; with `model.onnx` that needs no torch:",
        "",
        "```sh",
        f"nas predict {folder} image.png",
        "```",
        "",
        "In Python it is a plain module:",
    ]


def intended_use(values: Values) -> str:
    said = values["preprocessing"]
    size, names = said["image_size"], said["class_names"]
    return (
        f"For images like those of task `{values['task']}`, of {size} x {size} pixels, in its {len(names)} "
        f"classes: {', '.join(names)}. Every other image is put into one of them, too: the probability is among "
        "these classes, not a chance of being right."
    )


BACKEND = PredictOption(
    "backend", "B", "computes it: onnx, int8, torch (default: onnx if there)", one_of("onnx", "int8", "torch")
)
GROUND = PredictOption(
    "ground", "COLOUR", "behind transparent images: white, black (default: white)", one_of("white", "black")
)
OUTPUT = PredictOption("output", "FORM", "lines of fields with tabs, or of JSON: text, json", one_of("text", "json"))

FAMILY = Family(
    name="vision_transformer",
    network=network,
    architecture=Architecture,
    without_data=without_data,
    programs=Programs(whole, onnx=("model",)),
    predict=Predict(
        "classifies images",
        "images",
        classes,
        (BACKEND, GROUND, OUTPUT),
    ),
    card=Card(
        layers=encoder_layers,
        use=use,
        intended_use=intended_use,
        lengths="What the same layers would need for other lengths; the weights are made for the first.",
        pipeline_tag="image-classification",
    ),
)
