"""Provenance of a result: commit, versions, machine."""

import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from nas.system.cores import allotted_cores

LIBRARIES = (
    *("attention-nas", "torch", "torchvision", "numpy", "scipy", "scikit-learn", "fvcore", "safetensors", "optuna"),
    *("ray", "sentencepiece", "sacrebleu", "babel", "num2words", "pillow"),
)
"""Packages that a result may depend on."""


@cache
def commit() -> str:
    """The commit of the code that runs, with `+changes` where the tree differs; `unknown` outside a checkout."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "-C", str(here), "status", "--porcelain", "--untracked-files=no", "--", "."],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{found}+changes" if changed.strip() else found


def environment() -> dict[str, str]:
    """Device, cores and versions of what computes the results."""
    # here and not above: whoever asks for no device needs no torch
    import torch

    from nas.system.devices import device_name

    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
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
