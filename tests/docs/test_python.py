"""The guide's blocks and commands in their order, and the notebook, with a digits experiment of seconds."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import nas
from nas.experiment import loading
from nas.system.files import read_lines
from tests.conftest import EXPERIMENTS
from tests.docs.guides import ROOT, blocks, commands, table_rows

GUIDE = "python.md"
NOTEBOOK = ROOT / "docs" / "python.ipynb"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, empty; the shipped experiment `digits` takes seconds."""
    shipped = shutil.copytree(loading.SHIPPED, tmp_path / "shipped")
    shutil.copyfile(EXPERIMENTS / "tiny.py", shipped / "digits.py")
    monkeypatch.setattr(loading, "SHIPPED", shipped)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.mark.slow
def test_the_guides_blocks_run_in_their_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__name__": "notebook"}
    for block in blocks(GUIDE, "python"):
        exec(compile(block, GUIDE, "exec"), names)
    printed = capsys.readouterr().out
    assert "encoder attention" in printed
    assert printed.splitlines()[-1].startswith("three.png\t")
    run, cheap = names["run"], names["cheap"]
    assert isinstance(run, nas.Run)
    assert isinstance(cheap, nas.Run)
    assert (folder / "results/digits/report/index.html").is_file()
    assert cheap.experiment == names["experiment"]
    assert cheap.experiment.limits == {"flops": 10e3}
    assert len(read_lines(folder / "results/digits/trials.jsonl")) == 10


def test_the_guides_table_names_the_columns_that_there_are(finished: Path) -> None:
    run = nas.open(finished)
    rows = table_rows(GUIDE)
    for name in ("trials", "retrained"):
        columns = set(getattr(run, name)().to_pandas().columns)
        shared = {"flops", "parameters", "architecture", "encoder attention"}
        assert set(rows[f"run.{name}()"][1].replace("`", "").split(", ")) == columns - shared
    assert {"scratch", "inherited"} == set(run.front().to_pandas().columns) - set(run.trials().to_pandas().columns)


def test_the_guides_commands_run_in_their_order(folder: Path, command: Callable[..., str]) -> None:
    printed = [command(*words[1:]) for words in commands(GUIDE)]
    assert "experiment  my_digits.py" in printed[1]
    assert "task        digits;" in printed[2]


def outputs(notebook: nbformat.NotebookNode) -> list[list[tuple[str, ...]]]:
    """The kinds of what each code cell shows, without what libraries may print."""
    return [
        [tuple(sorted(output.data)) for output in cell.outputs if "data" in output]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_it_was_committed_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), *sys.path])))
    committed = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(committed)
    again = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        again, timeout=None, startup_timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert outputs(again) == outputs(committed)
    assert any("image/png" in kinds for cell in outputs(again) for kinds in cell)
    assert any("text/html" in kinds for cell in outputs(again) for kinds in cell)
    assert NOTEBOOK.stat().st_size < 200_000
