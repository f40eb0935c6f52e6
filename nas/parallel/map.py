"""A map over workers, whose results come in the order of the items however many workers there are.

Workers are processes of this machine or actors of a Ray cluster. One that dies is replaced, and its item runs again; an
item that takes too long, or that kills worker after worker, becomes `Failed` in its place among the results.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

from nas.parallel.processes import process_pool
from nas.parallel.workers import Arrays, Died, Event, Failed, Make, Outcome, Pool, Worker, Workers, aligned

__all__ = ["Arrays", "Failed", "Workers", "ordered_map", "prepared_map"]

Item = TypeVar("Item")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 30.0
"""After as long without any worker that is ready, the reason is said, and again after as long."""


@contextmanager
def prepared_map(
    make: Callable[[Arrays], Callable[[Item], Result | Failed]], arrays: Arrays, workers: Workers | int
) -> Iterator[Callable[[Sequence[Item]], Iterator[Result | Failed]]]:
    """Inside, a map: `make(arrays)(item)` for every item, in order, each as soon as those before it are done too.

    `make(arrays)` is called once in each worker. What belongs to one item (no memory for it, a result that is not
    finite) the function is to return as `Failed` itself; what it raises ends the map.

    However the block ends, the workers end with it. They also end when this process is killed.

    Args:
        make: Can be pickled, as items and results can.
        arrays: A machine holds one copy of them, whatever the number of its workers; they are not to be written to.

    Raises: ValueError if a Ray cluster cannot be reached or has no room; what `make` or the function raised, the latter
        in its place among the results; ChildProcessError if workers die before they are ready.
    """
    asked = workers if isinstance(workers, Workers) else Workers(max(workers, 1))
    if asked.ray is None and asked.number(1) == 1 and asked.timeout is None:
        function = make(aligned(arrays))
        yield lambda items: map(function, items)
        return
    with _pool(make, arrays, asked) as (pool, count):
        yield Scheduler(pool, count, asked).results


def ordered_map(
    function: Callable[[Item], Result], workers: Workers | int
) -> AbstractContextManager[Callable[[Sequence[Item]], Iterator[Result | Failed]]]:
    """`prepared_map` of a function of a module, which needs no preparation."""
    return prepared_map(partial(_prepared, function), {}, workers)


def _prepared(function: Callable[[Item], Result], _: Arrays) -> Callable[[Item], Result]:
    return function


@contextmanager
def _pool(make: Make, arrays: Arrays, workers: Workers) -> Iterator[tuple[Pool, int]]:
    if workers.ray is None:
        with process_pool(make, arrays) as processes:
            yield processes, workers.number(1)
    else:
        # here and not above: it loads Ray, which takes seconds
        from nas.parallel.cluster import actor_pool

        with actor_pool(make, arrays, workers) as (actors, count):
            yield actors, count


class Assignment(NamedTuple):
    """An item in the hands of a worker."""

    batch: int
    """Which call of the map it belongs to; results of a call that was left early are dropped."""
    place: int
    item: Any
    deadline: float | None


class Scheduler:
    """Gives items to workers, and replaces those that die or take too long."""

    def __init__(self, pool: Pool, count: int, workers: Workers) -> None:
        self.pool = pool
        self.workers = workers
        self.starting: list[Worker] = [pool.start() for _ in range(count)]
        self.idle: list[Worker] = []
        self.working: dict[Worker, Assignment] = {}
        self.pending: deque[tuple[int, Any]] = deque()
        self.done: dict[int, Outcome] = {}
        self.deaths: dict[int, int] = {}
        self.batch = 0
        self.stillborn = 0
        self.said = time.monotonic()

    def results(self, items: Sequence[Any]) -> Iterator[Any]:
        self.batch += 1
        self.done, self.deaths = {}, {}
        self.pending = deque(enumerate(items))
        for place in range(len(items)):
            while place not in self.done:
                self._hand_out()
                self._wait()
            result, error = self.done.pop(place)
            if error is not None:
                raise error
            yield result

    def _hand_out(self) -> None:
        while self.idle and self.pending:
            worker, (place, item) = self.idle.pop(0), self.pending.popleft()
            limit = self.workers.timeout
            deadline = None if limit is None else time.monotonic() + limit
            self.working[worker] = Assignment(self.batch, place, item, deadline)
            worker.send(item)

    def _wait(self) -> None:
        now = time.monotonic()
        deadlines = [assignment.deadline for assignment in self.working.values() if assignment.deadline is not None]
        until = min([*deadlines, now + PATIENCE_SECONDS])
        everyone = [*self.starting, *self.idle, *self.working]
        for worker, event in self.pool.wait(everyone, max(until - now, 0.0)):
            self._take(worker, event)
        now = time.monotonic()
        for worker, assignment in list(self.working.items()):
            if assignment.deadline is not None and assignment.deadline <= now:
                self._time_out(worker)
        if self.idle or self.working:
            self.said = now
        elif now - self.said > PATIENCE_SECONDS:
            self.said = now
            log.info("no worker is ready yet; waiting for room for one (Ctrl-C stops, and nothing is lost)")

    def _take(self, worker: Worker, event: Event) -> None:
        if isinstance(event, Died):
            self._replace(worker, event)
        elif worker in self.starting:
            if event.error is not None:
                raise event.error
            self.stillborn = 0
            self.starting.remove(worker)
            self.idle.append(worker)
        else:
            assignment = self.working.pop(worker)
            self.idle.append(worker)
            self._finish(assignment, event)

    def _finish(self, assignment: Assignment, outcome: Outcome) -> None:
        if assignment.batch == self.batch:
            self.done[assignment.place] = outcome

    def _replace(self, worker: Worker, death: Died) -> None:
        if worker in self.starting:
            self.starting.remove(worker)
            self.stillborn += 1
            if self.stillborn > self.workers.retries:
                raise ChildProcessError(
                    f"a worker ended {death.how} before it was ready, {self.stillborn} times in a row; "
                    "if memory ran out, use fewer --workers"
                )
        elif worker in self.idle:
            self.idle.remove(worker)
        else:
            self._again(self.working.pop(worker), death)
        self.starting.append(self.pool.start())

    def _again(self, assignment: Assignment, death: Died) -> None:
        if assignment.batch != self.batch:
            return
        deaths = self.deaths[assignment.place] = self.deaths.get(assignment.place, 0) + 1
        if deaths > self.workers.retries:
            reason = f"the worker ended {death.how}, {deaths} times in a row; if memory ran out, use fewer --workers"
            self._finish(assignment, Outcome(Failed(reason), None))
            return
        log.info("a worker ended %s; its item runs again", death.how)
        self.pending.appendleft((assignment.place, assignment.item))

    def _time_out(self, worker: Worker) -> None:
        assignment = self.working.pop(worker)
        worker.kill()
        self._finish(assignment, Outcome(Failed(f"took longer than {self.workers.timeout:g} s"), None))
        self.starting.append(self.pool.start())
