"""Files of tensors, in the format of safetensors: read whole, by the beginning of names, or by their headers alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.system.files import AGAIN, replacing

if TYPE_CHECKING:
    from torch import Tensor


def write_tensors(path: Path, tensors: "dict[str, Tensor]", metadata: dict[str, str]) -> None:
    # here and not above: exports are also read where there is no torch
    import torch
    from safetensors.torch import save

    # a copy of each: tensors that share memory (tied weights, views) are kept under every name
    copies = {name: each.detach().cpu().clone(memory_format=torch.contiguous_format) for name, each in tensors.items()}
    with replacing(path, "wb") as file:
        file.write(save(copies, metadata))


@contextmanager
def _opened(path: Path, framework: str, remedy: str = AGAIN) -> Iterator[Any]:
    """Raises: ValueError if the file is truncated or its header is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}); {remedy}") from error


def tensor_metadata(path: Path) -> dict[str, str]:
    """The metadata of a file of tensors, of which no more than the header is read.

    Raises: ValueError if the file is truncated or its header is damaged.
    """
    with _opened(path, "np") as file:
        return file.metadata() or {}


def tensor_shapes(path: Path, remedy: str = AGAIN) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a file, by name, from its header alone.

    Raises: ValueError if the file is truncated or its header is damaged.
    """
    with _opened(path, "np", remedy) as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def read_tensors(path: Path, prefix: str = "", remedy: str = AGAIN) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """Tensors whose names begin with `prefix`, and metadata.

    Args:
        remedy: What would do if the file is damaged.

    Raises: ValueError if the file is truncated or damaged.
    """
    with _opened(path, "pt", remedy) as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
        return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
