"""An export as a network of PyTorch."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from nas.export.read.config import CONFIG, WEIGHTS, Config, read_config
from nas.search_space import from_json
from nas.system.files import read_tensors


@dataclass(frozen=True)
class Exported:
    """An export, open."""

    config: Config
    network: nn.Module
    """In evaluation mode."""


def load_network(folder: Path | str) -> nn.Module:
    """The network of an export as a plain `torch.nn.Module` in evaluation mode.

    >>> import torch
    >>> network = nas.load(nas.open("results/digits").export())
    >>> network(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 10])

    Raises: ValueError if the folder holds no export, or it is damaged.
    """
    return open_export(Path(folder)).network


def open_export(folder: Path) -> Exported:
    """Raises: ValueError as `load_network`."""
    config = read_config(folder)
    network = untrained(config)
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"{folder / WEIGHTS} is missing; write the export again with nas export RUN ID")
    weights, _ = read_tensors(folder / WEIGHTS)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its {CONFIG}: {error}") from error
    return Exported(config, network.eval())


def untrained(config: Config) -> nn.Module:
    """The network that a config describes, with fresh weights. Raises: ValueError if it describes none."""
    family = config.family
    with config.read():
        architecture = from_json(family.architecture, config.values["architecture"])
        return family.network(architecture, config.values["settings"])
