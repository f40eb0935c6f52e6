"""Experiments: all that defines a run, as one frozen value in a Python file."""

import dataclasses
import importlib.util
import sys
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from nas.evaluators.accuracy import Accuracy
from nas.evaluators.base import Cost, Quality
from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.retrained import Arm
from nas.search_space import Space
from nas.search_space.feasible import FeasibleSpace
from nas.strategies.base import Strategy
from nas.strategies.evolution import Evolution
from nas.tasks.base import Task
from nas.training.settings import SupernetTraining, Training


@dataclass(frozen=True)
class Selection:
    """Which networks are retrained, and how often."""

    top: int = 3
    """Networks of the front, spread evenly along the first cost; the best is always among them."""
    homogeneous: bool = True
    """Also the best network of each single kind."""
    seeds: int = 1
    """Trainings of each network, with different seeds."""
    arms: tuple[Arm, ...] = ("scratch",)
    """Start from fresh weights, from the supernet's, or both."""

    def __post_init__(self) -> None:
        if self.top < 1 or self.seeds < 1:
            raise ValueError(f"top = {self.top} and seeds = {self.seeds} must be at least 1")
        unknown = set(self.arms) - {"scratch", "inherited"}
        if unknown or not self.arms:
            raise ValueError(f"arms = {self.arms}; there are: scratch, inherited")


@dataclass(frozen=True)
class Experiment:
    """A search: what, over which networks, under which limits, for how long."""

    task: Task
    space: Space
    supernet: SupernetTraining
    retrain: Training
    evaluations: int
    """Networks whose quality the search may measure."""
    limits: dict[str, float] = field(default_factory=dict)
    """Most of each cost, by the cost's name."""
    costs: tuple[Cost, ...] = (Flops(), Parameters())
    """The first is the axis of the report."""
    quality: Quality = Accuracy()
    strategy: Strategy = Evolution()
    generation: int = 10
    """Networks proposed at once; the results do not depend on how many workers evaluate them."""
    anchors: int = 8
    """Networks of each single kind that are measured besides, for comparison."""
    selection: Selection = Selection()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.evaluations < 1 or self.generation < 1:
            raise ValueError(f"evaluations = {self.evaluations} and generation = {self.generation} must be at least 1")
        if self.seed < 0:
            raise ValueError(f"seed = {self.seed} must be at least 0")
        names = [cost.name for cost in self.costs]
        if not names:
            raise ValueError("costs is empty; the report needs one to draw quality against, as Flops()")
        unknown = set(getattr(self.strategy, "minimize", ())) - set(names)
        if unknown:
            raise ValueError(f"the strategy minimizes {sorted(unknown)}, not among the costs: {', '.join(names)}")


def feasible_space(experiment: Experiment) -> FeasibleSpace:
    """The experiment's space inside its limits; the costs of each architecture are measured once."""

    @lru_cache(maxsize=100_000)
    def costs(architecture: Any) -> dict[str, float]:
        return {cost.name: cost(experiment.task, architecture) for cost in experiment.costs}

    return FeasibleSpace(experiment.space, costs, experiment.limits)


@dataclass(frozen=True)
class Loaded:
    """An experiment and the file it came from."""

    experiment: Experiment
    source: str
    """Text of the file."""
    variable: str
    """Name of the experiment in the file."""
    name: str
    """Name of the run: `cifar10`, or `cifar10-cpu` for the variant `cpu`."""
    description: str
    """The docstring of the file."""


def load(spec: str) -> Loaded:
    """The experiment that `file.py` or `file.py:variable` names; without a variable, `experiment`.

    Raises: ValueError if there is no such file, or no such experiment in it.
    """
    path_text, _, variable = spec.partition(":")
    path, variable = Path(path_text), variable or "experiment"
    if not path.is_file() or path.suffix != ".py":
        raise ValueError(f"no experiment file {path_text!r}; name a Python file such as experiments/digits.py")
    source = path.read_text(encoding="utf-8")
    module = _module(path)
    experiment = getattr(module, variable, None)
    if not isinstance(experiment, Experiment):
        there = [name for name, value in vars(module).items() if isinstance(value, Experiment)]
        raise ValueError(f"no experiment {variable!r} in {path}; there are: {', '.join(there) or 'none'}")
    name = path.stem if variable == "experiment" else f"{path.stem}-{variable}"
    return Loaded(experiment, source, variable, name, (module.__doc__ or "").strip())


def _module(path: Path) -> Any:
    # classes of the file are looked up by the module's name when they are pickled, so it must be registered
    name = f"nas_experiment_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ValueError(f"{error.filename or path}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == spec.origin]
        what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path}, line {lines[-1] if lines else '?'}: {what}") from error
    return module


def describe(value: Any) -> Any:
    """A value of an experiment as JSON: what a run's folder keeps, and what tells two experiments apart."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    return value if isinstance(value, int | float | str | bool | None) else repr(value)
