"""Training chosen networks after the search, each with several seeds; the test split is read here and nowhere else."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from nas.evaluators.base import ComparedQuality
from nas.experiment import Selection
from nas.parallel.map import Arrays, Failed, Workers, prepared_map
from nas.retrain.choose import Selected
from nas.retrain.training import FailedTrainingError, Halving, Job, train_network
from nas.runs.records import Retrained
from nas.runs.run import Run
from nas.search_space import architecture_id, to_json
from nas.system.files import write_json
from nas.system.interrupts import deferred_interrupts
from nas.system.progress import progress
from nas.system.provenance import commit
from nas.training.loop import Files

log = logging.getLogger(__name__)


Tell = Callable[[Retrained], None]


def retrain(
    run: Run, choices: list[Selected], workers: Workers | int, selection: Selection, halving: Halving | None = None
) -> None:
    """Train every choice with every arm and seed of the selection that has no result yet.

    Args:
        halving: Stop trainings early that are not among the best, which needs Ray.

    Raises: ValueError if the data is missing, a checkpoint is damaged, or a Ray cluster cannot be reached;
        ChildProcessError if workers died over a training or it came to no result, the others being finished.
    """
    asked = workers if isinstance(workers, Workers) else Workers(max(workers, 1))
    if halving is not None and asked.ray is None:
        raise ValueError("stopping trainings early is done by Ray Tune; add --ray local")
    loaded = commit()
    jobs = [
        Job(to_json(choice.architecture), choice.origin, arm, run.experiment.seed + number, loaded)
        for number in range(selection.seeds)
        for choice in choices
        for arm in selection.arms
    ]
    _compare_with_baselines(run)
    pending = [job for job in jobs if run.retrained_one(_architecture(run, job), job.arm, job.seed) is None]
    if not pending:
        return
    log.info("data: %s", run.experiment.task.prepare())
    finished, name = len(jobs) - len(pending), run.experiment.tested.name
    with run.phase("retrain"), progress("retrain", len(jobs), "trainings") as advance:
        advance(finished, "")

        def tell(result: Retrained) -> None:
            nonlocal finished
            finished += 1
            advance(finished, f"{result.id} {result.arm}: {name} {result.quality:.4f} on the test split")

        # a time limit is for evaluations
        everywhere = replace(asked.at_most(len(pending)), timeout=None)
        (_train_here if asked.ray is None else _train_on_ray)(run, pending, everywhere, tell, halving)


def _compare_with_baselines(run: Run) -> None:
    tested = run.experiment.tested
    if isinstance(tested, ComparedQuality) and not run.baselines():
        # a phase, so that no other command writes the manifest meanwhile
        with run.phase("baselines"):
            run.save_baselines(tested.baselines(run.experiment.task, "test"))


def _train_here(run: Run, jobs: list[Job], workers: Workers, tell: Tell, _: Halving | None) -> None:
    died: list[str] = []
    with prepared_map(partial(_trainer, run.folder, run.data), {}, workers) as trained:
        for job, result in zip(jobs, trained(jobs), strict=True):
            if isinstance(result, Failed):
                died.append(f"{architecture_id(_architecture(run, job))} {job.arm}: {result.reason}")
            else:
                tell(result)
    if died:
        raise ChildProcessError(f"{len(died)} of {len(jobs)} trainings have no result; {died[0]}")


def _trainer(folder: Path, data: Path | None, _: Arrays) -> Callable[[Job], Retrained | Failed]:
    return partial(_attempt, Run(folder, data))


def _attempt(run: Run, job: Job) -> Retrained | Failed:
    try:
        return retrain_one(run, job)
    except FailedTrainingError as error:
        return Failed(str(error))


def retrain_one(run: Run, job: Job) -> Retrained:
    """One training, kept in the run's folder."""
    with deferred_interrupts() as interrupted:
        result, network = train_network(
            run.experiment, job, run.supernet_state, _files(run, job), lambda _: lambda done, words: None, interrupted
        )
    run.save_subnet(result, network.state_dict())
    run.stopped_file(_architecture(run, job), job.arm, job.seed).unlink(missing_ok=True)
    return result


def _train_on_ray(run: Run, jobs: list[Job], workers: Workers, tell: Tell, halving: Halving | None) -> None:
    # here and not above: it loads Ray, which takes seconds
    from nas.retrain.on_ray import Trainings, train_on_ray

    if halving is not None:
        jobs = [job for job in jobs if not run.stopped_file(_architecture(run, job), job.arm, job.seed).exists()]
        if not jobs:
            return
    inherits = any(job.arm == "inherited" for job in jobs)
    weights = {name: tensor.numpy() for name, tensor in run.supernet_state().items()} if inherits else {}
    steps = run.experiment.retrain.steps
    trainings = Trainings(run.recipe, jobs, [_files(run, job) for job in jobs], weights, halving, steps)

    def finish(place: int, sent: Retrained, weights: dict[str, Tensor]) -> None:
        result = replace(sent, architecture=_architecture(run, jobs[place]))
        run.save_subnet(result, weights)
        run.stopped_file(_architecture(run, jobs[place]), jobs[place].arm, jobs[place].seed).unlink(missing_ok=True)
        tell(result)

    ended = train_on_ray(trainings, workers, finish)
    for place, stopped in ended.stopped.items():
        job = jobs[place]
        write_json(run.stopped_file(_architecture(run, job), job.arm, job.seed), stopped._asdict())
        log.info("stopped %s-%d after %d steps, at %.4f", job.arm, job.seed, stopped.step, stopped.quality)
    for place, reason in ended.failed.items():
        which = f"{architecture_id(_architecture(run, jobs[place]))} {jobs[place].arm}"
        raise ValueError(f"{len(ended.failed)} of {len(jobs)} trainings have no result; {which}: {reason}")


def _architecture(run: Run, job: Job) -> Any:
    return run.experiment.space.from_json(job.architecture)


def _files(run: Run, job: Job) -> Files:
    key = (_architecture(run, job), job.arm, job.seed)
    return Files(run.subnet_checkpoint(*key), run.subnet_log(*key))
