"""Retraining as trials of Ray Tune, on this machine or a cluster. Loads Ray: imported only where it is asked for.

A trial trains as a local worker does, and posts what it would write to the run's folder (nas/training/posted.py).
Checkpoints of Tune itself are not used: they need storage that all nodes share.
"""

import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from nas.parallel.cluster import connected

# before Tune is imported, which reads them: no files of its own, no tables, and Ctrl-C is this process's
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
for _name in (
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS",
    "TUNE_DISABLE_SIGINT_HANDLER",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING",
):
    os.environ.setdefault(_name, "1")

import torch  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.progress_reporter import TrialProgressCallback  # noqa: E402
from ray.tune.schedulers import AsyncHyperBandScheduler  # noqa: E402
from torch import Tensor  # noqa: E402

from nas.experiment import Experiment  # noqa: E402
from nas.experiment.loading import Recipe  # noqa: E402
from nas.parallel.map import Arrays, Workers  # noqa: E402
from nas.retrain.training import Halving, Job, train_network  # noqa: E402
from nas.runs.records import Retrained  # noqa: E402
from nas.search_space import to_json  # noqa: E402
from nas.system.progress import Advance  # noqa: E402
from nas.training.loop import Files  # noqa: E402
from nas.training.plain import PlainTrainee  # noqa: E402
from nas.training.posted import Inbox, PostingKeeper  # noqa: E402


class Trainings(NamedTuple):
    """All trainings of a command."""

    recipe: Recipe
    jobs: list[Job]
    files: list[Files]
    """Where each job keeps its checkpoint and its log, on this machine."""
    weights: Arrays
    """The supernet's; empty where no job inherits them."""
    halving: Halving | None
    steps: int


class Stopped(NamedTuple):
    """A training that was stopped early: it was not among the best at a rung."""

    step: int
    quality: float
    """On the split `search`, at that step."""


class Ended(NamedTuple):
    """The trainings that ended without a result, by the place of the job."""

    stopped: dict[int, Stopped]
    failed: dict[int, str]


Finish = Callable[[int, Retrained, dict[str, Tensor]], None]
"""Called in this process with the place of a job, its result (the architecture as JSON) and its weights."""


def train_on_ray(trainings: Trainings, workers: Workers, finish: Finish) -> Ended:
    """Train all jobs; a trial whose worker or node dies goes on elsewhere, from its last checkpoint.

    Raises: ValueError if the cluster cannot be reached or a checkpoint is damaged.
    """
    assert workers.ray is not None
    if workers.ray.startswith("ray://"):
        raise ValueError("retraining cannot be driven through ray://; run it on a node of the cluster, with --ray auto")
    with connected(workers.ray, workers.count), tempfile.TemporaryDirectory() as folder:
        delivery = Delivery(Inbox(trainings.files), finish)
        results: Any = _tuner(trainings, workers, delivery, folder).fit()
        delivery.deliver()
    return _ended(trainings, list(results), delivery)


def _tuner(trainings: Trainings, workers: Workers, delivery: "Delivery", folder: str) -> tune.Tuner:
    sent = trainings._replace(files=[])._asdict() | {"mailbox": delivery.inbox.mailbox, "cwd": os.getcwd()}
    trainable = tune.with_resources(tune.with_parameters(_trial, sent=sent), resources={"cpu": 1, "gpu": workers.gpus})
    return tune.Tuner(
        trainable,
        param_space={"job": tune.grid_search(list(range(len(trainings.jobs))))},
        tune_config=tune.TuneConfig(
            scheduler=_scheduler(trainings), max_concurrent_trials=workers.count, reuse_actors=True
        ),
        run_config=tune.RunConfig(
            name="retrain",
            storage_path=folder,
            failure_config=tune.FailureConfig(max_failures=workers.retries),
            callbacks=[delivery],
            verbose=0,
        ),
    )


def _scheduler(trainings: Trainings) -> AsyncHyperBandScheduler | None:
    rungs = trainings.halving.rungs(trainings.steps) if trainings.halving else []
    if trainings.halving is None or not rungs:
        return None
    # a rung at the end would stop what has only its result to report
    return AsyncHyperBandScheduler(
        time_attr="step",
        metric="quality",
        mode="max",
        max_t=trainings.steps + 1,
        grace_period=rungs[0],
        reduction_factor=trainings.halving.factor,
    )


def _ended(trainings: Trainings, results: list[Any], delivery: "Delivery") -> Ended:
    ended = Ended({}, dict(delivery.refused))
    for result in results:
        job = result.config["job"]
        if job in delivery.finished or job in ended.failed:
            continue
        if result.error is not None:
            said = str(result.error).strip().splitlines()
            ended.failed[job] = said[-1] if said else type(result.error).__name__
        else:
            ended.stopped[job] = Stopped(result.metrics["step"], result.metrics["quality"])
    return ended


class Delivery(TrialProgressCallback):
    """Does to this machine's files what trials have posted, as often as Tune looks after them.

    It stands in place of the callback that would print a line of each trial.
    """

    def __init__(self, inbox: Inbox, finish: Finish) -> None:
        super().__init__()
        self.inbox = inbox
        self.finish = finish
        self.finished: set[int] = set()
        self.refused: dict[int, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Tune writes its settings down to be started again from them, which nobody does; what finishes a job may hold
        # more than can be written
        return {**self.__dict__, "finish": None}

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self.deliver()

    def on_trial_result(self, *_: Any, **__: Any) -> None:
        pass

    on_trial_complete = on_trial_error = on_trial_result

    def deliver(self) -> None:
        for job, (action, arguments) in self.inbox.deliver():
            if action == "finish":
                self.finished.add(job)
                self.finish(job, *arguments)
            elif action == "refuse":
                self.refused[job] = arguments[0]


def _trial(config: dict[str, Any], sent: dict[str, Any]) -> None:
    """One training on a node. Raises: what another try may not meet again, such as memory that ran out."""
    with suppress(OSError):
        os.chdir(sent["cwd"])
    keeper = PostingKeeper(sent["mailbox"], config["job"], "the checkpoint")
    job = sent["jobs"][config["job"]]
    try:
        experiment = sent["recipe"].experiment()

        def started(trainee: PlainTrainee) -> Advance:
            return _reporting(experiment, trainee, sent["halving"])

        def weights() -> Mapping[str, Tensor]:
            return {name: torch.from_numpy(array) for name, array in sent["weights"].items()}

        result, network = train_network(experiment, job, weights, keeper, started, lambda: False)
    except ValueError as error:
        keeper.refuse(str(error))
        return
    as_sent = dataclasses.replace(result, architecture=to_json(result.architecture))
    keeper.finish(as_sent, {name: tensor.cpu() for name, tensor in network.state_dict().items()})


def _reporting(experiment: Experiment, trainee: PlainTrainee, halving: Halving | None) -> Advance:
    """Reports the quality at every rung, where Tune may end the trial."""
    rungs = set(halving.rungs(experiment.retrain.steps)) if halving else set()

    def advance(step: int, words: str) -> None:
        if step in rungs:
            quality = experiment.quality(experiment.task, trainee.network, "search")
            tune.report({"step": step, "quality": quality})

    return advance
