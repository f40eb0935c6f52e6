"""A row of a run's report, evaluated again: data, costs, inherited and retrained quality against what was recorded.

The test split is read again here, by networks that were read on it before; nothing is chosen by it.
"""

import logging
import shutil
import typing
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from torch import nn

from nas.retrain.training import Job, qualities, train_network
from nas.runs.manifest import fingerprint
from nas.runs.records import Retrained, Score
from nas.runs.run import Run, network_of_run
from nas.search.scoring import Candidate, evaluate
from nas.search_space import to_json
from nas.supernet import Supernet
from nas.supernet.train import trained_supernet
from nas.system.devices import default_device
from nas.system.files import locked
from nas.system.interrupts import deferred_interrupts
from nas.system.numbers import number
from nas.system.progress import Advance, progress
from nas.system.provenance import commit, environment
from nas.tasks.base import DataError, EvalSplit
from nas.training.loop import Files
from nas.training.plain import PlainTrainee

log = logging.getLogger(__name__)

DECISIVE = ("device", "torch", "numpy", "sentencepiece", "sacrebleu")
"""Entries of a phase's record that, besides the commit, may change a figure in its last digits."""
TOLERANCE = 0.005
"""Largest difference, as a share of the recorded figure, where machine, versions or code are others."""
TRAINED_TOLERANCE = 0.03
"""The same after another training: its roundings grow from step to step."""

HALF = "packed weights may be of half precision"

Verdict = Literal["agrees", "differs", "not checked"]


class Check(NamedTuple):
    """One figure."""

    what: str
    verdict: Verdict
    remark: str
    """Both values, or why there is only one."""


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may be from the recorded one."""

    share: float
    reason: str
    """Why it need not be equal; empty where it must."""

    def check(self, what: str, recorded: float, found: float) -> Check:
        agrees = found == recorded or abs(found - recorded) <= self.share * abs(recorded)
        if found == recorded:
            return Check(what, "agrees", f"{_text(found)}, exactly")
        within = f"{'' if agrees else 'not '}within {100 * self.share:g} %" if self.share else "must be equal"
        return Check(what, "agrees" if agrees else "differs", f"{_text(recorded)} there, {_text(found)} here; {within}")


def reproduce(run: Run, identifier: str, trains: bool) -> Iterator[Check]:
    """Every figure that the run has of a network, checked as soon as it is asked for.

    Args:
        trains: Whether to repeat its trainings too, from their first step; weights that are missing are then kept.

    Raises: ValueError if the run has no such network.
    """
    architecture = network_of_run(run, identifier)
    yield from _costs(run, architecture)
    try:
        log.info("data: %s", run.experiment.task.prepare())
    except DataError as error:
        yield Check("data and all qualities", "not checked", str(error))
        return
    yield _data(run)
    yield from _inherited(run, architecture)
    for result in run.retrained():
        if result.architecture == architecture:
            yield from _retrained(run, result)
            if trains:
                yield from _trained_again(run, result)


def print_checks(run: Run, identifier: str, trains: bool) -> int:
    """Print every check as it is made, then what they come to; returns 1 if a figure differs, else 0."""
    verdicts: Counter[Verdict] = Counter()
    for check in reproduce(run, identifier, trains):
        verdicts[check.verdict] += 1
        print(f"{check.verdict:<12} {check.what}: {check.remark}", flush=True)
    half = HALF if run.packed_file.is_file() else ""
    reasons = list(dict.fromkeys(filter(None, [*tolerances(run).values(), half])))
    allowed = f"up to {100 * TOLERANCE:g} % ({100 * TRAINED_TOLERANCE:g} % after another training)"
    said = f"{allowed}, since {'; '.join(reasons)}" if reasons else "none: machine, versions and code are the run's own"
    print(f"{'tolerance':<12} {said}")
    left = f", {verdicts['not checked']} could not be checked" if verdicts["not checked"] else ""
    print(f"\nnetwork {identifier} of {run.folder}: {verdicts['agrees']} agree, {verdicts['differs']} differ{left}")
    return 1 if verdicts["differs"] else 0


def tolerances(run: Run) -> dict[str, str]:
    """By phase, why its figures need not come out to the last digit; empty where they must."""
    return {name: _changes(phase) for name, phase in run.manifest["phases"].items()}


def _changes(phase: dict[str, Any], device: str | None = None, made_by: str | None = None) -> str:
    """`torch 2.12.0 there, 2.13.0 here`; device and commit are those of the phase unless given."""
    there = {name: str(phase[name]) for name in DECISIVE if name in phase}
    there |= {"device": device} if device else {}
    here = {name: value for name, value in environment().items() if name in there}
    there["commit"], here["commit"] = made_by or phase.get("commits", ["unknown"])[-1], commit()
    found = [
        f"{name} {there[name]} there, {here.get(name, 'none')} here" for name in there if there[name] != here.get(name)
    ]
    if default_device().type == "cuda":
        found.append("a GPU adds in another order each time")
    return "; ".join(found)


def _tolerance(reason: str, share: float = TOLERANCE) -> Tolerance:
    return Tolerance(share if reason else 0.0, reason)


def _data(run: Run) -> Check:
    phases = run.manifest["phases"]
    recorded = next((phase["data"] for phase in reversed(list(phases.values())) if phase.get("data")), None)
    if recorded is None:
        return Check("data", "not checked", "the run recorded no hashes of it, as earlier versions did not")
    found = fingerprint(run.experiment.task)
    other = [name for name in {**recorded, **found} if recorded.get(name) != found.get(name)]
    if other:
        return Check("data", "differs", f"other hashes of {', '.join(other)}")
    sizes = ", ".join(f"{part['size']:,} {name}" for name, part in found.items())
    return Check("data", "agrees", f"equal hashes of {sizes}")


def _costs(run: Run, architecture: Any) -> Iterator[Check]:
    trials = [trial for trial in (*run.trials(), *run.anchors()) if trial.architecture == architecture]
    recorded = trials[0].costs if trials else {}
    for cost in run.experiment.costs:
        if cost.name not in recorded:
            yield Check(cost.name, "not checked", "the run recorded none, since the network was not evaluated in it")
        elif cost.measured:
            remark = f"{_text(recorded[cost.name])} there; measured, so it comes out otherwise each time"
            yield Check(cost.name, "not checked", remark)
        else:
            found = cost(run.experiment.task, architecture)
            yield Tolerance(0.0, "").check(cost.name, recorded[cost.name], found)


def _inherited(run: Run, architecture: Any) -> Iterator[Check]:
    scores, splits = run.scores(), typing.get_args(EvalSplit)
    known: dict[EvalSplit, Score | None] = {split: scores.get((architecture, split)) for split in splits}
    recorded = {split: score.quality for split, score in known.items() if score and score.quality is not None}
    if not recorded:
        return
    if not run.has_supernet():
        remark = f"no supernet.safetensors in {run.folder}; nas train {run.folder} makes it"
        yield from (Check(_inherited_name(run, split), "not checked", remark) for split in recorded)
        return
    supernet: Supernet = trained_supernet(run)
    tolerance = _tolerance(HALF if run.has_half_supernet() else tolerances(run).get("search", ""))
    for split, quality in recorded.items():
        found = evaluate(run.experiment, supernet, Candidate(to_json(architecture), split))
        if found.quality is None:
            yield Check(_inherited_name(run, split), "differs", f"{_text(quality)} there; failed here: {found.failure}")
        else:
            yield tolerance.check(_inherited_name(run, split), quality, found.quality)


def _inherited_name(run: Run, split: EvalSplit) -> str:
    return f"inherited {run.experiment.quality.name}, {split} split"


def _retrained(run: Run, result: Retrained) -> Iterator[Check]:
    names = _names(run, result)
    if not run.has_subnet_weights(result):
        how = f"nas reproduce {run.folder} --id {result.id} --retrain makes them"
        yield from (Check(name, "not checked", f"its weights are not there; {how}") for name in names)
        return
    network = run.experiment.task.build(result.architecture)
    network.load_state_dict(run.subnet_weights(result))
    tolerance = _tolerance(HALF if run.has_half_weights(result) else _why_not_equal(run, result))
    for name, recorded, found in zip(names, _recorded(result), qualities(run.experiment, network), strict=True):
        yield tolerance.check(name, recorded, found)


def _trained_again(run: Run, result: Retrained) -> Iterator[Check]:
    names = [f"{name}, trained again" for name in _names(run, result)]
    if result.arm == "inherited" and not run.has_supernet():
        remark = f"it began with the supernet's weights; nas train {run.folder} makes them"
        yield from (Check(name, "not checked", remark) for name in names)
        return
    again, network = _train(run, result)
    tolerance = _tolerance(_why_not_equal(run, result), TRAINED_TOLERANCE)
    pairs = zip(names, _recorded(result), _recorded(again), strict=True)
    checks = [tolerance.check(name, recorded, found) for name, recorded, found in pairs]
    if all(check.verdict == "agrees" for check in checks) and not run.has_subnet_weights(result):
        run.save_subnet(result, network.state_dict())
    yield from checks


def _train(run: Run, result: Retrained) -> tuple[Retrained, nn.Module]:
    """The training once more, in a folder of its own, which goes when it is finished."""
    folder = run.reproduced_folder(result.architecture, result.arm, result.seed)
    folder.mkdir(parents=True, exist_ok=True)
    job = Job(to_json(result.architecture), result.origin, result.arm, result.seed, commit())
    files = Files(folder / "checkpoint.safetensors", folder / "log.jsonl")
    with ExitStack() as stack:
        stack.enter_context(locked(folder))
        interrupted = stack.enter_context(deferred_interrupts())

        def started(trainee: PlainTrainee) -> Advance:
            return stack.enter_context(progress(f"{result.arm}-{result.seed}", trainee.training.steps, "steps"))

        trained = train_network(run.experiment, job, run.supernet_state, files, started, interrupted)
    shutil.rmtree(folder)
    return trained


def _recorded(result: Retrained) -> tuple[float, float]:
    return result.quality, result.search_quality


def _names(run: Run, result: Retrained) -> list[str]:
    which, experiment = f"{result.arm}-{result.seed}", run.experiment
    return [f"{which} {experiment.tested.name}, test split", f"{which} {experiment.quality.name}, search split"]


def _why_not_equal(run: Run, result: Retrained) -> str:
    return _changes(run.manifest["phases"].get("retrain", {}), result.device, result.commit)


def _text(value: float) -> str:
    return number(value) if value == round(value) else f"{value:.6g}"
