"""Several processes that train one supernet under Ray Train, on this machine or on a cluster.

The first process posts what it would do to the files of the training (nas/training/posted.py). So checkpoints have the
format, the place and the promises that those of one process have, and a training goes on with any number of processes,
with Ray or without.

A worker that ends is replaced with its whole group by Ray Train; the group goes on from the last checkpoint posted. The
checkpoints of Ray Train itself are not used: they need storage that all machines share.
"""

import tempfile
import threading
from typing import Any, NamedTuple

# it sets what Ray reads when it is imported
from nas.parallel.cluster import connected

# isort: split
import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig, get_context
from ray.train.torch import TorchConfig, TorchTrainer

from nas.supernet.distributed import Group, Make, PeerFailed, run_rank
from nas.system.interrupts import deferred_interrupts
from nas.system.progress import Advance
from nas.training.loop import Files
from nas.training.posted import Inbox, PostingKeeper

RESTARTS = 3
"""Times that the group of workers is started again after one of them ended."""
TAKE_SECONDS = 0.3


class Processes(NamedTuple):
    """The processes that train together."""

    number: int
    threads: int
    """CPU threads of each."""
    address: str
    """Address of a Ray cluster; `local` starts a Ray of one's own on this machine."""


def fit_on_ray(make: Make, files: Files, advance: Advance, processes: Processes) -> None:
    """Train to the end as `fit` does, by several processes; `make` can be pickled and runs in each.

    Raises: ValueError for a mistake, also for one that shows in a worker; ChildProcessError if workers kept on ending;
        KeyboardInterrupt after a checkpoint.
    """
    cpus = processes.number * processes.threads
    with connected(processes.address, cpus), deferred_interrupts() as interrupted:
        gpu = _on_gpus(processes)
        inbox, outcome = Inbox([files]), Outcome(False, None)
        trainer = _Trainer({"make": make, "mailbox": inbox.mailbox, "name": files.name}, processes, gpu)
        trainer.start()
        while trainer.is_alive():
            trainer.join(TAKE_SECONDS)
            outcome = _deliver(inbox, interrupted(), outcome, advance)
        outcome = _deliver(inbox, interrupted(), outcome, advance)
        if outcome.mistake is not None:
            raise ValueError(outcome.mistake)
        if trainer.failure is not None:
            raise ChildProcessError(trainer.failure)
        if interrupted() or not outcome.finished:
            raise KeyboardInterrupt


class Outcome(NamedTuple):
    """How the training ended, as far as it is known."""

    finished: bool
    mistake: str | None
    """The first that a process met."""


def _deliver(inbox: Inbox, stop: bool, outcome: Outcome, advance: Advance) -> Outcome:
    """Apply what was posted; gives what is known of the end after it."""
    for _, (action, arguments) in inbox.deliver(stop):
        if action == "advance":
            advance(*arguments)
        elif action == "finish":
            outcome = outcome._replace(finished=True)
        else:
            outcome = Outcome(False, outcome.mistake or arguments[0])
    return outcome


def work(config: dict[str, Any]) -> None:
    """The training in each worker of Ray Train. Raises: errors that another try may not meet again."""
    context = get_context()
    group = Group(context.get_world_rank(), context.get_world_size())
    keeper = PostingKeeper(config["mailbox"], 0, config["name"])
    try:
        run_rank(config["make"], group, keeper if group.rank == 0 else None, keeper.advance, keeper.asked)
    except (KeyboardInterrupt, PeerFailed):
        # the process that failed reports it
        return
    except ValueError as error:
        keeper.refuse(str(error))
        return
    if group.rank == 0:
        keeper.finish()


class _Trainer(threading.Thread):
    """Ray Train's own call, which blocks, beside the loop that takes what is posted."""

    def __init__(self, config: dict[str, Any], processes: Processes, gpu: bool) -> None:
        super().__init__(daemon=True)
        self.config = config
        self.processes = processes
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
        resources = {"CPU": self.processes.threads, **({"GPU": 1} if self.gpu else {})}
        return TorchTrainer(
            work,
            train_loop_config=self.config,
            torch_config=TorchConfig(backend="nccl" if self.gpu else "gloo"),
            scaling_config=ScalingConfig(
                num_workers=self.processes.number, use_gpu=self.gpu, resources_per_worker=resources
            ),
            run_config=RunConfig(storage_path=folder, failure_config=FailureConfig(max_failures=RESTARTS)),
        )


def _on_gpus(processes: Processes) -> bool:
    """Whether each worker has a GPU. Raises: ValueError if the cluster is too small for the workers."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cpus, gpus = resources.get("CPU", 0), resources.get("GPU", 0)
    if 0 < gpus < processes.number:
        raise ValueError(f"{processes.number} processes need a GPU each, and Ray has {gpus:g}; use fewer --processes")
    needed = processes.number * processes.threads
    if cpus < needed:
        what = f"{processes.number} processes of {processes.threads} threads need {needed} CPUs"
        raise ValueError(f"{what}, and Ray has {cpus:g}; use fewer --processes, or fewer supernet.threads")
    return gpus > 0
