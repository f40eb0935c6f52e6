"""Provenance of a result: commit, versions, machine."""

import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from nas.system.machine import allotted_cores

LIBRARIES = (
    *("attention-nas", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "fvcore", "safetensors", "optuna"),
    *("ray", "sentencepiece", "sacrebleu", "babel", "num2words", "pillow"),
)
"""Packages that a result may depend on."""


@cache
def commit() -> str:
    """The commit of the code that runs, with `+changes` where the tree differs.

    A repository counts only if it tracks the package's own files; where none does, the package's version and a hash of
    its files stand for the commit: `0.4.0+files.1f2e3d4c5b`.
    """
    package = Path(__file__).resolve().parents[1]
    try:
        # an environment may lie inside somebody else's repository
        _git(package, "ls-files", "--error-unmatch", "--", str(Path(__file__).resolve()))
        found = _git(package, "rev-parse", "--short=10", "HEAD").strip()
        changed = _git(package, "status", "--porcelain", "--untracked-files=no", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return f"{_version('attention-nas') or '0'}+files.{files_hash(package)}"
    return f"{found}+changes" if changed.strip() else found


def files_hash(package: Path) -> str:
    """A short hash of the Python files of a package: their names and contents."""
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()} {len(content)} ".encode() + content)
    return digest.hexdigest()[:10]


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


def _version(library: str) -> str | None:
    """The installed version; None if it is not installed."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def environment() -> dict[str, str]:
    """Device, cores and versions of what computes the results."""
    # here and not above: whoever asks for no device needs no torch
    import torch

    from nas.system.devices import device_name

    versions = {library: found for library in LIBRARIES if (found := _version(library)) is not None}
    return {
        "device": device_name(),
        "cores": str(allotted_cores()),
        "threads": str(torch.get_num_threads()),
        "system": platform.platform(),
        "python": platform.python_version(),
        **versions,
    }


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
