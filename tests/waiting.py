"""Waiting for other processes; what never comes is ended by the guard against tests that hang."""

import subprocess
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Waits for the condition, as long as the process that should bring it about runs."""
    while not condition():
        assert process is None or process.poll() is None, f"it ended too early: {process.communicate()[1]}"
        time.sleep(0.02)
