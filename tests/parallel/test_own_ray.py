"""A Ray of the command's own, `--ray local`, ends with the command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_until

SLEEPERS = """
import os, time
from pathlib import Path
from nas.parallel.map import Workers, ordered_map

def sleep(item):
    Path(f"{os.getpid()}.pid").touch()
    time.sleep(600)

if __name__ == "__main__":
    with ordered_map(sleep, Workers(2, "local")) as sleep_all:
        list(sleep_all([0, 1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_on_a_ray_of_their_own_end_with_the_command(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "sleepers.py").write_text(SLEEPERS)
    parent = subprocess.Popen(
        [sys.executable, "sleepers.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
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
        wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
        _, errors = parent.communicate()
    finally:
        parent.kill()
    assert errors.count("Traceback") == (number == signal.SIGINT), errors
