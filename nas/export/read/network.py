"""An export as a network of PyTorch."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from nas.export.read.config import AGAIN, CONFIG, WEIGHTS, Config, check_network, read_config
from nas.search_space import from_json
from nas.supernet.meta import build_on_meta
from nas.system.tensors import read_tensors, tensor_shapes


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
    path = _weights_file(config)
    _check_shapes(config, tensor_shapes(path, AGAIN))
    weights = read_tensors(path, remedy=AGAIN)[0]
    network = untrained(config)
    _check_finite(config, network, weights)
    network.load_state_dict(weights)
    return Exported(config, network.eval())


def untrained(config: Config, meta: bool = False) -> nn.Module:
    """The network that a config describes, with fresh weights. Raises: ValueError if it describes none.

    Args:
        meta: Without weights, on the `meta` device.
    """
    family = config.family
    with config.read():
        check_network(config.values["architecture"], config.values["settings"])
        architecture = from_json(family.architecture, config.values["architecture"])
        settings = config.values["settings"]
        if meta:
            return build_on_meta(lambda each: family.network(each, settings), architecture)
        return family.network(architecture, settings)


def _weights_file(config: Config) -> Path:
    """Raises: ValueError if the weights are missing or are not those that were written."""
    path = config.path(WEIGHTS)
    if WEIGHTS in config.files:
        config.file(WEIGHTS)
    if not path.is_file():
        raise ValueError(f"{path} is missing; {AGAIN}")
    return path


def _check_shapes(config: Config, found: dict[str, tuple[int, ...]]) -> None:
    """Raises: ValueError if the weights are not those of the config's network, before that takes memory."""
    network = untrained(config, meta=True)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if found != expected:
        name = next(name for name in {**expected, **found} if expected.get(name) != found.get(name))
        what = f"{name} has the shape {found.get(name)}, where {CONFIG} means {expected.get(name)}"
        raise ValueError(f"the weights in {config.folder} do not fit its {CONFIG}: {what}; {AGAIN}")


def _check_finite(config: Config, network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Raises: ValueError if a parameter is not finite."""
    for name, _ in network.named_parameters():
        if weights[name].is_floating_point() and not bool(weights[name].isfinite().all()):
            raise ValueError(f"the weights in {config.folder} are not all finite: {name}; {AGAIN}")
