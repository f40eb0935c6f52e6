"""The files of an export, and its config; read without torch.

config.json          model family, settings and architecture; preprocessing, decoding; what was measured and checked
model.safetensors    weights
subwords.model       of a translation network: the vocabulary of both languages
model.pt2            the network as a program of torch.export
model.onnx           the same as an ONNX program; of a translation network encoder.onnx and decoder.onnx
*.int8.onnx          the same with weights of 8 bits
README.md            the model card

An export may come from anybody: a name in its config is that of a file in its folder, and a file is used only if it has
the SHA-256 that the config says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

from nas.export.families import family_named
from nas.export.family import Family
from nas.system.checked import bounded
from nas.system.files import read_json

CONFIG, WEIGHTS, CARD, PT2 = "config.json", "model.safetensors", "README.md", "model.pt2"

Precision = Literal["float32", "int8"]

AGAIN = "write the export again with nas export RUN ID"
NO_NAME = frozenset("/\\:\0")
"""Characters that no name of a file in an export has: with them it may lead out of the folder."""
WRONG = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError, RuntimeError, MemoryError)
"""Errors of code that is given values of another type or size than it was written for."""
MOST_WORDS = 200
"""Most characters of such an error in a message."""

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
        return names if all(name in self.files for name in names) else []

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of the export's files by their names; none in exports of early versions.

        Raises: ValueError if a name leads out of the folder.
        """
        with self.read():
            return {plain_name(name): str(each["sha256"]) for name, each in self.values.get("files", {}).items()}

    def path(self, name: str) -> Path:
        """The path of a file of the export. Raises: ValueError if it leads out of the folder."""
        path = self.folder / plain_name(name)
        if not _is_inside(path.resolve(), self.folder.resolve()):
            raise ValueError(f"{path} is a link out of the export's folder; put the file itself there")
        return path

    def file(self, name: str) -> Path:
        """The path of a file that is what it was when it was written. Raises: ValueError if it is not."""
        with self.read():
            expected = self.files[name]
        return unchanged(self.path(name), expected)

    @contextmanager
    def read(self) -> Iterator[None]:
        """Errors of the lines inside become ones of the config."""
        try:
            yield
        except WRONG as error:
            what = f"{type(error).__name__}: {one_line(error)}"
            raise ValueError(f"{self.folder / CONFIG} is not that of an export of this version ({what})") from error


def read_config(folder: Path) -> Config:
    """Raises: ValueError if the folder holds no export, or the config is damaged."""
    if not (folder / CONFIG).is_file():
        raise ValueError(f"no export in {folder}: it has no {CONFIG}; write one with nas export RUN ID")
    values: dict[str, Any] = read_json(folder / CONFIG, dict[str, Any], AGAIN)
    config = Config(folder, values)
    # names that lead elsewhere are refused before anything is read
    _ = config.files
    return config


def plain_name(name: Any) -> str:
    """A name of a file that lies in an export's folder. Raises: ValueError if it may lead elsewhere."""
    if not isinstance(name, str) or name in ("", ".", "..") or NO_NAME & set(name):
        raise ValueError(f"{name!r} is no plain name of a file in the export's folder")
    return name


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether a file lies in the folder, or where the hub's client keeps what its snapshots link to."""
    snapshot = folder.parent.name == "snapshots"
    return path.parent == folder or (snapshot and path.parent == folder.parents[1] / "blobs")


def one_line(error: Exception) -> str:
    """The message of a library's error, short enough for one of ours."""
    return " ".join(str(error).split())[:MOST_WORDS]


def fingerprint(path: Path) -> dict[str, Any]:
    """Bytes and SHA-256 of a file, as the config has them."""
    return {"bytes": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def check_network(architecture: Any, settings: Any) -> None:
    """Hold a network's description, as JSON, to sizes that can be built. Raises: ValueError."""
    bounded(architecture, "architecture", (1, MOST_SIZE), MOST_BLOCKS)
    bounded(settings, "settings", (-MOST_SETTING, MOST_SETTING), MOST_SIZE)


def unchanged(path: Path, expected: str) -> Path:
    """The path, if the file there has this SHA-256. Raises: ValueError if it is another one, or missing."""
    if not path.is_file():
        raise ValueError(f"{path} is missing; {AGAIN}")
    if (found := _sha256(path)) != expected:
        raise ValueError(f"{path} is damaged: its sha256 is {found[:8]}, not {expected[:8]}; {AGAIN}")
    return path
