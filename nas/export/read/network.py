"""An export as a network of PyTorch."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from nas.export.read.config import AGAIN, CONFIG, WEIGHTS, Config, check_network, read_config
from nas.search_space import from_json
from nas.supernet.meta import build_on_meta
from nas.system.files import read_tensors, tensor_shapes


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
    if not (folder / WEIGHTS).is_file():
        raise ValueError(f"{folder / WEIGHTS} is missing; {AGAIN}")
    # shapes first: sizes of a config that was changed may be more than memory holds
    outline = build_on_meta(lambda _: untrained(config), None)
    expected = {name: tuple(each.shape) for name, each in outline.state_dict().items()}
    found = tensor_shapes(folder / WEIGHTS)
    if wrong := [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]:
        name = min(wrong)
        what = f"{name} is {found.get(name, 'missing')}, not {expected.get(name, 'there')}"
        raise ValueError(f"the weights in {folder} do not fit its {CONFIG}: {what}; {AGAIN}")
    network = untrained(config)
    weights, _ = read_tensors(folder / WEIGHTS, remedy=AGAIN)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its {CONFIG}: {error}") from error
    return Exported(config, network.eval())


def untrained(config: Config) -> nn.Module:
    """The network that a config describes, with fresh weights. Raises: ValueError if it describes none."""
    family = config.family
    with config.read():
        check_network(config.values["architecture"], config.values["settings"])
        architecture = from_json(family.architecture, config.values["architecture"])
        return family.network(architecture, config.values["settings"])
