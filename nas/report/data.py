"""The input of a report as plain values: a report needs no run folder, and a test needs no training."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from nas.runs.records import Retrained
from nas.search_space.limits import Window
from nas.search_space.patterns import Hybrid
from nas.strategies.base import Trial
from nas.tasks.reference import Reference

T = TypeVar("T")


class Measure(NamedTuple):
    """The name and the unit of a quality."""

    name: str
    """`accuracy`."""
    unit: str
    """`top-1` and `fraction` go from 0 to 1 and are shown as percent, any other unit as it is."""


class Axis(NamedTuple):
    """A further cost that quality can be drawn against."""

    label: str
    """`FLOPs at 256 tokens`."""
    unit: str
    setting: str
    """The input at which it was counted or measured, and how."""
    values: dict[str, float]
    """Cost by architecture id; a network without one is not drawn."""


@dataclass(frozen=True)
class ReportData:
    """Everything that the report of one run shows."""

    name: str
    """Name of the run: the heading of the page."""
    experiment_doc: str
    """The experiment file's docstring."""
    quality_name: str
    """Name of the quality that the search maximises: `accuracy`."""
    quality_unit: str
    costs: dict[str, str]
    """Unit of each cost by name; the first is the axis of every figure."""
    setting: str
    """The input at which the costs hold: `64 tokens (32 x 32 pixels in patches of 4)`."""
    limits: dict[str, Window]
    """Allowed values of each limited cost."""
    space_size: int
    """Number of architectures in the space."""
    trials: tuple[Trial, ...]
    retrained: tuple[Retrained, ...]
    provenance: dict[str, Any]
    """Nested values with text, numbers and lists as leaves. Some keys have places of their own (made/values.py):
    `commands`, a list of command lines; `wall_seconds`, seconds by the name of the phase; `phases`, the
    record of each; `settings`; `source`, the text of the experiment's file."""
    anchors: tuple[Trial, ...] = ()
    """Baselines that were evaluated beside the search: networks of one kind and fixed hybrids; not on its front."""
    fresh: dict[str, float] = field(default_factory=dict)
    """Inherited quality of the finalists on the select split, by architecture id."""
    retrained_costs: dict[str, dict[str, float]] = field(default_factory=dict)
    """Costs of retrained networks that are not among the trials, by architecture id."""
    test_name: str | None = None
    """Quality of retrained networks on the test split, as `bleu`; None: the quality that is maximised."""
    test_unit: str | None = None
    single_kinds: dict[str, str] = field(default_factory=dict)
    """Attention kind of each homogeneous network, by architecture id."""
    hybrids: dict[str, Hybrid] = field(default_factory=dict)
    """The pattern of each network that is a fixed hybrid, by architecture id."""
    no_hybrids: str | None = None
    """The reason why there is no fixed hybrid; None where there are some, or the space has no kinds to mix."""
    axes: tuple[Axis, ...] = ()
    """Costs besides those of the experiment: at other lengths, or measured."""
    random_searches: tuple[tuple[Trial, ...], ...] = ()
    """Trials of random searches with the same search budget, one search for each seed."""
    share_inside: float | None = None
    """Share of the whole space that is inside the limits; None without limits."""
    section_data: tuple[Any, ...] = ()
    """Values that sections have read from the run, each of a type of its own; `find` returns one of them."""
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    """Scores of translations without a network, such as a copy of the source: `bleu` and `chrf` by its name."""
    references: tuple[Reference, ...] = ()
    """Published results on the same task, in the same units."""
    task: str = ""
    """Name of the task; qualities of runs with different tasks cannot be compared."""
    folder: str = "RUN"
    """The run as commands name it: `results/digits`."""

    refresh_seconds: int | None = None
    """Seconds after which the page reloads itself while a search goes on; None: never."""

    def __post_init__(self) -> None:
        if not self.costs:
            raise ValueError(f"report of {self.name!r} has no cost to draw quality against; give one, such as flops")
        for trial in (*self.trials, *self.anchors):
            missing = set(self.costs) - set(trial.costs)
            if missing:
                found = ", ".join(trial.costs) or "none"
                raise ValueError(f"trial {trial.number} lacks the costs {sorted(missing)}; it has: {found}")

    def find(self, kind: type[T]) -> T | None:
        """The value of this type in `section_data`; None where no section has read one."""
        return next((each for each in self.section_data if isinstance(each, kind)), None)

    @property
    def searched(self) -> Measure:
        """The quality that the search maximises: inherited quality, on the search split."""
        return Measure(self.quality_name, self.quality_unit)

    @property
    def tested(self) -> Measure:
        """The quality of retrained networks, on the test split."""
        name = self.quality_name if self.test_name is None else self.test_name
        return Measure(name, self.quality_unit if self.test_unit is None else self.test_unit)

    @property
    def one_quality(self) -> bool:
        """Whether the search and the test split are read for the same quality, so that the two can be subtracted."""
        return self.searched == self.tested

    @property
    def axis(self) -> str:
        """Name of the cost that quality is drawn against."""
        return next(iter(self.costs))
