"""Workers that are processes of this machine."""

import mmap
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import DupFd
from typing import Any

from nas.parallel.workers import Arrays, Died, Event, Make, Outcome, Place, layout, outcome, views


class ProcessWorker:
    """A process, and the pipe that carries its items and its outcomes."""

    def __init__(self, process: SpawnProcess, pipe: Connection) -> None:
        self.process = process
        self.pipe = pipe

    def send(self, item: Any) -> None:
        with suppress(ConnectionError):
            self.pipe.send(item)

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        self.process.join()
        self.pipe.close()


class ProcessPool:
    """Workers as spawned processes."""

    def __init__(self, make: Make, arrays: "ArraysFile") -> None:
        self.make = make
        self.arrays = arrays
        self.started: list[ProcessWorker] = []

    def start(self) -> ProcessWorker:
        context = multiprocessing.get_context("spawn")
        # Ctrl-C reaches every process of a terminal; workers leave it to this one, from their first instruction on,
        # because a blocked signal is inherited. The tracker that spawning needs lifts the block when it starts, so it
        # starts before
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(self.make, self.arrays, theirs))
            process.start()
            self.started.append(ProcessWorker(process, ours))
            theirs.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return self.started[-1]

    def wait(self, workers: Sequence[ProcessWorker], seconds: float | None) -> list[tuple[ProcessWorker, Event]]:
        by_pipe: dict[Any, ProcessWorker] = {worker.pipe: worker for worker in workers}
        return [(by_pipe[pipe], self._event(by_pipe[pipe])) for pipe in wait(list(by_pipe), seconds)]

    def _event(self, worker: ProcessWorker) -> Event:
        try:
            found: Outcome = worker.pipe.recv()
            return found
        except (EOFError, ConnectionError):
            worker.close()
            code = worker.process.exitcode or 0
            return Died(f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}")

    def end(self) -> None:
        """By SIGTERM, which a training in a worker answers with a checkpoint."""
        for worker in self.started:
            worker.process.terminate()
        for worker in self.started:
            worker.close()


@contextmanager
def process_pool(make: Make, arrays: Arrays) -> Iterator[ProcessPool]:
    """However the block ends, the workers end with it, and also when this process is killed."""
    with ArraysFile(arrays) as file:
        pool = ProcessPool(make, file)
        try:
            yield pool
        finally:
            pool.end()


class ArraysFile:
    """Arrays in a file without a name: every process that gets it sees the same memory, and no end leaves it behind."""

    def __init__(self, arrays: Arrays) -> None:
        self.places, self.size = layout(arrays)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - the value is the context
        self.file.truncate(self.size)
        for name, place in self.places.items():
            self.file.seek(place.offset)
            self.file.write(arrays[name].tobytes())
        self.file.flush()

    def __enter__(self) -> "ArraysFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __reduce__(self) -> Any:
        # a process that is being spawned inherits the descriptor, as it does those of pipes
        return _mapped, (DupFd(self.file.fileno()), self.places, self.size)


def _mapped(descriptor: Any, places: dict[str, Place], size: int) -> Arrays:
    number = descriptor.detach()
    try:
        # what a worker writes to, it gets a page of its own of
        return views(places, mmap.mmap(number, size, access=mmap.ACCESS_COPY))
    finally:
        os.close(number)


def _work(make: Make, arrays: Arrays, pipe: Connection) -> None:
    """Answer the preparation and every item with an outcome, until SIGTERM or the end of the other process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(KeyboardInterrupt, EOFError, ConnectionError):
        function, error = outcome(make, arrays)
        pipe.send(Outcome(None, error))
        while error is None:
            pipe.send(outcome(function, pipe.recv()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
