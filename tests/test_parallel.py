import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

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


def first_is_slowest(item: int) -> tuple[int, int, int]:
    time.sleep(0.5 if item == 0 else 0.01)
    return item, torch.get_num_threads(), os.getpid()


def refuse_two(item: int) -> int:
    if item == 2:
        raise ValueError("two is refused")
    return item


def kill_own_process(item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


def fit_for_no_pickle(item: int) -> Callable[[], int]:
    return lambda: item


def test_results_come_in_the_order_of_the_items_from_several_processes_of_one_thread() -> None:
    threads = torch.get_num_threads()
    with ordered_map(first_is_slowest, 2) as results:
        first, second = list(results(range(6))), list(results([7]))
    assert [item for item, *_ in first + second] == [0, 1, 2, 3, 4, 5, 7]
    assert {threads for _, threads, _ in first} == {1}
    processes = [process for *_, process in first]
    assert len(set(processes)) == 2
    assert processes.count(processes[0]) == 1, "the others went on while the first slept"
    assert second[0][-1] in processes, "the workers stay for the next items"
    with ordered_map(first_is_slowest, 1) as results:
        assert list(results(range(2))) == [(0, 1, os.getpid()), (1, 1, os.getpid())]
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_in_its_place_among_the_results(workers: int) -> None:
    found = []
    with (
        pytest.raises(ValueError, match="two is refused") as raised,
        ordered_map(refuse_two, workers) as results,
    ):
        found.extend(results(range(5)) if workers == 0 else ())
        for result in results(range(5)):
            found.append(result)
    assert found == [0, 1]
    if workers == 2:
        assert "in refuse_two" in raised.value.__notes__[0], "where it arose in the worker"


@pytest.mark.parametrize(
    ("function", "error"), [(kill_own_process, "a worker was killed"), (fit_for_no_pickle, "a worker was killed")]
)
def test_the_end_of_a_worker_is_an_error(function: Callable[[int], object], error: str) -> None:
    with pytest.raises(ChildProcessError, match=error), ordered_map(function, 2) as results:
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
