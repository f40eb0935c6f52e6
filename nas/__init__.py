"""Neural architecture search for efficient Transformers."""

import importlib
from typing import Any

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    # on demand: `import nas` is quick, and the parts below do not depend on the exports above them
    if name == "load":
        return importlib.import_module("nas.export.read.network").load_network
    raise AttributeError(f"module 'nas' has no attribute {name!r}")
