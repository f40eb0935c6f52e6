"""A report that follows a search in another process, and the front that a search draws in a terminal."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import nas.report.watch
from nas.system.files import is_locked, locked, read_lines
from tests.waiting import wait_until

ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def start(*arguments: str, **streams: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nas", *arguments],
        env={**os.environ, **ENVIRONMENT},
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    )


def networks(page: Path) -> int:
    """Evaluated networks that the page tells of; 0 while there is none."""
    found = re.search(r"<dt>Networks evaluated</dt><dd>(\d+)", page.read_text()) if page.exists() else None
    return int(found[1]) if found else 0


def reloads(page: Path) -> bool:
    return "window.location.reload" in page.read_text()


@pytest.mark.slow
def test_a_watched_report_grows_with_the_search_and_ends_with_it(tiny: Path, command: Callable[..., str]) -> None:
    tiny.write_text(tiny.read_text().replace("evaluations=10", "evaluations=60"))
    command("train", "tiny.py", "--out", "run")
    page, sizes = Path("run/report/index.html"), []
    watching = start("report", "run", "--watch")
    wait_until(page.exists, watching)
    assert networks(page) == 0
    assert reloads(page)
    search = start("search", "run", "--workers", "1")
    while search.poll() is None:
        sizes.append(networks(page))
        assert "</html>" in page.read_text(), "whole at any moment"
        time.sleep(0.1)
    assert search.returncode == 0, search.communicate()[1]
    printed, errors = watching.communicate()
    assert watching.returncode == 0, errors
    assert printed.splitlines()[-1].split() == ["60", "networks", "run/report/index.html"]
    assert networks(page) == 60
    assert not reloads(page)
    assert sizes == sorted(sizes)


@pytest.mark.slow
def test_watching_ends_with_ctrl_c_and_leaves_a_page_that_stays(tiny: Path, finished_copy: Path) -> None:
    lines = (finished_copy / "trials.jsonl").read_text().splitlines(keepends=True)
    (finished_copy / "trials.jsonl").write_text("".join(lines[:6]))
    page = finished_copy / "report" / "index.html"
    watching = start("report", str(finished_copy), "--watch")
    wait_until(page.exists, watching)
    assert reloads(page)
    assert networks(page) == 6
    with (finished_copy / "trials.jsonl").open("a") as file:
        # the rest of a line is still to be written
        file.write(lines[6] + lines[7][:20])
    wait_until(lambda: networks(page) == 7, watching)
    watching.send_signal(signal.SIGINT)
    _, errors = watching.communicate()
    assert watching.returncode == 0, errors
    assert "Traceback" not in errors
    assert not reloads(page)


@pytest.mark.slow
def test_a_finished_run_is_watched_until_nothing_is_at_work(
    finished_copy: Path, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nas.report.watch, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(nas.report.watch, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(nas.report.watch, "REST", 0)
    page = finished_copy / "report" / "index.html"
    assert not is_locked(finished_copy)
    printed = command("report", finished_copy, "--watch")
    # once with what is there, and once as it stays
    assert printed.splitlines() == [f"   10 networks  {page}"] * 2
    assert not reloads(page)
    with locked(finished_copy):
        assert is_locked(finished_copy)


def test_one_run_is_watched_at_a_time(finished: Path, mistake: Callable[..., str]) -> None:
    assert "--watch follows one run, found 2" in mistake("report", finished, finished, "--watch")
    assert "no run in none" in mistake("report", "none", "--watch")


@pytest.mark.slow
def test_a_terminal_shows_the_front_under_the_bar(tiny: Path, finished_copy: Path) -> None:
    for name in ("trials.jsonl", "anchors.jsonl", "scores.jsonl"):
        (finished_copy / name).unlink()
    controller, terminal = pty.openpty()
    search = start("search", str(finished_copy), "--workers", "1", stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            read = os.read(controller, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read
    search.communicate()
    assert search.returncode == 0
    text = shown.decode(errors="replace")
    assert "10/10" in text
    assert re.search(r"accuracy; front of \d+ ●, 10 evaluated ·", text)
    assert len(read_lines(finished_copy / "trials.jsonl")) == 10
