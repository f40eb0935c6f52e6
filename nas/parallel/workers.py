"""Parts of a map over workers: settings, outcomes, and arrays of which each machine holds one copy.

`map.py` hands out items and deals with deaths and time limits; `processes.py` and `cluster.py` start workers.
"""

import dataclasses
import pickle
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

Arrays = Mapping[str, np.ndarray[Any, Any]]

Make = Callable[[Arrays], Callable[[Any], Any]]
"""Called once in every worker, with the shared arrays; what it returns is then called with items."""

ALIGNMENT = 64
"""Bytes. Sums of floats may differ in the last bit with the alignment of what is summed; torch aligns to as many."""


@dataclass(frozen=True)
class Workers:
    """Where a map runs, and what it does about workers that die or take too long."""

    count: int | None
    """How many; None for as many as a Ray cluster has room for."""
    ray: str | None = None
    """None for processes of this machine, `local` for a Ray of its own, `auto` for the cluster that this machine
    belongs to, or the address of one: `host:6379`, `ray://host:10001`."""
    gpus: float = 0.0
    """GPUs of each Ray worker; 0.25 lets four share one. Each has one CPU besides."""
    timeout: float | None = None
    """Seconds that one item may take; None for any."""
    retries: int = 2
    """How often an item is given to another worker after the one that had it has died."""
    most: int | None = None
    """No more workers than this, for more would have nothing to do; None where that is not known."""

    def __post_init__(self) -> None:
        if self.count is None and self.ray is None:
            raise ValueError("the number of workers can be left out only with --ray")
        if self.count is not None and self.count < 1:
            raise ValueError(f"--workers {self.count} must be at least 1")
        if self.gpus < 0 or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise ValueError(f"--gpus {self.gpus:g} must be a share of one GPU, as 0.25, or a whole number")
        if self.gpus and self.ray is None:
            raise ValueError("--gpus is for workers on Ray; add --ray local, or --ray with the address of a cluster")
        if self.timeout is not None and self.timeout <= 0:
            raise ValueError(f"a time limit of {self.timeout:g} s must be above zero")
        if self.retries < 0:
            raise ValueError(f"retries = {self.retries} must be at least 0")

    def at_most(self, count: int) -> "Workers":
        """The same with no more workers than there can be work for."""
        return dataclasses.replace(self, most=count if self.most is None else min(self.most, count))

    def number(self, room: int) -> int:
        """How many to start, where there is room for `room`."""
        asked = room if self.count is None else self.count
        return asked if self.most is None else max(min(asked, self.most), 1)


@dataclass(frozen=True)
class Failed:
    """In place of a result: the item has none, which says nothing against the others."""

    reason: str


class Outcome(NamedTuple):
    """The outcome of a call: a result, or an error."""

    result: Any
    error: Exception | None


class Died(NamedTuple):
    """A worker ended before it had answered."""

    how: str
    """`by SIGKILL`, `with its node`"""


Event = Outcome | Died


class Worker(Protocol):
    """Prepares itself, answers that with an outcome, and then every item with one."""

    def send(self, item: Any) -> None:
        """Give it the next item; that it has died shows in the next wait."""

    def kill(self) -> None:
        """End it at once, whatever it does."""


class Pool(Protocol):
    """Starts workers, and waits for them."""

    def start(self) -> Worker:
        """A new worker, which prepares itself."""

    def wait(self, workers: Sequence[Any], seconds: float | None) -> list[tuple[Any, Event]]:
        """Events of those workers that have one, at the latest after `seconds`; then there may be none."""


def outcome(function: Callable[[Any], Any], item: Any) -> Outcome:
    """The result of a call, or its error in a form that another process can read."""
    try:
        return Outcome(function(item), None)
    except Exception as error:
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return Outcome(None, RuntimeError(traceback.format_exc()))
        return Outcome(None, error)


class Place(NamedTuple):
    """Where an array lies in a buffer."""

    dtype: str
    shape: tuple[int, ...]
    offset: int


def layout(arrays: Arrays) -> tuple[dict[str, Place], int]:
    """Aligned places for arrays in one buffer, and its size in bytes, at least 1."""
    places, end = {}, 0
    for name, array in arrays.items():
        places[name] = Place(array.dtype.str, array.shape, end)
        end += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    return places, max(end, 1)


def aligned(arrays: Arrays) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays, all at aligned addresses: copies in one buffer, unless all of them are."""
    if all(array.ctypes.data % ALIGNMENT == 0 and array.flags.c_contiguous for array in arrays.values()):
        return dict(arrays)
    places, size = layout(arrays)
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    found = views(places, buffer[-buffer.ctypes.data % ALIGNMENT :])
    for name, array in found.items():
        array[...] = arrays[name]
    return found


def views(places: dict[str, Place], buffer: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in a buffer, without a copy."""
    return {
        name: np.ndarray(place.shape, place.dtype, buffer=buffer, offset=place.offset) for name, place in places.items()
    }
