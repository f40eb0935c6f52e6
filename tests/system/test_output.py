"""What standard streams are like decides nothing: work goes on and ends as it would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import sys, logging
from pathlib import Path
from nas.system.output import prepare_streams
prepare_streams()
logging.basicConfig(stream=sys.stderr)
for number in range(3):
    print(f"{number} \\u03c4 \\u00e9", flush=True)
    logging.warning("%d done", number)
    Path(f"{number}.done").write_text("done")
input_text = sys.stdin.read()
"""
NEVER_ENDING = """
import itertools, sys
from nas.system.output import prepare_streams, print_bytes
prepare_streams()
print_bytes(b"%d" % number for number in itertools.count())
"""
DUMB = """
import logging, sys
from nas.system.progress import progress
logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.INFO)
with progress("search", 2, "networks") as advance:
    advance(1, ""), advance(2, "")
"""


def done(folder: Path) -> int:
    return len(list(folder.glob("*.done")))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_trouble(tmp_path: Path, closed: str) -> None:
    command = f'"$0" -c "$1" {closed}'
    ended = subprocess.run(["sh", "-c", command, sys.executable, WORK], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, done(tmp_path)) == (0, 3)
    assert "Traceback" not in ended.stderr
    # the streams' numbers were not given to the files of the work
    assert {path.read_text() for path in tmp_path.glob("*.done")} == {"done"}


def test_letters_that_a_terminal_lacks_are_replaced(tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    ended = subprocess.run([sys.executable, "-c", WORK], cwd=tmp_path, capture_output=True, env=variables, input=b"")
    assert ended.returncode == 0
    assert ended.stdout.decode("latin-1").splitlines() == ["0 ? é", "1 ? é", "2 ? é"]


@pytest.mark.parametrize("pipe", ["| true", "2>&1 | true"])
def test_work_is_finished_though_nobody_reads(tmp_path: Path, pipe: str) -> None:
    command = f'{{ "$0" -c "$1"; echo $? > code; }} </dev/null {pipe}; while [ ! -s code ]; do sleep 0.05; done'
    ended = subprocess.run(["sh", "-c", command, sys.executable, WORK], cwd=tmp_path, capture_output=True, text=True)
    assert (tmp_path / "code").read_text() == "0\n"
    assert done(tmp_path) == 3
    assert "Traceback" not in ended.stderr


def test_a_stream_of_answers_ends_with_its_reader() -> None:
    command = '"$0" -c "$1" | head -2'
    ended = subprocess.run(["sh", "-c", command, sys.executable, NEVER_ENDING], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("0\n1\n", "")


def test_a_dumb_terminal_has_plain_lines() -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", DUMB], stderr=theirs, env={**os.environ, "TERM": "dumb"})
    os.close(theirs)
    assert child.wait() == 0
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "search: 2 of 2 networks" in said
    assert "\x1b" not in said
