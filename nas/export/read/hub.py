"""Exports on Hugging Face's hub, by the methods of its own mixin: from_pretrained, save_pretrained, push_to_hub.

An export is laid out as the hub expects it (config.json, model.safetensors, README.md), so it is shared as it is, with
programs, card and vocabulary: whoever downloads it has a whole export, which nas.load and nas predict read.
"""

import shutil
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import PyTorchModelHubMixin, snapshot_download
from torch import Tensor, nn

from nas.export.read.config import CARD, CONFIG, PT2, WEIGHTS, Config, fingerprint, onnx_file
from nas.export.read.network import open_export, untrained
from nas.system.files import replacing, write_json
from nas.system.tensors import read_tensors, write_tensors

OF_THE_WEIGHTS = ("results", "checks", "latency_ms", "int8", "files")
"""Entries of a config that are true of the weights that were exported, and of no others."""


class HubNetwork(nn.Module, PyTorchModelHubMixin, library_name="attention-nas"):
    """An exported network that can be loaded from a folder or the hub, and saved to either."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Fresh weights. Raises: ValueError if the config is none of an export."""
        super().__init__()
        self.config = config
        self.network = untrained(Config(Path(), config))
        self.folder: Path | None = None
        """The folder of the export that it was loaded from."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """The network's outputs."""
        return self.network(*inputs)  # type: ignore[no-any-return]

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write the whole export; if the weights have changed since, without what is true of the old ones alone.

        A card and programs of other weights that are in the folder are removed.
        """
        source = Config(self.folder or Path(), self.config)
        if self.folder is not None and _equal(self.network, self.folder):
            names = [*(source.files or (WEIGHTS, *source.family.input_files)), CARD]
            _remove(save_directory, _of_weights(source) - set(names))
            for name in names:
                _copy(source.path(name), save_directory / name)
            write_json(save_directory / CONFIG, self.config)
            return
        _remove(save_directory, _of_weights(source))
        write_tensors(save_directory / WEIGHTS, self.network.state_dict(), {"format": "pt"})
        names = list(source.family.input_files) if self.folder is not None else []
        for name in names:
            _copy(source.path(name), save_directory / name)
        kept = {name: value for name, value in self.config.items() if name not in OF_THE_WEIGHTS}
        there = [name for name in (WEIGHTS, *names) if (save_directory / name).is_file()]
        write_json(save_directory / CONFIG, kept | {"files": {n: fingerprint(save_directory / n) for n in there}})

    @classmethod
    def _from_pretrained(  # type: ignore[override]
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: Path | str | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        config: dict[str, Any] | None = None,
    ) -> "HubNetwork":
        """Raises: ValueError if the folder or the repository holds no export."""
        folder = Path(model_id)
        if not folder.is_dir():
            folder = Path(
                snapshot_download(
                    model_id,
                    revision=revision,
                    cache_dir=cache_dir,
                    force_download=force_download,
                    local_files_only=local_files_only,
                    token=token,
                )
            )
        exported = open_export(folder)
        made = cls(exported.config.values)
        made.network, made.folder = exported.network, folder
        return made.eval()


def _equal(network: nn.Module, folder: Path) -> bool:
    weights, before = network.state_dict(), read_tensors(folder / WEIGHTS)[0]
    return all(torch.equal(weights[name].cpu(), before[name]) for name in weights)


def _of_weights(config: Config) -> set[str]:
    """Names of the files that an export may have of its weights besides themselves: card and programs."""
    family = config.family
    return {CARD, PT2, *(onnx_file(name, precision) for name in family.onnx for precision in ("float32", "int8"))}


def _remove(folder: Path, names: set[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_file() and not (target.exists() and source.samefile(target)):
        # a link in the place of the target is replaced, not written through
        with source.open("rb") as read, replacing(target, "wb") as written:
            shutil.copyfileobj(read, written)
