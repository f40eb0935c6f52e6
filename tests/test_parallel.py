import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.parallel import ordered_map

SLEEPERS = """
import os, time
from pathlib import Path
from nas.parallel import ordered_map

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


def kill_own_process(item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_come_in_the_order_of_the_items_from_several_processes() -> None:
    with ordered_map(first_is_slowest, 2) as results:
        first, second = list(results(range(6))), list(results([7]))
    assert [item for item, _ in first + second] == [0, 1, 2, 3, 4, 5, 7]
    processes = [process for _, process in first]
    assert len(set(processes)) == 2
    assert processes.count(processes[0]) == 1, "the other went on while the first slept"
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


def test_the_end_of_a_worker_is_an_error() -> None:
    with pytest.raises(ChildProcessError, match="a worker process ended"), ordered_map(kill_own_process, 2) as results:
        list(results(range(3)))


def running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end and not condition():
        time.sleep(0.02)
    return condition()


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
        assert wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
        if number == signal.SIGINT:
            os.killpg(parent.pid, number)
        else:
            parent.kill()
        assert wait_until(lambda: not any(map(running, [parent.pid, *workers])))
    finally:
        parent.kill()
    _, errors = parent.communicate()
    assert errors.count("Traceback") == (number == signal.SIGINT), "of the parent alone"
