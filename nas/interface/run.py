"""A run as a notebook or a program reads it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.export.write.whole import export, formats_here, formats_of, is_exported
from nas.interface.records import Column, Records
from nas.report.found import found_data
from nas.report.layers import sites
from nas.report.summary import Summary, arms_of
from nas.runs import run as runs
from nas.runs.records import Retrained
from nas.search_space import architecture_id, to_json
from nas.strategies.base import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nas.report.data import ReportData

WIDTH = 720
"""Pixels of a figure."""


class Run(runs.Run):
    """A run in its folder: trials, front, retrained networks, figure, report and exports.

    `nas.run` makes one and `nas.open` opens one.

    >>> run = nas.open("results/digits")
    >>> run.experiment.task.name
    'digits'
    >>> len(run.trials()) == run.experiment.evaluations
    True
    """

    def trials(self) -> Records[Trial]:
        """Every network that the search evaluated, in its order.

        Columns: number, id, a column for each cost, quality (with the supernet's weights, on the search split),
        violation, seconds, failure, architecture (as JSON), and the attention kinds of each site from input to output.

        >>> trials = nas.open("results/digits").trials()
        >>> trials[0].number
        0
        >>> trials.to_pandas()["id"].is_unique
        True
        """
        return Records(super().trials(), self._trial_columns())

    def front(self, trials: Sequence[Trial] | None = None) -> Records[Trial]:
        """The networks inside the limits that no cheaper one equals in quality, by rising first cost.

        Columns: those of the trials, and after `quality` also `scratch` and `inherited`: the quality on the test split
        after training from fresh weights and from the supernet's, a mean over the seeds.

        Args:
            trials: Trials to take the front of; None: all of the search.

        >>> front = nas.open("results/digits").front()
        >>> front.to_pandas()["flops"].is_monotonic_increasing
        True
        """
        trained: dict[str, list[Retrained]] = {}
        for result in super().retrained():
            trained.setdefault(result.id, []).append(result)
        means = {
            identifier: {arm: spread.mean for arm, spread in arms_of(results).items()}
            for identifier, results in trained.items()
        }
        arms = [Column(arm, "float64", partial(_mean, means, arm)) for arm in ("scratch", "inherited")]
        return Records(super().front(trials), self._trial_columns(arms))

    def retrained(self) -> Records[Retrained]:
        """Every finished training after the search: one network, one arm, one seed.

        Columns: id, origin, arm, seed, a column for each cost that is known, quality (on the test split),
        search_quality, steps, seconds, device, commit, architecture, and the attention kinds of each site.

        >>> retrained = nas.open("results/digits").retrained()
        >>> sorted({result.arm for result in retrained})
        ['inherited', 'scratch']
        >>> list(retrained.to_pandas().columns[:4])
        ['id', 'origin', 'arm', 'seed']
        """
        costs = {architecture_id(trial.architecture): trial.costs for trial in (*super().trials(), *super().anchors())}
        names = [cost.name for cost in self.experiment.costs]
        columns: list[Column[Retrained]] = [
            Column("id", "str", lambda result: result.id),
            Column("origin", "str", lambda result: result.origin),
            Column("arm", "str", lambda result: result.arm),
            Column("seed", "int64", lambda result: result.seed),
            *(Column(name, "float64", partial(_known_cost, costs, name)) for name in names),
            Column("quality", "float64", lambda result: result.quality),
            Column("search_quality", "float64", lambda result: result.search_quality),
            Column("steps", "int64", lambda result: result.steps),
            Column("seconds", "float64", lambda result: result.seconds),
            Column("device", "str", lambda result: result.device),
            Column("commit", "str", lambda result: result.commit),
            *self._architecture_columns(),
        ]
        return Records(super().retrained(), columns)

    def plot(self, width: int = WIDTH) -> "Figure":
        """The main figure of the report, quality against the first cost, as a figure of matplotlib.

        It does not touch pyplot. A notebook shows it, and `figure.savefig(path)` writes it to a file.

        >>> figure = nas.open("results/digits").plot()
        >>> figure.savefig("front.png")

        Args:
            width: Pixels; more than 480 leave room for all labels.

        Raises: ValueError before the first evaluation.
        """
        # here and not above: it loads matplotlib
        from nas.report.chart.figure import draw_front

        plot = draw_front(Summary(self._found()), width)
        if plot is None:
            raise ValueError(f"{self.folder} has no evaluated network to draw; run nas search {self.folder} first")
        return plot.figure

    def report(self, out: Path | str | None = None) -> Path:
        """Write the report's page, figures and tables; returns the path of the page.

        >>> nas.open("results/digits").report().as_posix()
        'results/digits/report/index.html'

        Args:
            out: Folder of the page; None: `report` in the run's folder.
        """
        # here and not above: it loads matplotlib
        from nas.report.from_run import report

        return report(self, None if out is None else Path(out))

    def export(self, id: str | None = None) -> Path:
        """Write a retrained network as a folder that stands alone, unless it is there; returns the folder.

        >>> folder = nas.open("results/digits").export()
        >>> nas.load(folder).training
        False

        Args:
            id: The network's; None: the one that the report recommends.

        Raises: ValueError if no such network was retrained.
        """
        if id is None:
            best = Summary(self._found()).recommended
            if best is None or not best.arms:
                raise ValueError(f"{self.folder} has no retrained network; run nas retrain {self.folder} first")
            id = best.id
        formats = formats_here(None, formats_of(self.experiment.task))
        return self.export_folder(id) if is_exported(self, id, formats) else export(self, id, formats)

    def _found(self) -> "ReportData":
        return replace(found_data(self), references=self.experiment.references)

    def _trial_columns(self, arms: Sequence[Column[Trial]] = ()) -> list[Column[Trial]]:
        names = [cost.name for cost in self.experiment.costs]
        return [
            Column("number", "int64", lambda trial: trial.number),
            Column("id", "str", lambda trial: architecture_id(trial.architecture)),
            *(Column(name, "float64", partial(_cost, name)) for name in names),
            Column("quality", "float64", lambda trial: trial.quality),
            *arms,
            Column("violation", "float64", lambda trial: trial.violation),
            Column("seconds", "float64", lambda trial: trial.seconds),
            Column("failure", "str", lambda trial: trial.failure),
            *self._architecture_columns(),
        ]

    def _architecture_columns(self) -> list[Column[Any]]:
        """The architecture as JSON, then the attention kinds of each site that the space has."""
        found = sites(self.experiment.space.largest())
        return [
            Column("architecture", "str", lambda item: json.dumps(to_json(item.architecture), ensure_ascii=False)),
            *(Column(f"{site} attention", "str", partial(_kinds, site)) for site in found),
        ]


def _cost(name: str, trial: Trial) -> float | None:
    return trial.costs.get(name)


def _known_cost(costs: Mapping[str, Mapping[str, float]], name: str, result: Retrained) -> float | None:
    return costs.get(result.id, {}).get(name)


def _mean(means: Mapping[str, Mapping[Any, float]], arm: str, trial: Trial) -> float | None:
    return means.get(architecture_id(trial.architecture), {}).get(arm)


def _kinds(site: str, item: Any) -> str:
    return ", ".join(sites(item.architecture).get(site, ()))
