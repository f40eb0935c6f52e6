"""Exports read back: a folder that stands alone to a network and what belongs to it, without its run.

model.safetensors    weights
config.json          model family, settings and architecture; preprocessing, decoding; what was measured
subwords.model       of a translation network: the vocabulary of both languages
README.md            the model card
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from nas.files import read_json, read_tensors
from nas.models.decoding import Decoding
from nas.models.seq2seq import Seq2Seq
from nas.models.vision import VisionTransformer
from nas.search_space import Architecture, from_json
from nas.search_space.seq2seq import Seq2SeqArchitecture
from nas.tasks.subwords import Subwords

CONFIG, WEIGHTS = "config.json", "model.safetensors"


class Family(NamedTuple):
    """Networks that an export can carry, since they are made by code of this package."""

    network: Callable[..., nn.Module]
    architecture: type


FAMILIES = {
    "vision_transformer": Family(VisionTransformer, Architecture),
    "seq2seq": Family(Seq2Seq, Seq2SeqArchitecture),
}


@dataclass(frozen=True)
class Exported:
    """An export, open."""

    folder: Path
    config: dict[str, Any]
    network: nn.Module
    """In evaluation mode."""

    def preprocessing(self, *names: str) -> list[Any]:
        """What is done to raw inputs, of what the task said these entries. Raises: ValueError if one is missing."""
        with _read_as_config(self.folder):
            return [self.config["preprocessing"][name] for name in names]

    @property
    def decoding(self) -> Decoding:
        """How translations were searched when the network was tested. Raises: ValueError if the config does not say."""
        with _read_as_config(self.folder):
            return Decoding(**self.config["decoding"])

    def subwords(self) -> Subwords:
        """The vocabulary of a translation network. Raises: ValueError if it is missing or another one."""
        name, expected = self.preprocessing("subwords", "sha256")
        path = self.folder / name
        if not path.is_file():
            raise ValueError(f"{path} is missing; write the export again with nas export RUN ID")
        model = path.read_bytes()
        if (found := sha256(model).hexdigest()) != expected:
            what = f"its sha256 is {found[:8]}, not {expected[:8]}"
            raise ValueError(f"{path} is damaged: {what}; write the export again with nas export RUN ID")
        return Subwords(model)


def load(folder: Path | str) -> nn.Module:
    """The exported network as a plain module in evaluation mode.

    Raises: ValueError if the folder holds no export, or it is damaged.
    """
    return open_export(Path(folder)).network


def open_export(folder: Path) -> Exported:
    """Raises: ValueError as `load`."""
    if not (folder / CONFIG).is_file():
        raise ValueError(f"no export in {folder}: it has no {CONFIG}; write one with nas export RUN ID")
    config = read_json(folder / CONFIG)
    with _read_as_config(folder):
        network = _untrained(config)
    weights, _ = read_tensors(folder / WEIGHTS)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its {CONFIG}: {error}") from error
    return Exported(folder, config, network.eval())


def _untrained(config: Any) -> nn.Module:
    name = config["family"]
    if name not in FAMILIES:
        raise ValueError(f"no family {name!r}; there are: {', '.join(FAMILIES)}")
    family = FAMILIES[name]
    return family.network(from_json(family.architecture, config["architecture"]), **config["settings"])


@contextmanager
def _read_as_config(folder: Path) -> Iterator[None]:
    """What goes wrong inside is a mistake in the config."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"{folder / CONFIG} is not that of an export of this version ({what})") from error
