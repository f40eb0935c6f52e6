"""The guide's commands, on nodes that they start; addresses and ports are this test's own."""

import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nas.runs.run import Run
from nas.system.files import read_lines
from tests.docs.guides import ROOT, blocks, text_of
from tests.waiting import wait_until

GUIDE = "cluster.md"
MODULES = {"nas": ["-m", "nas"], "ray": ["-m", "ray.scripts.scripts"]}


class Guide:
    """Runs commands as they stand in the guide, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "experiments").symlink_to(ROOT / "experiments")
        # a token of this cluster's own, so that it is closed to others, and other clusters of this user do not matter
        self.access = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self, line: str, quiet: bool = False) -> subprocess.Popen[str]:
        word, *arguments = shlex.split(line.replace("6379", str(self.port)))
        program = [sys.executable, *MODULES[word]] if word in MODULES else [word]
        paths = [str(ROOT), *filter(None, sys.path)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"} | self.access
        where = subprocess.DEVNULL if quiet else subprocess.PIPE
        return subprocess.Popen(
            [*program, *arguments], cwd=self.folder, env=environment, stdout=where, stderr=where, text=True
        )

    def run(self, line: str) -> str:
        return finish(self.start(line))


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out + errors


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    return Guide(tmp_path)


@pytest.fixture
def started(guide: Guide) -> Iterator[list[subprocess.Popen[str]]]:
    """The two nodes, up."""
    found = []
    try:
        for (line,) in (block.strip().splitlines() for block in blocks(GUIDE, "sh node")):
            found.append(guide.start(line, quiet=True))
            wait_until(lambda: answers(guide.port))
        yield found
    finally:
        for node in reversed(found):
            node.send_signal(signal.SIGINT)
            node.wait()


def answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def trials(folder: Path) -> list[Any]:
    return [{**line, "seconds": None} for line in read_lines(folder / "trials.jsonl")]


@pytest.mark.slow
def test_the_guide_ends_with_the_same_trials_here_on_a_cluster_and_with_a_node_lost(
    guide: Guide, started: list[subprocess.Popen[str]]
) -> None:
    here, cluster, lost = (guide.folder / "results" / name for name in ("here", "cluster", "lost"))
    prepare, search, train, retrain = blocks(GUIDE, "sh")
    for line in prepare.splitlines():
        guide.run(line)
    assert len(trials(here)) == 60
    guide.run(search.strip())
    assert trials(cluster) == trials(here)
    guide.run(train.strip())
    assert Run(guide.folder / "results" / "parallel").has_supernet()
    guide.run(retrain.strip())
    # two of the front, and the best of each kind
    assert len(Run(cluster).retrained()) >= 2

    (losing,) = blocks(GUIDE, "sh loses-node")
    command = guide.start(losing.strip())
    wait_until(lambda: len(trials(lost)) >= 1, command)
    started.pop().kill()
    finish(command)
    assert trials(lost) == trials(here)


def test_the_guide_names_what_is_said(guide: Guide) -> None:
    """Messages of the guide's last table stand in the code, up to what differs each time."""
    code = " ".join((ROOT / "nas" / "parallel" / name).read_text() for name in ("cluster.py", "map.py"))
    for said in (
        "no Ray cluster answers at",
        "this machine belongs to no Ray cluster",
        "what answers there is not Ray",
        "no worker is ready yet; waiting for room for one",
        "the cluster's largest node has",
        "before it was ready",
    ):
        assert said in text_of(GUIDE)
        assert said in code
