"""Costs of each phase of a run: wall time, work time, networks, and the multiply-adds of training."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nas.evaluators.flops import Flops
from nas.experiment import Experiment
from nas.report.data import ReportData
from nas.runs.records import Retrained
from nas.runs.run import Run
from nas.supernet.sampling import sample_balanced, sandwich
from nas.training.settings import Training

PASSES = 3
"""Cost of a training step in forward passes: one forward, and about two for the gradients."""
DRAWS = 64
"""Sample size for the mean FLOPs of the networks that the supernet's training draws."""


class PhaseCost(NamedTuple):
    """Cost of one phase."""

    phase: str
    wall_seconds: float
    work_seconds: float | None
    """Time of all workers together, each on one core or GPU; None where it was not recorded."""
    networks: int | None
    """Number of networks that were evaluated or trained; None where the phase does neither."""
    training_flops: float | None
    """Approximate multiply-adds; None where the phase trains nothing, or the length of examples varies."""
    device: str


class PhaseCosts(NamedTuple):
    """Costs of all phases of a run, in their order."""

    phases: tuple[PhaseCost, ...] = ()

    @property
    def devices(self) -> list[str]:
        """All devices, each once."""
        return list(dict.fromkeys(own.device for own in self.phases))


def costs_of(data: ReportData) -> PhaseCosts:
    """The phase costs of a run; none where they were not read."""
    return data.find(PhaseCosts) or PhaseCosts()


def phase_costs(run: Run) -> PhaseCosts:
    """Costs of the phases that a run has recorded."""
    experiment, phases = run.experiment, run.manifest["phases"]
    evaluated, retrained = _evaluations(run), run.retrained()
    found = []
    for name, phase in phases.items():
        work: float | None = None
        networks: int | None = None
        flops: float | None = None
        if name == "supernet":
            work, flops = phase["seconds"] * experiment.supernet.threads, _supernet_flops(experiment)
        elif name == "search":
            work, networks = sum(evaluated), len(evaluated)
        elif name == "retrain":
            work, networks = sum(each.seconds for each in retrained), len(retrained)
            flops = _retraining_flops(experiment, retrained)
        found.append(PhaseCost(name, phase["seconds"], work, networks, flops, phase.get("device", "unknown")))
    return PhaseCosts(tuple(found))


def _evaluations(run: Run) -> list[float]:
    """Seconds of each evaluation with inherited weights that was made in this run."""
    # imported trials were evaluated elsewhere
    imported = {(trial.architecture, "search") for trial in run.imported()}
    return [score.seconds for key, score in run.scores().items() if key not in imported]


def _supernet_flops(experiment: Experiment) -> float | None:
    training, rng = experiment.supernet, np.random.default_rng(0)
    if not _counts_examples(experiment):
        return None
    if training.rule == "sandwich":
        paths = sandwich(experiment.space, rng, training.random_paths)
    else:
        paths = [sample_balanced(experiment.space, rng) for _ in range(DRAWS)]
    mean = statistics.fmean(Flops()(experiment.task, each) for each in paths)
    return _step_flops(mean, training) * training.steps * (len(paths) if training.rule == "sandwich" else 1)


def _retraining_flops(experiment: Experiment, retrained: Sequence[Retrained]) -> float | None:
    if not _counts_examples(experiment):
        return None
    per_step = (_step_flops(Flops()(experiment.task, each.architecture), experiment.retrain) for each in retrained)
    return sum(flops * each.steps for flops, each in zip(per_step, retrained, strict=True))


def _step_flops(forward: float, training: Training) -> float:
    return PASSES * training.batch_size * forward


def _counts_examples(experiment: Experiment) -> bool:
    # a batch of tokens holds sentences of many lengths
    return experiment.task.batch_unit == "examples" and bool(experiment.task.example_tokens())
