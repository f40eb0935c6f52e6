"""What a report is made from: plain values, so that a report needs no run folder and a test needs no training."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nas.report.lengths.growth import LengthCosts
from nas.report.look.values import Choice, Importances
from nas.report.worth.values import Spent
from nas.runs.retrained import Retrained
from nas.search_space.limits import Window
from nas.search_space.patterns import Hybrid
from nas.strategies.base import Trial
from nas.tasks.reference import Reference


class Measure(NamedTuple):
    """What a quality is, and in what it is given."""

    name: str
    """`accuracy`."""
    unit: str
    """`top-1` and `fraction` go from 0 to 1 and are shown as percent, any other unit as it is."""


class Axis(NamedTuple):
    """Another cost that quality can be drawn against."""

    label: str
    """`FLOPs at 256 tokens`."""
    unit: str
    setting: str
    """At which input, and how it was counted or measured."""
    values: dict[str, float]
    """By architecture id; a network that lacks it is not drawn."""


@dataclass(frozen=True)
class ReportData:
    """All that the page, the figures and the tables show of one run."""

    name: str
    """Name of the run: the heading of the page."""
    experiment_doc: str
    """The experiment file's docstring."""
    quality_name: str
    """What is maximised: `accuracy`."""
    quality_unit: str
    costs: dict[str, str]
    """Unit of each cost by name; the first is the axis of every figure."""
    setting: str
    """At which input the costs are quoted: `64 tokens (32 x 32 pixels in patches of 4)`."""
    limits: dict[str, Window]
    """What each limited cost may be."""
    space_size: int
    """Number of architectures in the space."""
    trials: tuple[Trial, ...]
    retrained: tuple[Retrained, ...]
    provenance: dict[str, Any]
    """Nested values with text, numbers and lists as leaves. Some keys are shown in places of their own (made/words.py):
    `commands`, a list of command lines; `wall_seconds`, seconds by the name of the phase; `phases`, the
    record of each; `settings`; `source`, the text of the experiment's file."""
    anchors: tuple[Trial, ...] = ()
    """Networks of a single kind that were measured beside the search, for comparison; no part of its front."""
    fresh: dict[str, float] = field(default_factory=dict)
    """Inherited quality of the finalists on data that did not find them, by architecture id."""
    retrained_costs: dict[str, dict[str, float]] = field(default_factory=dict)
    """Costs by architecture id, for retrained networks that are no trial (homogeneous ones searched apart)."""
    test_name: str | None = None
    """What retrained networks are read for on the test split, as `bleu`; None: the quality that is maximised."""
    test_unit: str | None = None
    single_kinds: dict[str, str] = field(default_factory=dict)
    """Attention kind of each network that is all of one kind, wherever that is offered, by architecture id."""
    hybrids: dict[str, Hybrid] = field(default_factory=dict)
    """The pattern of each network that is a fixed hybrid, by architecture id."""
    no_hybrids: str | None = None
    """Why there is none; None where there are, or where the space offers no kinds to mix."""
    axes: tuple[Axis, ...] = ()
    """Costs besides those of the experiment: at other lengths, or measured."""
    choices: tuple[Choice, ...] = ()
    """Options on the front against the space inside the limits."""
    importances: Importances | None = None
    """How much each choice matters for inherited quality."""
    random_searches: tuple[tuple[Trial, ...], ...] = ()
    """Random searches with the same budget, a seed each."""
    share_inside: float | None = None
    """Chance that a random network of the whole space is inside the limits; None where there are none."""
    spent: tuple[Spent, ...] = ()
    """What each phase took."""
    lengths: LengthCosts | None = None
    """What a few networks cost at several lengths; None where the task has one length, or there is no front yet."""
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    """Scores of translations that took no network, such as a copy of the source: `bleu` and `chrf` by its name."""
    references: tuple[Reference, ...] = ()
    """What others published for the same task, in the same units."""
    task: str = ""
    """What the qualities were read on; those of runs with other tasks do not compare."""
    folder: str = "RUN"
    """The run as commands name it: `results/digits`."""

    refresh_seconds: int | None = None
    """After which the page loads itself again, while a search goes on; None: never."""

    def __post_init__(self) -> None:
        if not self.costs:
            raise ValueError(f"report of {self.name!r} has no cost to draw quality against; give one, as flops")
        for trial in (*self.trials, *self.anchors):
            missing = set(self.costs) - set(trial.costs)
            if missing:
                found = ", ".join(trial.costs) or "none"
                raise ValueError(f"trial {trial.number} lacks the costs {sorted(missing)}; it has: {found}")

    @property
    def searched(self) -> Measure:
        """What the search maximises: inherited quality, on the search split."""
        return Measure(self.quality_name, self.quality_unit)

    @property
    def tested(self) -> Measure:
        """What retrained networks are read for on the test split."""
        name = self.quality_name if self.test_name is None else self.test_name
        return Measure(name, self.quality_unit if self.test_unit is None else self.test_unit)

    @property
    def one_quality(self) -> bool:
        """Whether both are the same, so that one may be drawn beside the other and subtracted from it."""
        return self.searched == self.tested

    @property
    def axis(self) -> str:
        """Name of the cost that quality is drawn against."""
        return next(iter(self.costs))
