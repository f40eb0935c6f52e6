import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.parallel.map import Arrays, Failed, Workers, ordered_map, prepared_map
from nas.parallel.workers import ALIGNMENT
from tests.waiting import wait_until

SLEEPERS = """
import os, time
from pathlib import Path
from nas.parallel.map import ordered_map

def sleep(item):
    Path(f"{os.getpid()}.pid").touch()
    time.sleep(600)

if __name__ == "__main__":
    with ordered_map(sleep, 2) as sleep_all:
        list(sleep_all([0, 1]))
"""


class TwoRefusedError(Exception):
    def __init__(self, item: int, reason: str) -> None:
        super().__init__(f"{item} is refused: {reason}")


def first_is_slowest(item: int) -> tuple[int, int]:
    time.sleep(0.5 if item == 0 else 0.01)
    return item, os.getpid()


def refuse_two(item: int) -> int:
    if item == 2:
        raise ValueError("2 is refused")
    return item


def refuse_two_in_own_words(item: int) -> int:
    if item == 2:
        raise TwoRefusedError(item, "no pickle takes an error of two arguments")
    return item


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_unless_there(item: tuple[int, str]) -> int:
    """Kills its process the first time; a file tells that this has been."""
    place, path = item
    if path and not Path(path).exists():
        Path(path).touch()
        die()
    return place


def die_at_one(item: int) -> int:
    if item == 1:
        die()
    return item


def first_comes_last(item: tuple[int, str]) -> tuple[int, int]:
    """The first item waits until the last is done; the file tells of it."""
    place, done = item
    if place == 0:
        wait_until(Path(done).exists)
    if place == 5:
        Path(done).touch()
    return place, os.getpid()


def sleep_at_one(item: int) -> int:
    time.sleep(600 if item == 1 else 0)
    return item


def adder(base: int, arrays: Arrays) -> Callable[[int], tuple[float, int]]:
    total = sum(float(array.sum()) for array in arrays.values())
    return lambda item: (base + total + item, sum(array.ctypes.data % ALIGNMENT for array in arrays.values()))


def private_bytes() -> int:
    """Memory of this process that lies in no file; pages of a file that only one process has read count as private."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def private_growth(arrays: Arrays) -> Callable[[int], tuple[int, int]]:
    def read(_: int) -> tuple[int, int]:
        before = private_bytes()
        return int(arrays["weights"].sum(dtype=np.int64)), private_bytes() - before

    return read


def refuse(_: Arrays) -> Callable[[int], int]:
    raise ValueError("no data in /nowhere")


def die_when_made(_: Arrays) -> Callable[[int], int]:
    die()
    return abs


def test_results_come_in_the_order_of_the_items_from_several_processes(tmp_path: Path) -> None:
    done = str(tmp_path / "done")
    with ordered_map(first_comes_last, 2) as results:
        first, second = list(results([(place, done) for place in range(6)])), list(results([(7, done)]))
    assert [item for item, _ in first + second] == [0, 1, 2, 3, 4, 5, 7]
    processes = [process for _, process in first]
    assert len(set(processes)) == 2
    assert processes.count(processes[0]) == 1, "the other went on while the first waited"
    assert second[0][1] in processes, "the workers stay for the next items"


def test_one_worker_is_this_process() -> None:
    with ordered_map(first_is_slowest, 1) as results:
        assert list(results(range(2))) == [(0, os.getpid()), (1, os.getpid())]


@pytest.mark.parametrize("function", [refuse_two, refuse_two_in_own_words])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_in_its_place_among_the_results(function: Callable[[int], int], workers: int) -> None:
    found = []
    with ordered_map(function, workers) as results, pytest.raises(Exception, match="2 is refused"):
        found.extend(result for result in results(range(5)))
    assert found == [0, 1]


def test_the_item_of_a_killed_worker_runs_again_in_another(tmp_path: Path) -> None:
    items = [(place, str(tmp_path / "killed") if place == 2 else "") for place in range(6)]
    with ordered_map(die_unless_there, 2) as results:
        assert list(results(items)) == list(range(6))


def test_an_item_that_kills_every_worker_fails_and_the_others_do_not() -> None:
    with ordered_map(die_at_one, Workers(2, retries=1)) as results:
        found = list(results(range(4)))
    assert found == [
        0,
        Failed("the worker ended by SIGKILL, 2 times in a row; if memory ran out, use fewer --workers"),
        2,
        3,
    ]


def test_an_item_that_takes_too_long_fails_and_its_worker_is_replaced() -> None:
    with ordered_map(sleep_at_one, Workers(1, timeout=5.0)) as results:
        assert list(results(range(3))) == [0, Failed("took longer than 5 s"), 2]


def test_results_of_a_map_that_was_left_early_do_not_come_in_the_next() -> None:
    with ordered_map(first_is_slowest, 2) as results:
        for item, _ in results([1, 0, 2, 3]):
            assert item == 1
            break
        assert [item for item, _ in results([10, 11, 12])] == [10, 11, 12]


def test_arrays_are_one_copy_that_all_workers_see_at_the_same_alignment() -> None:
    # bytes before it lie the second array at an odd address
    arrays = {"odd": np.arange(3, dtype=np.int8), "b": np.arange(12.0).reshape(3, 4), "none": np.zeros((0, 2))}
    arrays["b"] = np.frombuffer(b"x" + arrays["b"].tobytes(), np.uint8)[1:].view(np.float64).reshape(3, 4)
    assert arrays["b"].ctypes.data % ALIGNMENT
    for workers in (1, 2):
        with prepared_map(partial(adder, 100), arrays, workers) as results:
            found = list(results(range(4)))
        # 0+1+2 and 0+..+11
        assert [total for total, _ in found] == [100 + 3 + 66 + item for item in range(4)]
        assert {offset for _, offset in found} == {0}


def test_a_worker_holds_no_copy_of_the_arrays() -> None:
    size = 64 * 2**20
    with prepared_map(private_growth, {"weights": np.ones(size, np.uint8)}, Workers(2)) as results:
        for total, grown in results(range(2)):
            assert total == size
            assert grown < size / 4


def test_what_the_preparation_raises_is_raised() -> None:
    for workers in (1, 2):
        with pytest.raises(ValueError, match="no data in /nowhere"), prepared_map(refuse, {}, workers) as results:
            list(results([0]))


def test_workers_that_die_before_they_are_ready_end_the_map() -> None:
    found = pytest.raises(ChildProcessError, match="ended by SIGKILL before it was ready, 2 times in a row")
    with found, prepared_map(die_when_made, {}, Workers(2, retries=1)) as results:
        list(results([0]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": 0}, "--workers 0 must be at least 1"),
        ({"count": None}, "only with --ray"),
        ({"count": 1, "ray": "local", "gpus": 1.5}, "--gpus 1.5 must be a share of one GPU"),
        ({"count": 1, "gpus": 0.5}, "add --ray local"),
        ({"count": 1, "timeout": 0.0}, "must be above zero"),
        ({"count": 1, "retries": -1}, "retries = -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Workers(**wrong)


def test_there_are_no_more_workers_than_work() -> None:
    assert [Workers(8).at_most(work).number(room=2) for work in (0, 3, 9)] == [1, 3, 8]
    assert [Workers(None, "auto").at_most(work).number(room=4) for work in (0, 3, 9)] == [1, 3, 4]
    assert Workers(8).at_most(5).at_most(7).number(room=2) == 5


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "sleepers.py").write_text(SLEEPERS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen(
        [sys.executable, "sleepers.py"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2, parent)
        workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
        if number == signal.SIGINT:
            os.killpg(parent.pid, number)
        else:
            parent.kill()
        wait_until(lambda: not any(map(running, [parent.pid, *workers])))
    finally:
        parent.kill()
    _, errors = parent.communicate()
    assert errors.count("Traceback") == (number == signal.SIGINT), "of the parent alone"
