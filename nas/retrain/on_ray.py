"""Retraining as trials of Ray Tune, on this machine or a cluster. Loads Ray: imported only where it is asked for.

A trial trains as a local worker does. What it would write to the run's folder it posts to an actor beside the driver,
which does it there: checkpoints and logs have the place and the format of a local training, outlive any node but the
driver's, and a retraining goes on with Ray or without. Checkpoints of Tune itself need storage that all nodes share.
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

import ray  # noqa: E402
import torch  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.progress_reporter import TrialProgressCallback  # noqa: E402
from ray.tune.schedulers import AsyncHyperBandScheduler  # noqa: E402
from torch import Tensor  # noqa: E402

from nas.experiment import Experiment  # noqa: E402
from nas.experiment.loading import Recipe  # noqa: E402
from nas.parallel.map import Arrays, Workers  # noqa: E402
from nas.retrain.training import Halving, Job, train_network  # noqa: E402
from nas.runs.retrained import Retrained  # noqa: E402
from nas.search_space import to_json  # noqa: E402
from nas.system.progress import Advance  # noqa: E402
from nas.training.loop import Checkpoint, Files  # noqa: E402
from nas.training.plain import PlainTrainee  # noqa: E402

Event = tuple[str, tuple[Any, ...]]
"""A method of a keeper and its arguments; or `finish` with a result and weights, or `refuse` with a mistake."""


class Plan(NamedTuple):
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
    """What became of the trainings that have no result, by their place in the plan."""

    stopped: dict[int, Stopped]
    failed: dict[int, str]


Finish = Callable[[int, Retrained, dict[str, Tensor]], None]
"""Called in this process with the place of a job, its result (the architecture as JSON) and its weights."""


def train_on_ray(plan: Plan, workers: Workers, finish: Finish) -> Ended:
    """Train all jobs; a trial whose worker or node dies goes on elsewhere, from its last checkpoint.

    Raises: ValueError if the cluster cannot be reached or a checkpoint is damaged.
    """
    assert workers.ray is not None
    if workers.ray.startswith("ray://"):
        raise ValueError("retraining cannot be driven through ray://; run it on a node of the cluster, with --ray auto")
    with connected(workers.ray, workers.count), tempfile.TemporaryDirectory() as folder:
        # beside the driver: it ends with it anyway, and no other node takes it away
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        desk = ray.remote(num_cpus=0, label_selector=here)(Desk).remote([files.last() for files in plan.files])
        delivery = Delivery(desk, plan.files, finish)
        results: Any = _tuner(plan, workers, desk, delivery, folder).fit()
        delivery.deliver()
    return _ended(plan, list(results), delivery)


def _tuner(plan: Plan, workers: Workers, desk: Any, delivery: "Delivery", folder: str) -> tune.Tuner:
    sent = plan._replace(files=[])._asdict() | {"desk": desk, "cwd": os.getcwd()}
    trainable = tune.with_resources(tune.with_parameters(_trial, plan=sent), resources={"cpu": 1, "gpu": workers.gpus})
    return tune.Tuner(
        trainable,
        param_space={"job": tune.grid_search(list(range(len(plan.jobs))))},
        tune_config=tune.TuneConfig(scheduler=_scheduler(plan), max_concurrent_trials=workers.count, reuse_actors=True),
        run_config=tune.RunConfig(
            name="retrain",
            storage_path=folder,
            failure_config=tune.FailureConfig(max_failures=workers.retries),
            callbacks=[delivery],
            verbose=0,
        ),
    )


def _scheduler(plan: Plan) -> AsyncHyperBandScheduler | None:
    rungs = plan.halving.rungs(plan.steps) if plan.halving else []
    if plan.halving is None or not rungs:
        return None
    # a rung at the end would stop what has only its result to report
    return AsyncHyperBandScheduler(
        time_attr="step",
        metric="quality",
        mode="max",
        max_t=plan.steps + 1,
        grace_period=rungs[0],
        reduction_factor=plan.halving.factor,
    )


def _ended(plan: Plan, results: list[Any], delivery: "Delivery") -> Ended:
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

    def __init__(self, desk: Any, files: list[Files], finish: Finish) -> None:
        super().__init__()
        self.desk = desk
        self.files = files
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
        for job, (what, arguments) in ray.get(self.desk.take.remote()):
            if what == "finish":
                self.finished.add(job)
                self.finish(job, *arguments)
            elif what == "refuse":
                self.refused[job] = arguments[0]
            else:
                getattr(self.files[job], what)(*arguments)


class Desk:
    """Holds the last checkpoint of every job, and what is still to be done to the driver's files."""

    def __init__(self, last: list[Checkpoint | None]) -> None:
        self.last = last
        self.attempts = [0] * len(last)
        self.events: list[tuple[int, Event]] = []

    def begin(self, job: int) -> tuple[int, Checkpoint | None]:
        """A new trial of a job begins: its number, and the checkpoint to go on from."""
        self.attempts[job] += 1
        return self.attempts[job], self.last[job]

    def post(self, job: int, attempt: int, event: Event) -> None:
        """Note what a trial did; what comes late from one that died is dropped."""
        if attempt == self.attempts[job]:
            self.events.append((job, event))
            if event[0] == "save":
                self.last[job] = event[1]

    def take(self) -> list[tuple[int, Event]]:
        events, self.events = self.events, []
        return events


class Post:
    """The keeper of a trial: what it is given goes to the desk."""

    name = "the checkpoint"

    def __init__(self, desk: Any, job: int) -> None:
        self.desk = desk
        self.job = job
        found: tuple[int, Checkpoint | None] = ray.get(desk.begin.remote(job))
        self.attempt, self.found = found

    def last(self) -> Checkpoint | None:
        return self.found

    def rewind(self, step: int, steps: int) -> None:
        self.send("rewind", step, steps)

    def log(self, line: dict[str, Any]) -> None:
        self.send("log", line)

    def save(self, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
        self.send("save", {name: tensor.detach().cpu() for name, tensor in state.items()}, metadata)

    def send(self, what: str, *arguments: Any) -> None:
        # waits until it is there: what is on its way is lost with the worker
        ray.get(self.desk.post.remote(self.job, self.attempt, (what, arguments)))


def _trial(config: dict[str, Any], plan: dict[str, Any]) -> None:
    """What runs on a node. Raises: what another try may not meet again, such as memory that ran out."""
    with suppress(OSError):
        os.chdir(plan["cwd"])
    post, job = Post(plan["desk"], config["job"]), plan["jobs"][config["job"]]
    try:
        experiment = plan["recipe"].experiment()

        def started(trainee: PlainTrainee) -> Advance:
            return _reporting(experiment, trainee, plan["halving"])

        def weights() -> Mapping[str, Tensor]:
            return {name: torch.from_numpy(array) for name, array in plan["weights"].items()}

        result, network = train_network(experiment, job, weights, post, started, lambda: False)
    except ValueError as error:
        post.send("refuse", str(error))
        return
    as_sent = dataclasses.replace(result, architecture=to_json(result.architecture))
    post.send("finish", as_sent, {name: tensor.cpu() for name, tensor in network.state_dict().items()})


def _reporting(experiment: Experiment, trainee: PlainTrainee, halving: Halving | None) -> Advance:
    """Reports the quality at every rung, where Tune may end the trial."""
    rungs = set(halving.rungs(experiment.retrain.steps)) if halving else set()

    def advance(step: int, words: str) -> None:
        if step in rungs:
            quality = experiment.quality(experiment.task, trainee.network, "search")
            tune.report({"step": step, "quality": quality})

    return advance
