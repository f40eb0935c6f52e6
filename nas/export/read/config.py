"""The files of an export, and its config; read without torch.

config.json          model family, settings and architecture; preprocessing, decoding; what was measured and checked
model.safetensors    weights
subwords.model       of a translation network: the vocabulary of both languages
model.pt2            the network as a program of torch.export
model.onnx           the same as an ONNX program; of a translation network encoder.onnx and decoder.onnx
*.int8.onnx          the same with weights of 8 bits
README.md            the model card
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from nas.export.families import family_named
from nas.export.family import Family
from nas.system.checked import bounded
from nas.system.files import read_json

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"

Precision = Literal["float32", "int8"]

AGAIN = "write the export again with nas export RUN ID"

MOST_SIZE = 1_000_000
"""Largest width, number of heads or side in an architecture, and entries of a list in its settings."""
MOST_BLOCKS = 1_000
MOST_SETTING = 1e9


def onnx_file(program: str, precision: Precision) -> str:
    return f"{program}.onnx" if precision == "float32" else f"{program}.{precision}.onnx"


@dataclass(frozen=True)
class Config:
    """The config of an export, and its folder."""

    folder: Path
    values: dict[str, Any]

    @property
    def family(self) -> Family:
        """The row of the network's model family. Raises: ValueError if the config does not say, or it is not known."""
        with self.read():
            name, module = self.values["family"], self.values.get("family_module")
            if not isinstance(name, str):
                raise ValueError(f"no family {name!r}")
        try:
            return family_named(name, module)
        except ValueError as error:
            raise ValueError(f"{self.folder / CONFIG}: {error}") from error

    def preprocessing(self, *names: str) -> list[Any]:
        """These entries of how raw inputs are prepared, as the task said. Raises: ValueError if one is missing."""
        with self.read():
            return [self.values["preprocessing"][name] for name in names]

    def onnx_files(self, precision: Precision) -> list[str]:
        """Names of the export's ONNX programs, in the order in which they run; none if it has none."""
        names = [onnx_file(program, precision) for program in self.family.onnx]
        return names if all(name in self.values.get("files", {}) for name in names) else []

    def file(self, name: str) -> Path:
        """The path of a file that is what it was when it was written. Raises: ValueError if it is not."""
        with self.read():
            expected = self.values["files"][name]["sha256"]
        return unchanged(self.folder / name, expected)

    @contextmanager
    def read(self) -> Iterator[None]:
        """Errors of the lines inside become ones of the config."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"{type(error).__name__}: {error}"
            raise ValueError(f"{self.folder / CONFIG} is not that of an export of this version ({what})") from error


def read_config(folder: Path) -> Config:
    """Raises: ValueError if the folder holds no export, or the config is damaged."""
    if not (folder / CONFIG).is_file():
        raise ValueError(f"no export in {folder}: it has no {CONFIG}; write one with nas export RUN ID")
    values: dict[str, Any] = read_json(folder / CONFIG, dict[str, Any], AGAIN)
    return Config(folder, values)


def check_network(architecture: Any, settings: Any) -> None:
    """Hold a network's description, as JSON, to sizes that can be built. Raises: ValueError."""
    bounded(architecture, "architecture", (1, MOST_SIZE), MOST_BLOCKS)
    bounded(settings, "settings", (-MOST_SETTING, MOST_SETTING), MOST_SIZE)


def unchanged(path: Path, expected: str) -> Path:
    """The path, if the file there has this SHA-256. Raises: ValueError if it is another one, or missing."""
    if not path.is_file():
        raise ValueError(f"{path} is missing; {AGAIN}")
    if (found := sha256(path.read_bytes()).hexdigest()) != expected:
        raise ValueError(f"{path} is damaged: its sha256 is {found[:8]}, not {expected[:8]}; {AGAIN}")
    return path
