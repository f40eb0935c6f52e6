"""An export as a network of PyTorch, and what belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from nas.export.read.config import CONFIG, WEIGHTS, Config, read_config, unchanged
from nas.models.decoding import Decoding
from nas.models.seq2seq import Seq2Seq
from nas.models.vision import VisionTransformer
from nas.search_space import Architecture, from_json
from nas.search_space.seq2seq import Seq2SeqArchitecture
from nas.system.files import read_tensors
from nas.tasks.texts.subwords import Subwords


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

    config: Config
    network: nn.Module
    """In evaluation mode."""

    @property
    def decoding(self) -> Decoding:
        """How translations were searched when the network was tested. Raises: ValueError if the config does not say."""
        with self.config.read():
            return Decoding(**self.config.values["decoding"])

    def subwords(self) -> Subwords:
        """The vocabulary of a translation network. Raises: ValueError if it is missing or another one."""
        name, expected = self.config.preprocessing("subwords", "sha256")
        return Subwords(unchanged(self.config.folder / name, expected).read_bytes())


def load(folder: Path | str) -> nn.Module:
    """The exported network as a plain module in evaluation mode.

    Raises: ValueError if the folder holds no export, or it is damaged.
    """
    return open_export(Path(folder)).network


def open_export(folder: Path) -> Exported:
    """Raises: ValueError as `load`."""
    config = read_config(folder)
    with config.read():
        network = untrained(config.values)
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"{folder / WEIGHTS} is missing; write the export again with nas export RUN ID")
    weights, _ = read_tensors(folder / WEIGHTS)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its {CONFIG}: {error}") from error
    return Exported(config, network.eval())


def untrained(values: Any) -> nn.Module:
    """The network that a config describes. Raises: ValueError, TypeError or KeyError if it describes none."""
    name = values["family"]
    if name not in FAMILIES:
        raise ValueError(f"no family {name!r}; there are: {', '.join(FAMILIES)}")
    family = FAMILIES[name]
    return family.network(from_json(family.architecture, values["architecture"]), **values["settings"])
