"""Experiments: all that defines a run, as one frozen value in a Python file."""

import dataclasses
import importlib.util
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nas.evaluators.accuracy import Accuracy
from nas.evaluators.base import Cost, Quality
from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.overrides import apply_overrides
from nas.reference import Reference
from nas.retrained import Arm
from nas.search_space import Space
from nas.search_space.feasible import FeasibleSpace
from nas.search_space.limits import Limit, windows
from nas.strategies.base import Strategy
from nas.strategies.generations import Plan
from nas.strategies.named import named_strategy
from nas.tasks.base import Task
from nas.training.settings import SupernetTraining, Training


@dataclass(frozen=True)
class Selection:
    """Which networks are retrained, and how often."""

    top: int = 3
    """Networks of the front, spread evenly along the first cost; the best is always among them."""
    homogeneous: bool = True
    """Also the best network of each single kind."""
    hybrids: bool = True
    """Also the best of each fixed hybrid: softmax in one layer of four, or of eight, a linear kind in the rest."""
    finalists: int = 10
    """Best networks of the search that are evaluated on fresh data, the split `select`, before some are chosen."""
    seeds: int = 1
    """Trainings of each network, with different seeds."""
    arms: tuple[Arm, ...] = ("scratch",)
    """Start from fresh weights, from the supernet's, or both."""

    def __post_init__(self) -> None:
        if self.top < 1 or self.seeds < 1 or self.finalists < 0:
            found = f"top = {self.top} and seeds = {self.seeds} must be at least 1, finalists = {self.finalists} 0"
            raise ValueError(found)
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
    limits: dict[str, Limit] = field(default_factory=dict)
    """The most of a cost, or a window of it (`"10e6..30e6"`), by the cost's name."""
    costs: tuple[Cost, ...] = (Flops(), Parameters())
    """The first is the axis of the report."""
    quality: Quality = Accuracy()
    """What the search maximises, on its own split."""
    test_quality: Quality | None = None
    """What retrained networks are read for on the test split, as BLEU; None: the search's quality."""
    strategy: Strategy | str = "guided"
    """Or its name, with settings where wanted: `tpe`, `evolution(population_size=20)`."""
    generation: int = 10
    """Networks proposed at once; the results do not depend on how many workers evaluate them."""
    anchors: int = 8
    """Networks of each single kind, and of each fixed hybrid, that are measured besides, for comparison."""
    random_searches: int = 1
    """Random searches with as many evaluations that are made besides, for comparison; of what the search has evaluated
    nothing is evaluated again."""
    selection: Selection = Selection()
    references: tuple[Reference, ...] = field(default=(), compare=False)
    """Published networks to draw beside those of the run; only what had the same data, metric and costs."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.evaluations < 1 or self.generation < 1:
            raise ValueError(f"evaluations = {self.evaluations} and generation = {self.generation} must be at least 1")
        if isinstance(self.strategy, str):
            object.__setattr__(
                self, "strategy", named_strategy(self.strategy, tuple(cost.name for cost in self.costs[:1]))
            )
        if self.seed < 0 or self.random_searches < 0:
            raise ValueError(f"seed = {self.seed} and random_searches = {self.random_searches} must be at least 0")
        names = [cost.name for cost in self.costs]
        for name in windows(self.limits):
            if name not in names:
                raise ValueError(f"limit on {name!r}, which is not among the costs: {', '.join(names)}")
        if not names:
            raise ValueError("costs is empty; the report needs one to draw quality against, as Flops()")
        unknown = set(getattr(self.strategy, "minimize", ())) - set(names)
        if unknown:
            raise ValueError(f"the strategy minimizes {sorted(unknown)}, not among the costs: {', '.join(names)}")

    @property
    def tested(self) -> Quality:
        """What is read on the test split."""
        return self.quality if self.test_quality is None else self.test_quality

    def plan(self) -> Plan:
        """How the search goes."""
        assert not isinstance(self.strategy, str)
        return Plan(self.strategy, self.evaluations, self.generation, self.seed)


Remember = Callable[[str, Any, Callable[[], float]], float]
"""`remember(name, architecture, measure)`: a measured cost that is known, else what `measure` finds."""


def measure_anew(name: str, architecture: Any, measure: Callable[[], float]) -> float:
    """Remembers nothing."""
    return measure()


def feasible_space(experiment: Experiment, remember: Remember = measure_anew) -> FeasibleSpace:
    """The experiment's space inside its limits; the costs of each architecture are asked once.

    Args:
        remember: Keeps costs that would come out otherwise the next time, such as latency.
    """

    def of(costs: Sequence[Cost]) -> Callable[[Any], dict[str, float]]:
        @lru_cache(maxsize=100_000)
        def known(architecture: Any) -> dict[str, float]:
            return {each.name: value(each, architecture) for each in costs}

        return known

    def value(cost: Cost, architecture: Any) -> float:
        measure = partial(cost, experiment.task, architecture)
        return remember(cost.name, architecture, measure) if cost.measured else measure()

    measured = [cost for cost in experiment.costs if cost.measured]
    computed = [cost for cost in experiment.costs if not cost.measured]
    return FeasibleSpace(experiment.space, of(computed), experiment.limits, of(measured) if measured else None)


@dataclass(frozen=True)
class Recipe:
    """An experiment as it travels to other processes and machines: the text of its file, and what was changed in it."""

    source: str
    variable: str
    overrides: dict[str, str]
    data: Path | None
    """Folder with the data, the same on every machine; None for what the task embeds or downloads."""

    def experiment(self) -> Experiment:
        """Raises: ValueError if the text makes no such experiment."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "experiment.py"
            path.write_text(self.source, encoding="utf-8")
            experiment: Experiment = apply_overrides(load(f"{path}:{self.variable}").experiment, self.overrides)
        return experiment if self.data is None else replace(experiment, task=experiment.task.with_data(self.data))


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
