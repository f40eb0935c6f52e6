"""Experiments: all that defines a run, as one frozen value in a Python file."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas.experiment.experiment import Experiment, Selection

__all__ = ["Experiment", "Selection"]


def __getattr__(name: str) -> Any:
    # on demand: the command line reads its words with overrides.py, and an experiment loads torch
    if name in __all__:
        return getattr(importlib.import_module("nas.experiment.experiment"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
