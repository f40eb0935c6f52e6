"""A map over worker processes, whose results come in the order of the items however many workers there are."""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Worker(NamedTuple):
    """A process, and the pipe that carries its items and its outcomes."""

    process: SpawnProcess
    pipe: Connection


class Outcome(NamedTuple):
    """What a call gave: a result, or an error."""

    result: Any
    error: Exception | None


@contextmanager
def ordered_map(
    function: Callable[[Item], Result], workers: int
) -> Iterator[Callable[[Sequence[Item]], Iterator[Result]]]:
    """Inside, a map: `function(item)` for every item, in order, each as soon as those before it are done too.

    However the block ends, the workers end with it: by SIGTERM, which a training in a worker answers with a checkpoint.
    They also end when this process is killed.

    Args:
        function: A function of a module; items and results can be pickled.

    Raises: What `function` raised, in its place among the results; ChildProcessError if a worker ended.
    """
    if workers <= 1:
        yield lambda items: map(function, items)
        return
    started: list[Worker] = []
    try:
        _start(function, workers, started)
        yield lambda items: _results(items, [worker.pipe for worker in started])
    finally:
        for worker in started:
            worker.process.terminate()
        for worker in started:
            worker.process.join()
            worker.pipe.close()


def _start(function: Callable[[Any], Any], count: int, started: list[Worker]) -> None:
    """Add `count` workers to `started`."""
    context = multiprocessing.get_context("spawn")
    # Ctrl-C reaches every process of a terminal; workers leave it to this one, from their first instruction on, because
    # a blocked signal is inherited. The tracker that spawning needs lifts the block when it starts, so it starts before
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(function, theirs))
            process.start()
            started.append(Worker(process, ours))
            theirs.close()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _results(items: Sequence[Any], pipes: list[Connection]) -> Iterator[Any]:
    pending = enumerate(items)
    idle: list[Any] = [*pipes]
    working: dict[Any, int] = {}
    done: dict[int, Outcome] = {}
    for next_place in range(len(items)):
        while next_place not in done:
            try:
                for pipe, (place, item) in zip(idle, pending, strict=False):
                    pipe.send(item)
                    working[pipe] = place
                idle = [*wait(list(working))]
                done |= {working.pop(pipe): pipe.recv() for pipe in idle}
            except (EOFError, ConnectionError) as error:
                raise ChildProcessError("a worker process ended; if memory ran out, use fewer --workers") from error
        outcome = done.pop(next_place)
        if outcome.error is not None:
            raise outcome.error
        yield outcome.result


def _work(function: Callable[[Any], Any], pipe: Connection) -> None:
    """Answer every item with an outcome, until SIGTERM or the end of the process at the other end."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(KeyboardInterrupt, EOFError, ConnectionError):
        while True:
            pipe.send(_outcome(function, pipe.recv()))


def _outcome(function: Callable[[Any], Any], item: Any) -> Outcome:
    try:
        return Outcome(function(item), None)
    except Exception as error:
        error.add_note(f"in a worker process:\n{traceback.format_exc()}")
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return Outcome(None, RuntimeError(traceback.format_exc()))
        return Outcome(None, error)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
