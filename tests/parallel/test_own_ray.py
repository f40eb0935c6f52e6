"""A Ray of the command's own, `--ray local`, ends with the command."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nas.parallel.cluster import connected
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


def test_a_ray_that_anybody_could_use_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with (
        pytest.raises(ValueError, match=r"whoever reaches .* since RAY_AUTH_MODE is disabled; unset it") as refused,
        connected("local", 1),
    ):
        pass
    assert "\n" not in str(refused.value)


ASKS = """
import sys
from ray._raylet import GcsClient

print(len(GcsClient(address=sys.argv[1]).get_all_node_info(timeout=10)))
"""
TELLS = """
import sys
from nas.parallel.cluster import connected

if __name__ == "__main__":
    with connected("local", 1):
        import ray

        print(ray.get_runtime_context().gcs_address, flush=True)
        sys.stdin.read()
"""


@pytest.mark.slow
def test_a_ray_of_the_command_s_own_answers_to_its_token_alone(tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(TELLS)
    (tmp_path / "asks.py").write_text(ASKS)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    plain["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    owner = {**plain, "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    def asked(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "asks.py", address]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    with subprocess.Popen(
        [sys.executable, "tells.py"], cwd=tmp_path, env=owner, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        address = parent.stdout.readline().strip()
        assert asked({**owner, "RAY_AUTH_MODE": "token"}).stdout == "1\n"
        for other in ({"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}):
            refused = asked({**plain, **other})
            assert (refused.returncode, refused.stdout) == (1, "")
            assert "Unauthenticated" in refused.stderr
        parent.communicate()
