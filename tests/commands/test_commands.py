import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

import nas
from nas.runs.run import Run
from nas.system.files import read_lines
from nas.system.tensors import read_tensors


class Disk(NamedTuple):
    folder: Path
    enlarge: Callable[[], None]
    complaint: str


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A folder for 64 KiB in all, where it may be mounted; else one for files of 16 KiB each."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    tried = shutil.which("mount") and subprocess.run([*mount, "size=64k", "tmpfs", folder], stderr=subprocess.DEVNULL)
    if tried and tried.returncode == 0:
        try:
            yield Disk(
                folder,
                lambda: subprocess.run([*mount, "remount,size=16m", "tmpfs", folder], check=True) and None,
                "No space left on device",
            )
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**14, before[1]))
    try:
        yield Disk(folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before), "File too large")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_line_and_the_same_command_goes_on_when_there_is_room(
    tiny: Path, finished: Path, small_disk: Disk, mistake: Callable[..., str], command: Callable[..., str]
) -> None:
    run = small_disk.folder / "run"
    found = mistake("train", "tiny.py", "--out", run)
    assert found == (
        f"{run / 'supernet.checkpoint.safetensors'}: {small_disk.complaint}; "
        "what was finished before is kept, and the same command goes on"
    )
    assert not list(run.glob(".*")), "nothing is left of the file that did not fit"
    small_disk.enlarge()
    command("train", "tiny.py", "--out", run)
    found_tensors, expected = (read_tensors(folder / "supernet.safetensors")[0] for folder in (run, finished))
    assert found_tensors.keys() == expected.keys()
    assert all(found_tensors[name].equal(expected[name]) for name in expected)


def test_a_search_that_fills_the_disk_loses_no_line(
    tiny: Path, finished: Path, finished_copy: Path, mistake: Callable[..., str], command: Callable[..., str]
) -> None:
    for name in ("trials.jsonl", "anchors.jsonl"):
        (finished_copy / name).unlink()
    whole = (finished / "trials.jsonl").read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # enough for some lines and a half
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) * 3 // 5, before[1]))
    try:
        found = mistake("search", "run", "--workers", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.startswith("run/")
    assert "File too large" in found
    assert 3 <= len(read_lines(finished_copy / "trials.jsonl")) < 10
    command("search", "run", "--workers", "1")
    for name in ("trials.jsonl", "anchors.jsonl"):
        found_lines, expected = (read_lines(folder / name) for folder in (finished_copy, finished))
        assert [{**line, "seconds": 0} for line in found_lines] == [{**line, "seconds": 0} for line in expected]


def test_one_command_trains_searches_retrains_exports_and_reports(
    tiny: Path, finished: Path, command: Callable[..., str]
) -> None:
    printed = command("run", "tiny.py", "--workers", "1")
    assert "report   results/tiny/report/index.html" in printed
    assert "From scratch" in printed
    run = Run(Path("results/tiny"))
    assert run.manifest["command"] == "nas run tiny.py --workers 1"
    assert list(run.phase_seconds()) == ["supernet", "search", "retrain", "lengths"]
    assert [trial.quality for trial in run.trials()] == [trial.quality for trial in Run(finished).trials()]
    (exported,) = Path("results/tiny/exports").iterdir()
    assert nas.load(exported)(torch.zeros(1, 1, 8, 8)).shape == (1, 10)

    # all is there: the commands that made it find nothing to do
    kept = [path for path in run.folder.rglob("*") if path.suffix in (".safetensors", ".jsonl")]
    before = {path: path.read_bytes() for path in kept if path.name != "commands.jsonl"}
    command("train", "tiny.py")
    command("search", "results/tiny", "--workers", "1")
    command("retrain", "results/tiny", "--workers", "1")
    assert exported.name in command("export", "results/tiny")
    assert {path: path.read_bytes() for path in before} == before


def test_networks_of_a_users_own_go_all_the_way_but_for_exports(own_model: Path, command: Callable[..., str]) -> None:
    printed = command("run", "own_model.py", "--workers", "1", "--out", "run")
    assert "exports  none: the networks of task digits come from a builder of its own" in printed
    assert Path("run/report/index.html").is_file()
    assert len(Run(Path("run")).retrained()) == 2


def test_a_report_needs_no_finished_run(tiny: Path, finished_copy: Path, command: Callable[..., str]) -> None:
    shutil.rmtree(finished_copy / "subnets")
    (finished_copy / "anchors.jsonl").unlink()
    assert "report  run/report/index.html" in command("report", "run")
    (finished_copy / "trials.jsonl").unlink()
    assert "report  run/report/index.html" in command("report", "run")


def test_one_network_can_be_retrained_by_its_id(tiny: Path, finished_copy: Path, command: Callable[..., str]) -> None:
    run = Run(finished_copy)
    trained = {result.id for result in run.retrained()}
    line = next(line for line in read_lines(finished_copy / "trials.jsonl") if line["id"] not in trained)
    command("retrain", "run", "--id", line["id"], "--arms", "inherited", "--seeds", "2", "--workers", "1")
    found = [(result.arm, result.seed, result.origin) for result in run.retrained() if result.id == line["id"]]
    assert found == [("inherited", 0, "chosen"), ("inherited", 1, "chosen")]


def test_a_description_is_printed_as_far_as_it_goes(
    tiny: Path, command: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    printed = command("describe", "tiny.py", "--evaluations", "7")
    assert "search      7 evaluations by Evolution" in printed
    assert printed.splitlines()[-2].startswith("data        digits of scikit-learn: 897 train")
    assert not Path("results").exists()


@pytest.mark.slow
def test_a_comparison_goes_through_the_command(
    finished_copy: Path, command: Callable[..., str], mistake: Callable[..., str]
) -> None:
    printed = command(
        "compare", finished_copy, "--strategies", "random,local(starts=3)", "--seeds", "2", "--budget", "8"
    )
    assert "local(starts=3)" in printed
    assert (finished_copy / "comparison" / "comparison.png").is_file()
    assert "no strategy 'rand'; there are: guided" in mistake("compare", finished_copy, "--strategies", "random,rand")
    assert "must be a whole number from 1 to 100,000" in mistake("compare", finished_copy, "--seeds", "0")


def test_where_to_run_is_said_in_one_line_where_it_cannot_be(finished_copy: Path, mistake: Callable[..., str]) -> None:
    assert "add --ray local" in mistake("retrain", finished_copy, "--asha", "--seeds", "3")
    (finished_copy / "trials.jsonl").unlink()
    assert "no Ray cluster answers at 127.0.0.1:1" in mistake("search", finished_copy, "--ray", "127.0.0.1:1")
    assert "--gpus is for workers on Ray" in mistake("search", finished_copy, "--gpus", "0.5")
    assert "'much' must be a number above 0, up to 1e+09" in mistake("search", finished_copy, "--timeout", "much")
    assert not (finished_copy / "trials.jsonl").exists()
