"""Experiments: all that defines a run, as one frozen value in a Python file."""

from dataclasses import dataclass, field
from typing import Annotated

from nas.evaluators.accuracy import Accuracy
from nas.evaluators.base import Cost, Quality
from nas.evaluators.flops import Flops
from nas.evaluators.parameters import Parameters
from nas.search_space import Space
from nas.search_space.limits import Limit, windows
from nas.strategies.base import Strategy
from nas.strategies.generations import Plan
from nas.strategies.named import named_strategy
from nas.system.ranges import Range, Seed, check
from nas.tasks.base import Task
from nas.tasks.reference import Reference
from nas.training.settings import Arm, SupernetTraining, Training


@dataclass(frozen=True)
class Selection:
    """Which networks are retrained, and how often."""

    top: Annotated[int, Range(1, 10_000)] = 3
    """Networks of the front, spread evenly along the first cost; the best is always among them."""
    homogeneous: bool = True
    """Also the best network of each single kind."""
    hybrids: bool = True
    """Also the best of each fixed hybrid: softmax in one layer of four, or of eight, a linear kind in the rest."""
    finalists: Annotated[int, Range(0, 10_000)] = 10
    """Best networks of the search that are evaluated on fresh data, the split `select`, before some are chosen."""
    seeds: Annotated[int, Range(1, 1_000)] = 1
    """Trainings of each network, with different seeds."""
    arms: tuple[Arm, ...] = ("scratch",)
    """Start from fresh weights, from the supernet's, or both."""

    def __post_init__(self) -> None:
        check(self)
        if not self.arms or len(set(self.arms)) < len(self.arms):
            raise ValueError(f"arms = {self.arms}; name each once: scratch, inherited, or both")


@dataclass(frozen=True)
class Experiment:
    """All that defines a run: task, search space, limits, search budget, and how networks are trained.

    A frozen value; `dataclasses.replace` makes a changed one.

    >>> from nas.search_space.presets import tiny
    >>> from nas.tasks.digits import Digits
    >>> from nas.training.settings import SupernetTraining, Training
    >>> experiment = nas.Experiment(
    ...     task=Digits(patch_size=2),
    ...     space=tiny(),
    ...     supernet=SupernetTraining(steps=600, batch_size=64, learning_rate=3e-3, warmup_steps=50),
    ...     limits={"flops": 500e3},
    ...     evaluations=40,
    ...     retrain=Training(steps=200, batch_size=64, learning_rate=3e-3, warmup_steps=20),
    ... )
    >>> [cost.name for cost in experiment.costs]
    ['flops', 'parameters']

    Raises: ValueError if settings are out of range or contradict one another.
    """

    task: Task
    space: Space
    supernet: SupernetTraining
    retrain: Training
    evaluations: Annotated[int, Range(1, 10_000_000)]
    """Networks whose quality the search may measure."""
    limits: dict[str, Limit] = field(default_factory=dict)
    """The most of a cost, or a window of it (`"10e6..30e6"`), by the cost's name."""
    costs: tuple[Cost, ...] = (Flops(), Parameters())
    """The first is the axis of the report."""
    quality: Quality = Accuracy()
    """The search maximises it, on the search split."""
    test_quality: Quality | None = None
    """Quality of retrained networks on the test split, such as BLEU; None: the search's quality."""
    strategy: Strategy | str = "guided"
    """A strategy, or its name with settings where wanted: `tpe`, `evolution(population_size=20)`."""
    generation: Annotated[int, Range(1, 100_000)] = 10
    """Networks proposed at once; the results do not depend on how many workers evaluate them."""
    anchors: Annotated[int, Range(0, 10_000)] = 8
    """Networks of each single kind, and of each fixed hybrid, that are evaluated for comparison."""
    random_searches: Annotated[int, Range(0, 1_000)] = 1
    """Random searches of equal budget, for comparison. A network that was evaluated before is not evaluated again."""
    selection: Selection = Selection()
    references: tuple[Reference, ...] = field(default=(), compare=False)
    """Published networks to draw beside those of the run; only those with the same data, metric and costs."""
    seed: Seed = 0

    def __post_init__(self) -> None:
        check(self)
        if isinstance(self.strategy, str):
            object.__setattr__(
                self, "strategy", named_strategy(self.strategy, tuple(cost.name for cost in self.costs[:1]))
            )
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
        """The quality that is read on the test split."""
        return self.quality if self.test_quality is None else self.test_quality

    def plan(self) -> Plan:
        """Strategy, search budget, generation and seed of the search."""
        assert not isinstance(self.strategy, str)
        return Plan(self.strategy, self.evaluations, self.generation, self.seed)
