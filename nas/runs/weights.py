"""The weights in a run's folder: files in full precision, or the packed file of a clone where these are not."""

from pathlib import Path

from torch import Tensor

from nas.runs.manifest import supernet_hash
from nas.runs.opened import OpenedRun
from nas.runs.packed import SUPERNET, PackedWeights
from nas.runs.records import Retrained
from nas.system.tensors import read_tensors, tensor_metadata

SETTINGS = "settings"
"""Key of the settings' hash in the metadata of a file of weights."""


class RunWeights(OpenedRun):
    """The weights of the supernet and of retrained networks."""

    @property
    def packed(self) -> PackedWeights:
        """The weights that travel with the run in git."""
        return PackedWeights(self.packed_file)

    def has_supernet(self) -> bool:
        """Whether it was trained. Raises: ValueError if its file is damaged or another run's."""
        if self.supernet_file.is_file():
            self._check_settings(self.supernet_file, supernet_hash(self.manifest["settings"]))
            return True
        return self.packed.has(SUPERNET)

    def has_half_supernet(self) -> bool:
        """Whether the supernet at hand was rounded to half precision."""
        return not self.supernet_file.is_file() and self.packed.is_half(SUPERNET)

    def supernet_state(self) -> dict[str, Tensor]:
        """Raises: ValueError if it was not trained yet, or the file is damaged or another run's."""
        if self.supernet_file.is_file():
            self._check_settings(self.supernet_file, supernet_hash(self.manifest["settings"]))
            return read_tensors(self.supernet_file)[0]
        packed = self.packed.read(SUPERNET)
        if not packed:
            raise ValueError(f"{self.folder} has no trained supernet; run nas train {self.folder} first")
        return packed

    def has_subnet_weights(self, result: Retrained) -> bool:
        return self._of(result).is_file() or self.packed.has(packed_group(result))

    def has_half_weights(self, result: Retrained) -> bool:
        """Whether the network's weights at hand were rounded to half precision."""
        return not self._of(result).is_file() and self.packed.is_half(packed_group(result))

    def subnet_weights(self, result: Retrained) -> dict[str, Tensor]:
        """Raises: ValueError if the weights are missing, damaged or another run's."""
        path = self._of(result)
        if path.is_file():
            self._check_settings(path, self.settings_hash)
            return read_tensors(path)[0]
        packed = self.packed.read(packed_group(result))
        if not packed:
            how = f"nas reproduce {self.folder} --id {result.id} --retrain makes it again"
            raise ValueError(f"{path} is missing; {how}")
        return packed

    @staticmethod
    def _check_settings(path: Path, expected: str) -> None:
        """Raises: ValueError if the file was written under other settings; those of earlier versions do not say."""
        found = tensor_metadata(path).get(SETTINGS, expected)
        if found != expected:
            raise ValueError(f"{path} was trained under other settings; restore the run's own, or delete it")

    def _of(self, result: Retrained) -> Path:
        return self.subnet_weights_file(result.architecture, result.arm, result.seed)


def packed_group(result: Retrained) -> str:
    """The name of a training's weights in the packed file."""
    return f"{result.id}/{result.arm}-{result.seed}"
