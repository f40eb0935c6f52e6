"""Answers of an export, apart from the other functions, which load torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.export.predict.predict import predict as predicted_lines


def predict(export: Path | str, files: Sequence[Path | str], options: Mapping[str, Any] | None = None) -> list[str]:
    """Classify images or translate texts with an export, as the command `nas predict` does; a line for each answer.

    >>> folder = nas.open("results/digits").export()
    >>> (line,) = nas.predict(folder, ["three.png"])
    >>> name, digit, probability = line.split("\\t")
    >>> digit in "0123456789"
    True

    Args:
        files: Images, or UTF-8 texts with a sentence a line, or other inputs of the export's model family.
        options: Options of the family by name, such as `{"beam": 1}`; `nas predict --help` lists them.

    Raises: ValueError if the folder holds no export, or a file cannot be read, or the family has no
            such option.
    """
    return list(predicted_lines(Path(export), [Path(file) for file in files], options))
