"""A map over worker processes whose results come in the order of the items, however many workers there are."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """`function(item)` for every item, in order, each result as soon as it and those before it are there.

    Every call computes with one thread, so that results are equal for any number of workers, one included.

    Args:
        function: A function of a module; items and results can be pickled.
    """
    if workers <= 1 or len(items) <= 1:
        yield from _inline(function, items)
        return
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(items)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(os.getpid(),),
    )
    try:
        futures = [pool.submit(function, item) for item in items]
        for future in futures:
            yield future.result()
    except BaseException:
        _stop(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _inline(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for item in items:
            yield function(item)
    finally:
        torch.set_num_threads(threads)


def _start_worker(parent: int) -> None:
    torch.set_num_threads(1)
    # the parent decides what Ctrl-C means, and ends its workers with SIGTERM
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _follow(parent: int) -> None:
    """End with the parent, also if it was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _stop(pool: ProcessPoolExecutor) -> None:
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
