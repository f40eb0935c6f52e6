"""The row: lines of measurements with commas between to one number each."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nas.export.families import register
from nas.export.family import Card, Family, Predict, PredictOption, Programs, Settings, Values, count
from nas.export.predict.lines import lines_of
from nas.export.predict.scores import scores_of
from nas.export.read.config import Config
from nas.export.write.card_parts import table
from tests.families.diabetes.space import Widths

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nas.export.write.programs import Program
    from nas.tasks.base import Task


def network(architecture: Widths, settings: Settings) -> "nn.Module":
    from tests.families.diabetes.model import Regressor

    return Regressor(architecture, **settings)


def without_data(_: Settings, __: Sequence[Sequence[int]]) -> "Task":
    from tests.families.diabetes.task import Diabetes

    return Diabetes()


def whole(module: "nn.Module", example: tuple["Tensor", ...], _: Settings) -> "Program":
    from nas.export.write.programs import batched

    return batched(module, example, ["measurements"])


def progressions(config: Config, files: Sequence[Path], options: Mapping[str, Any]) -> Iterator[str]:
    mean_F, std_F, target_mean, target_std = config.preprocessing("mean", "std", "target_mean", "target_std")
    scores, digits = scores_of(config, None), options.get("digits", 1)
    for lines in lines_of(files, "read measurements"):
        for line in lines:
            try:
                x_1F = (np.array([line.split(",")], dtype=np.float64) - mean_F) / std_F
            except ValueError as error:
                raise ValueError(f"{line!r} is no line of {len(mean_F)} numbers with commas between") from error
            yield f"{scores(x_1F.astype(np.float32)).item() * target_std + target_mean:.{digits}f}"


def layers(architecture: Widths) -> list[str]:
    return table(("layer", "width"), [(1, architecture.first), (2, architecture.second)])


def use(folder: str) -> list[str]:
    return ["It reads a patient a line:", "", "```sh", f"nas predict {folder} patients.csv", "```", "", "In Python:"]


def intended_use(values: Values) -> str:
    return f"For measurements like those of task `{values['task']}`."


FAMILY = Family(
    name="regressor",
    network=network,
    architecture=Widths,
    without_data=without_data,
    programs=Programs(whole),
    predict=Predict(
        "predicts numbers",
        "lines of numbers",
        progressions,
        (PredictOption("digits", "N", "digits behind the point (default: 1)", count),),
    ),
    card=Card(layers, use, intended_use),
)
register(FAMILY, __name__)
