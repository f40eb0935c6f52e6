"""A password, a home folder and the place of the code, looked for in every file of a run, an export and a report."""

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nas
from nas.experiment.loading import load
from nas.runs.run import Run
from nas.system.invocation import given
from nas.system.redaction import redacted_command
from tests.conftest import EXPERIMENTS

PASSWORD = "marker-of-a-password"
HOME = "marker-of-a-home"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of a user who works elsewhere, with an experiment that quotes a password."""
    folder = tmp_path / HOME
    folder.mkdir()
    text = (EXPERIMENTS / "tiny.py").read_text()
    (folder / "tiny.py").write_text(f'"""Trials go to mysql://me:{PASSWORD}@host/db, from {folder}/notes."""\n{text}')
    monkeypatch.setenv("HOME", str(folder))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all files below a folder, and of the parts of archives among them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    yield from ((f"{path.name}/{name}", archive.read(name)) for name in archive.namelist())


@pytest.mark.slow
def test_no_file_of_a_run_holds_a_password_or_a_place_of_this_machine(home: Path, command: Callable[..., str]) -> None:
    folder = home / "results" / "tiny"
    command("run", home / "tiny.py", "--out", folder, "--workers", "1")
    with given(redacted_command(["study", str(folder), "--to", f"mysql://me:{PASSWORD}@host/db"])):
        Run(folder).note_command("study")
    command("report", folder)
    command("export", folder, Run(folder).retrained()[0].id, "--architecture-only")
    found = dict(contents(folder))
    # the user's own file is kept as it is, so that the run goes on with it
    assert PASSWORD.encode() in found.pop("experiment.py")
    assert {"run.json", "commands.jsonl", "report/manifest.json", "report/index.html", "report/trials.csv"} <= set(
        found
    )
    assert {Path(name).name for name in found} >= {"README.md", "config.json", "model.pt2", "model.onnx"}
    assert b"mysql://me:***@host/db" in found["commands.jsonl"]
    code = str(Path(nas.__file__).parents[1])
    for marker in (PASSWORD, HOME, code):
        assert [name for name, content in found.items() if marker.encode() in content] == []


def test_a_run_finds_its_data_below_the_home_folder_wherever_it_is_opened(
    home: Path, parallel_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shutil.copytree(parallel_root, home / "data")
    spec = str(EXPERIMENTS / "translation.py")
    run = Run.create(tmp_path / "run", load(spec), spec, {}, data, f"nas run x --data {data}")
    assert (run.manifest["data"], run.manifest["command"]) == ("~/data", "nas run x --data ~/data")
    monkeypatch.chdir(tmp_path)
    assert Run(tmp_path / "run").data == data
