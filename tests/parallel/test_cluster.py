"""Maps and searches on a real Ray cluster: two nodes of one CPU each, on this machine."""

import http.server
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.experiment.loading import load
from nas.parallel.map import Arrays, Failed, Workers, ordered_map, prepared_map
from nas.parallel.workers import ALIGNMENT
from nas.runs.run import Run
from nas.search.loop import search
from nas.supernet.train import train
from nas.system.files import read_lines
from tests.waiting import wait_until


class Nodes:
    """A cluster of which a node can be lost."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        self.second = self.cluster.add_node(num_cpus=1)

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def lose_second(self) -> None:
        self.cluster.remove_node(self.second, allow_graceful=False)

    def restore_second(self) -> None:
        self.second = self.cluster.add_node(num_cpus=1)

    def kill_a_worker(self) -> None:
        """A process that holds an actor: a child of a node of this cluster, which names it after its class."""
        parents = {info.process.pid for each in self.cluster.list_all_nodes() for info in each.all_processes["raylet"]}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1]
                is_actor = (stat.parent / "cmdline").read_bytes().startswith(b"ray::Actor")
            except OSError:
                continue
            if is_actor and int(fields.split()[1]) in parents:
                os.kill(int(stat.parent.name), signal.SIGKILL)
                return
        raise AssertionError("no worker was found")


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    # importing it sets what Ray reads when it is imported
    import nas.parallel.cluster  # noqa: F401  # isort: skip
    import ray

    # nodes cannot import this file
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    found = Nodes()
    yield found
    found.cluster.shutdown()


def node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


def weighted(base: int, arrays: Arrays) -> Callable[[Any], Any]:
    """Items are numbers, or what a worker should do instead."""
    total = int(arrays["weights"].sum(dtype=np.int64))
    offsets = {array.ctypes.data % ALIGNMENT for array in arrays.values()}

    def work(item: Any) -> Any:
        if item == "refuse":
            raise ValueError("refused here")
        if item == "sleep":
            time.sleep(600)
        if item == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if isinstance(item, Path):
            if not item.exists():
                item.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return "after a death"
        time.sleep(0.02)
        return base + total + item, offsets, arrays["weights"].flags.writeable, os.environ["OMP_NUM_THREADS"]

    return work


WEIGHTS = {"odd": np.ones(3, np.int8), "weights": np.ones(2**20, np.uint8)}


def mapped(workers: Workers, items: list[Any]) -> list[Any]:
    with prepared_map(partial(weighted, 7), WEIGHTS, workers) as results:
        return list(results(items))


def expected(item: int) -> Any:
    return 7 + 2**20 + item, {0}, False, "1"


@pytest.mark.slow
def test_results_are_those_of_one_worker_though_workers_die_hang_or_run_out_of_tries(
    nodes: Nodes, tmp_path: Path
) -> None:
    plain: list[Any] = list(range(6))
    assert mapped(Workers(1, nodes.address), plain) == [expected(item) for item in plain]
    # one after another, so that each death and each time limit is met by a worker of its own
    items = [0, tmp_path / "killed", 1, "sleep", 2, "die", 3]
    found = mapped(Workers(2, nodes.address, timeout=15.0, retries=1), items)
    assert found[0::2] == [expected(item) for item in range(4)]
    assert found[1] == "after a death"
    assert found[3] == Failed("took longer than 15 s")
    assert found[5].reason.startswith("the worker ended by a signal or an exit, 2 times in a row")


@pytest.mark.slow
def test_an_error_is_raised_in_its_place_among_the_results(nodes: Nodes) -> None:
    found = []
    with prepared_map(partial(weighted, 7), WEIGHTS, Workers(2, nodes.address)) as results:
        with pytest.raises(ValueError, match="refused here"):
            found.extend(results([0, 1, "refuse", 3]))
        assert found == [expected(0), expected(1)]
        assert list(results([4])) == [expected(4)], "the workers go on with the next items"


def placed(item: int) -> tuple[int, str]:
    time.sleep(0.1)
    return item, node()


@pytest.mark.slow
def test_results_are_the_same_when_a_node_is_lost(nodes: Nodes) -> None:
    found = []
    try:
        with ordered_map(placed, Workers(2, nodes.address)) as results:
            # both nodes are at work before one is lost
            while len({place for _, place in results(range(4))}) < 2:
                time.sleep(0.1)
            for item, place in results(range(30)):
                if item == 5:
                    nodes.lose_second()
                found.append((item, place))
    finally:
        nodes.restore_second()
    assert [item for item, _ in found] == list(range(30))
    assert len({place for _, place in found[:5]}) == 2
    assert len({place for _, place in found[-5:]}) == 1


def test_as_many_workers_as_there_is_room_for_unless_a_number_is_given(nodes: Nodes) -> None:
    # importing it sets what Ray reads when it is imported
    import ray

    from nas.parallel.cluster import actor_pool, connected

    with connected(nodes.address):
        # a node that was lost before is counted until it is missed
        wait_until(lambda: bool(ray.cluster_resources()["CPU"] == 2))
        for count, there in ((None, 2), (1, 1)):
            with actor_pool(partial(weighted, 0), WEIGHTS, Workers(count, nodes.address)) as (_, found):
                assert found == there


def test_what_no_node_has_is_refused(nodes: Nodes) -> None:
    refused = pytest.raises(
        ValueError, match=r"needs 1 CPU and 0\.25 GPUs; the cluster's largest node has 1 CPUs and 0"
    )
    with refused, ordered_map(abs, Workers(2, nodes.address, gpus=0.25)):
        pass


@pytest.fixture
def web_server() -> Iterator[int]:
    class Quiet(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def refusal(address: str) -> str:
    with pytest.raises(ValueError, match=r"\S") as refused, ordered_map(abs, Workers(2, address)):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_an_address_where_no_ray_is_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, web_server: int
) -> None:
    # importing it sets what Ray reads when it is imported
    import nas.parallel.cluster  # noqa: F401  # isort: skip
    import ray

    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("Ray was asked, which itself tries for minutes"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    # port 1 is that of a service which nobody runs
    assert "no Ray cluster answers at 127.0.0.1:1 (" in refusal("127.0.0.1:1")
    assert "no Ray cluster answers at ray://127.0.0.1:1 (" in refusal("ray://127.0.0.1:1")
    assert "what answers there is not Ray" in refusal(f"127.0.0.1:{web_server}")
    assert "this machine belongs to no Ray cluster" in refusal("auto")
    assert "--ray nonsense is no address; there are: local, auto, host:6379" in refusal("nonsense")
    # what is left of a cluster that has ended
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    assert "no Ray cluster answers at 127.0.0.1:1 (" in refusal("auto")


SLOW = '''

import time


@dataclass(frozen=True)
class Waiting(Accuracy):
    """Takes as long as an evaluation of a larger network."""

    def __call__(self, task, model, split):
        time.sleep(0.3)
        return super().__call__(task, model, split)


experiment = replace(experiment, quality=Waiting(), evaluations=16)
'''


@pytest.fixture
def slow_search(tiny: Path) -> Callable[[str], Run]:
    """Makes runs of one experiment whose supernet is trained."""
    head = "from dataclasses import dataclass, replace\n\nfrom nas.evaluators.accuracy import Accuracy\n"
    tiny.write_text(tiny.read_text().replace("\nfrom nas.experiment", f"\n{head}from nas.experiment", 1) + SLOW)

    def make(name: str) -> Run:
        run = Run.create(Path(name), load("tiny.py"), "tiny.py", {}, None, "nas run tiny.py")
        train(run)
        return run

    return make


def found_by(run: Run) -> list[Any]:
    return [
        [{**line, "seconds": None} for line in read_lines(run.folder / name)]
        for name in ("trials.jsonl", "anchors.jsonl", "scores.jsonl")
    ]


def meanwhile(run: Run, trials: int, act: Callable[[], None]) -> threading.Thread:
    """Does something as soon as the run has so many trials."""

    def watch() -> None:
        wait_until(lambda: len(read_lines(run.folder / "trials.jsonl")) >= trials)
        act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.mark.slow
def test_a_search_whose_worker_and_whose_node_are_killed_ends_with_the_same_trials(
    nodes: Nodes, slow_search: Callable[[str], Run]
) -> None:
    here, killed, lost = slow_search("here"), slow_search("killed"), slow_search("lost")
    search(here, Workers(1))
    assert len(here.trials()) == 16

    watching = meanwhile(killed, 3, nodes.kill_a_worker)
    search(killed, Workers(2, nodes.address))
    watching.join()
    assert found_by(killed) == found_by(here)

    watching = meanwhile(lost, 3, nodes.lose_second)
    try:
        search(lost, Workers(2, nodes.address))
    finally:
        watching.join()
        nodes.restore_second()
    assert found_by(lost) == found_by(here)
