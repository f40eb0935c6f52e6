"""Several processes that train one supernet under Ray Train, on this machine or on a cluster.

Workers on other machines see neither the run's folder nor, in general, a disk that all share. So what rank 0 would do
to the files of a training it posts to an actor, from where the driver, which alone holds the run's lock, takes it and
does it. Checkpoints therefore have the format, the place and the promises that those of one process have, and a
training goes on with any number of processes, with Ray or without.

A worker that ends is replaced with its whole group by Ray Train; the group goes on from the last checkpoint posted. The
checkpoints of Ray Train itself are not used: they need storage that all machines share.
"""

import tempfile
import threading
import time
from typing import Any, Literal, NamedTuple

# it sets what Ray reads when it is imported
from nas.parallel.cluster import connected

# isort: split
import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig, get_context
from ray.train.torch import TorchConfig, TorchTrainer
from torch import Tensor

from nas.supernet.distributed import Group, Make, PeerFailed, run_rank
from nas.system.interrupts import deferred_interrupts
from nas.system.progress import Advance
from nas.training.loop import Checkpoint, Files

RESTARTS = 3
"""Times that the group of workers is started again after one of them ended."""
TAKE_SECONDS = 0.3
ADVANCE_SECONDS = 0.5

Event = tuple[Literal["rewind", "log", "save", "advance"], tuple[Any, ...]]
"""What rank 0 did: a method of a keeper, or progress; and its arguments."""


class Workers(NamedTuple):
    """The processes that train together."""

    processes: int
    threads: int
    """CPU threads of each."""
    address: str
    """Address of a Ray cluster; `local` starts a Ray of one's own on this machine."""


def fit_on_ray(make: Make, files: Files, advance: Advance, workers: Workers) -> None:
    """Train to the end as `fit` does, by several processes; `make` can be pickled and runs in each.

    Raises: ValueError for a mistake, also for one that shows in a worker; ChildProcessError if workers kept on ending;
        KeyboardInterrupt after a checkpoint.
    """
    last = files.last()
    cpus = workers.processes * workers.threads
    with connected(workers.address, cpus), deferred_interrupts() as interrupted:
        gpu = _on_gpus(workers)
        # beside the driver: it ends with it anyway, and no other machine takes it away
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        post_office: Any = ray.remote(num_cpus=0, label_selector=here)(PostOffice).remote(last)
        trainer = _Trainer({"make": make, "post_office": post_office, "name": files.name}, workers, gpu)
        trainer.start()
        while trainer.is_alive():
            trainer.join(TAKE_SECONDS)
            _deliver(ray.get(post_office.take.remote(interrupted())), files, advance)
        _deliver(ray.get(post_office.take.remote(interrupted())), files, advance)
        finished, mistake = ray.get(post_office.outcome.remote())
        if mistake is not None:
            raise ValueError(mistake)
        if trainer.failure is not None:
            raise ChildProcessError(trainer.failure)
        if interrupted() or not finished:
            raise KeyboardInterrupt


def _deliver(events: list[Event], files: Files, advance: Advance) -> None:
    """Do to the files what rank 0 would have done."""
    for what, arguments in events:
        (advance if what == "advance" else getattr(files, what))(*arguments)


class PostOffice:
    """Carries what rank 0 posts to the driver, and keeps the last checkpoint for workers that start."""

    def __init__(self, last: Checkpoint | None) -> None:
        self.last = last
        self.events: list[Event] = []
        self.attempt = 0
        self.stop = False
        self.finished = False
        self.mistake: str | None = None

    def begin(self) -> tuple[int, Checkpoint | None]:
        """A new rank 0 begins: its number, and the last checkpoint."""
        self.attempt += 1
        return self.attempt, self.last

    def post(self, attempt: int, event: Event) -> bool:
        """Note what rank 0 did; returns whether it should stop. What comes late from one that ended is dropped."""
        if attempt == self.attempt:
            self.events.append(event)
            if event[0] == "save":
                self.last = event[1]
        return self.stop

    def take(self, stop: bool) -> list[Event]:
        """What was posted since the last time; says also whether rank 0 should stop."""
        self.stop = stop
        events, self.events = self.events, []
        return events

    def end(self, mistake: str | None) -> None:
        """Rank 0 came to the end, or a rank found a mistake that another try would meet again."""
        self.finished = mistake is None
        self.mistake = self.mistake or mistake

    def outcome(self) -> tuple[bool, str | None]:
        """Whether the training came to its end, and a mistake if there was one."""
        return self.finished, self.mistake


class Post:
    """The keeper of rank 0 in a worker, and its way to tell progress and to hear whether to stop."""

    def __init__(self, post_office: Any, name: str) -> None:
        self.post_office = post_office
        self.name = name
        self.attempt = 0
        self.answer: Any = None
        self.latest: tuple[int, str] = (0, "")
        self.posted = 0.0
        self.stop = False

    def last(self) -> Checkpoint | None:
        self.attempt, found = ray.get(self.post_office.begin.remote())
        return found  # type: ignore[no-any-return]

    def rewind(self, step: int, steps: int) -> None:
        self._post("rewind", step, steps)

    def log(self, line: dict[str, Any]) -> None:
        self._post("log", line)

    def save(self, state: dict[str, Tensor], metadata: dict[str, str]) -> None:
        self._post("advance", *self.latest)
        # waits until it is there: a checkpoint on its way is lost with the worker
        ray.get(self._post("save", {name: tensor.detach().cpu() for name, tensor in state.items()}, metadata))

    def advance(self, done: int, words: str) -> None:
        now, self.latest = time.monotonic(), (done, words)
        if now - self.posted > ADVANCE_SECONDS:
            self.posted = now
            self._post("advance", done, words)

    def asked(self) -> bool:
        if self.answer is not None and ray.wait([self.answer], timeout=0)[0]:
            self.stop, self.answer = ray.get(self.answer), None
        return self.stop

    def _post(self, what: str, *arguments: Any) -> Any:
        self.answer = self.post_office.post.remote(self.attempt, (what, arguments))
        return self.answer


def work(config: dict[str, Any]) -> None:
    """What each worker of Ray Train runs. Raises: what another try may not meet again."""
    context = get_context()
    group = Group(context.get_world_rank(), context.get_world_size())
    post = Post(config["post_office"], config["name"])
    try:
        run_rank(config["make"], group, post if group.rank == 0 else None, post.advance, post.asked)
    except (KeyboardInterrupt, PeerFailed):
        # the process that failed reports it
        return
    except ValueError as error:
        ray.get(post.post_office.end.remote(str(error)))
        return
    if group.rank == 0:
        ray.get(post.post_office.end.remote(None))


class _Trainer(threading.Thread):
    """Ray Train's own call, which blocks, beside the loop that takes what is posted."""

    def __init__(self, config: dict[str, Any], workers: Workers, gpu: bool) -> None:
        super().__init__(daemon=True)
        self.config = config
        self.workers = workers
        self.gpu = gpu
        self.failure: str | None = None

    def run(self) -> None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                self._trainer(folder).fit()
        except Exception as error:
            cause = next(iter(getattr(error, "worker_failures", {}).values()), error)
            first_line = (str(cause).strip() or type(cause).__name__).splitlines()[0]
            self.failure = (
                f"workers of the training ended, also after {RESTARTS} restarts: {first_line}; "
                "the last checkpoint is kept, and the same command goes on from it"
            )

    def _trainer(self, folder: str) -> TorchTrainer:
        resources = {"CPU": self.workers.threads, **({"GPU": 1} if self.gpu else {})}
        return TorchTrainer(
            work,
            train_loop_config=self.config,
            torch_config=TorchConfig(backend="nccl" if self.gpu else "gloo"),
            scaling_config=ScalingConfig(
                num_workers=self.workers.processes, use_gpu=self.gpu, resources_per_worker=resources
            ),
            run_config=RunConfig(storage_path=folder, failure_config=FailureConfig(max_failures=RESTARTS)),
        )


def _on_gpus(workers: Workers) -> bool:
    """Whether each worker has a GPU. Raises: ValueError if the cluster is too small for the workers."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cpus, gpus = resources.get("CPU", 0), resources.get("GPU", 0)
    if 0 < gpus < workers.processes:
        raise ValueError(f"{workers.processes} processes need a GPU each, and Ray has {gpus:g}; use fewer --processes")
    needed = workers.processes * workers.threads
    if cpus < needed:
        what = f"{workers.processes} processes of {workers.threads} threads need {needed} CPUs"
        raise ValueError(f"{what}, and Ray has {cpus:g}; use fewer --processes, or fewer supernet.threads")
    return gpus > 0
