"""Workers that are actors of a Ray cluster, and the connection to one. Loads Ray: imported only where it is asked for.

Deaths are handled by map.py, the same as for processes: an actor has no restarts of Ray's own.
"""

import importlib.metadata
import logging
import os
import platform
import socket
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

# Ray reads these when it is imported. The third drops what nodes tell of dead workers in paragraphs on standard output;
# the map says it in a line
for _name, _value in (
    ("RAY_USAGE_STATS_ENABLED", "0"),
    ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),
    ("RAY_DEDUP_LOGS_SKIP_REGEX", "."),
):
    os.environ.setdefault(_name, _value)
# a user who has a token shows it: at a named address Ray would not, though `ray start` asks for it; clusters that ask
# for none do not mind
with suppress(RuntimeError):
    # a user without a home has no token there, which is the RuntimeError
    _token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    if os.environ.get("RAY_AUTH_TOKEN") or _token.is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")

import ray  # noqa: E402
from ray.exceptions import (  # noqa: E402
    ActorUnavailableError,
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RuntimeEnvSetupError,
    WorkerCrashedError,
)

from nas.parallel.workers import Arrays, Died, Event, Make, Outcome, Place, Workers, aligned, layout, outcome, views  # noqa: E402
from nas.system.machine import allotted_cores  # noqa: E402

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
MODE, TOKEN = "RAY_AUTH_MODE", "token"
"""Variable that says whether a Ray asks for a token, and its value if so."""
# a greeting of HTTP/2, which Ray speaks, with empty settings; an answer starts with a frame of settings
GREETING, SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)), 4
DEATHS = (RayActorError, WorkerCrashedError, NodeDiedError, OutOfMemoryError, ObjectLostError, LocalRayletDiedError)
SAME = ("torch", "numpy")
"""Libraries whose version changes results."""


@contextmanager
def connected(address: str, cpus: int | None = None) -> Iterator[None]:
    """Inside, Ray is there; a connection that was there before is used, and stays.

    Args:
        address: `local` starts a Ray of its own, which asks for a token; else as in `Workers.ray`.
        cpus: CPUs of a Ray of its own, if they are more than the cores.

    Raises: ValueError if nothing answers at the address, or Ray refuses.
    """
    if ray.is_initialized():
        yield
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address == "local":
            if MODE in os.environ:
                _check_token(f"{MODE} is {os.environ[MODE]}", "unset it, and Ray makes a token by itself")
            cpus = max(cpus or 1, allotted_cores())
            ray.init(address="local", num_cpus=cpus, include_dashboard=False, **quiet)
            _check_token(f"Ray {ray.__version__} starts without a token", "install ray 2.60 or later")
        else:
            _check_answers(address)
            # nodes run the code that runs here, wherever it lies there
            ray.init(address=address, runtime_env={"py_modules": [str(Path(__file__).parents[1])]}, **quiet)
    except (RayError, ConnectionError, RuntimeError, ValueError, ImportError, TimeoutError) as error:
        if isinstance(error, _UnreachableError | _OpenError):
            ray.shutdown()
            raise
        raise ValueError(f"--ray {address}: {' '.join(str(error).split())}") from error
    try:
        yield
    finally:
        ray.shutdown()


class _UnreachableError(ValueError):
    """Nothing answers at the address."""


class _OpenError(ValueError):
    """A Ray of the command's own would be open to others."""


def _check_token(found: str, would_do: str) -> None:
    """Raises: _OpenError if a Ray that is started here asks for no token, since it listens on all interfaces."""
    if os.environ.get(MODE, "").lower() != TOKEN:
        raise _OpenError(f"--ray local: whoever reaches this machine could run code on it, since {found}; {would_do}")


def _check_answers(address: str) -> None:
    """Ray itself tries for minutes, then ends the process."""
    found = address
    if address == "auto":
        noted = Path(os.environ.get("RAY_TMPDIR", tempfile.gettempdir())) / "ray" / "ray_current_cluster"
        found = os.environ.get("RAY_ADDRESS", "") or (noted.read_text().strip() if noted.is_file() else "")
    host, _, port = found.removeprefix("ray://").rpartition(":")
    what = "--ray auto: this machine belongs to no Ray cluster" if not found else f"no Ray cluster answers at {found}"
    would_do = "start one with ray start --head, or use --ray local for this machine alone"
    if found and not (host and port.isdigit()):
        raise _UnreachableError(f"--ray {found} is no address; there are: local, auto, host:6379, ray://host:10001")
    try:
        if not found:
            raise ConnectionError("none was started here")
        with socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS) as connection:
            connection.settimeout(CONNECT_SECONDS)
            connection.sendall(GREETING)
            answer = b"" if os.environ.get("RAY_USE_TLS") == "1" else connection.recv(9)
            if os.environ.get("RAY_USE_TLS") != "1" and answer[3:4] != bytes([SETTINGS]):
                raise ConnectionError("what answers there is not Ray")
    except (OSError, OverflowError) as error:
        raise _UnreachableError(f"{what} ({error}); {would_do}") from error


class RemoteWorker:
    """An actor, and the answer that it owes."""

    def __init__(self, actor: Any, answer: Any) -> None:
        self.actor = actor
        self.answer: Any | None = answer

    def send(self, item: Any) -> None:
        self.answer = self.actor.call.remote(item)

    def kill(self) -> None:
        with suppress(RayError, ValueError):
            ray.kill(self.actor)


class ActorPool:
    """Workers as actors, one CPU each."""

    def __init__(self, make: Make, arrays: Arrays, gpus: float) -> None:
        places, size = layout(arrays)
        buffer = np.zeros(size, np.uint8)
        for name, array in views(places, buffer).items():
            array[...] = arrays[name]
        # one array: Ray keeps one copy of it on each node, and aligns large ones
        self.prepared_with = (make, places, ray.put(buffer), _versions(), os.getcwd())
        self.actor_type = ray.remote(num_cpus=1, num_gpus=gpus, scheduling_strategy="SPREAD")(Actor)
        self.started: list[RemoteWorker] = []

    def start(self) -> RemoteWorker:
        actor: Any = self.actor_type.remote()
        self.started.append(RemoteWorker(actor, actor.prepare.remote(*self.prepared_with)))
        return self.started[-1]

    def wait(self, workers: Sequence[RemoteWorker], seconds: float | None) -> list[tuple[RemoteWorker, Event]]:
        owing = {worker.answer: worker for worker in workers if worker.answer is not None}
        ready, _ = ray.wait(list(owing), num_returns=1, timeout=seconds)
        if ready:
            ready, _ = ray.wait(list(owing), num_returns=len(owing), timeout=0)
        return [(owing[answer], self._event(owing[answer])) for answer in ready]

    def _event(self, worker: RemoteWorker) -> Event:
        answer: Any = worker.answer
        worker.answer = None
        try:
            found: Outcome = ray.get(answer)
            return found
        except RuntimeEnvSetupError as error:
            raise ValueError(f"a node cannot take over this code: {' '.join(str(error).split())}") from error
        except DEATHS as error:
            worker.kill()
            self.started.remove(worker)
            return Died(_how(error))

    def end(self) -> None:
        for worker in self.started:
            worker.kill()


@contextmanager
def actor_pool(make: Make, arrays: Arrays, workers: Workers) -> Iterator[tuple[ActorPool, int]]:
    """Actors on the cluster of `workers`, and how many; they end with the block, and when this process is killed.

    Raises: ValueError if the cluster cannot be reached, or no node has what a worker needs.
    """
    assert workers.ray is not None
    with connected(workers.ray, workers.count):
        room = _room(workers)
        count = workers.number(room)
        if count > room:
            log.info("the cluster has room for %d of %d workers now; the others join when there is more", room, count)
        pool = ActorPool(make, arrays, workers.gpus)
        try:
            yield pool, count
        finally:
            pool.end()


class Actor:
    """A worker on a node. It needs nothing but what it is sent, since the run's folder may not be there."""

    def prepare(self, make: Make, places: dict[str, Place], buffer: Any, versions: dict[str, str], cwd: str) -> Outcome:
        # relative paths of an experiment, where the node has the folder
        with suppress(OSError):
            os.chdir(cwd)
        # torch says of every array in shared memory that it must not be written to
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")

        def prepared(_: None) -> Any:
            _check_versions(versions)
            # Ray has put a small buffer anywhere
            return make(aligned(views(places, buffer)))

        self.function, error = outcome(prepared, None)
        return Outcome(None, error)

    def call(self, item: Any) -> Outcome:
        return outcome(self.function, item)


def _how(error: Exception) -> str:
    if isinstance(error, OutOfMemoryError):
        return "because its node ran out of memory"
    lost = isinstance(error, ActorUnavailableError | NodeDiedError | LocalRayletDiedError)
    return "with its node" if lost or "node has died" in str(error) else "by a signal or an exit"


def _room(workers: Workers) -> int:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    room = sum(int(_places(node, workers.gpus)) for node in nodes)
    if not room:
        most = {name: max((node.get(name, 0.0) for node in nodes), default=0.0) for name in ("CPU", "GPU")}
        raise ValueError(
            f"a worker needs 1 CPU and {workers.gpus:g} GPUs; the cluster's largest node has {most['CPU']:g} CPUs and "
            f"{most['GPU']:g} GPUs; add a node with ray start --address, or ask for less with --gpus"
        )
    return room


def _places(node: dict[str, float], gpus: float) -> float:
    cpus = node.get("CPU", 0.0)
    return cpus if not gpus else min(cpus, (node.get("GPU", 0.0) + 1e-9) // gpus)


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in SAME}}


def _check_versions(expected: dict[str, str]) -> None:
    found = _versions()
    wrong = [
        f"{name} {found[name]} instead of {version}" for name, version in expected.items() if found[name] != version
    ]
    if wrong:
        node = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
        raise ValueError(f"node {node} has {', '.join(wrong)}, with which results would differ; install the same there")
