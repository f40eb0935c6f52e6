"""Python files beside an experiment are imported, kept with its run and sent to workers; others are refused at once."""

import pickle
from hashlib import sha256
from pathlib import Path

import pytest

from nas.experiment.helpers import find_helpers
from nas.experiment.loading import load
from nas.interface.begin import run_of
from nas.runs.run import Run

EXPERIMENT = '''
"""An experiment with helpers."""
from dataclasses import replace

import helper
from nas.experiment.loading import load

experiment = replace(load("digits").experiment, seed=helper.SEED)
'''
READING = EXPERIMENT.replace("import helper\n", "from pathlib import Path\n").replace(
    "helper.SEED", 'int((Path(__file__).parent / "seed.txt").read_text())'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not on the import path."""
    there = tmp_path / "mine"
    (there / "parts").mkdir(parents=True)
    (there / "mine.py").write_text(EXPERIMENT)
    (there / "helper.py").write_text(
        "def seed():\n    from parts.numbers import SEED\n    return SEED\n\nSEED = seed()\n"
    )
    (there / "parts" / "__init__.py").write_text("")
    (there / "parts" / "numbers.py").write_text("SEED = 41\n")
    (there / "unused.py").write_text("raise ImportError\n")
    (there / "reads.py").write_text(READING)
    (there / "seed.txt").write_text("41")
    return there


def test_helpers_are_found_through_one_another_and_libraries_are_none(folder: Path) -> None:
    (folder / "json.py").write_text("")
    source = f"import json, numpy, nas, nowhere\n{EXPERIMENT}"
    assert sorted(find_helpers(source, folder)) == ["helper.py", "parts/__init__.py", "parts/numbers.py"]


def test_helpers_are_kept_with_the_run_and_travel_without_their_folder(folder: Path, tmp_path: Path) -> None:
    run = run_of(str(folder / "mine.py"), tmp_path / "run", None, {}, "nas run")
    text = (folder / "helper.py").read_text()
    assert run.manifest["helpers"]["helper.py"] == sha256(text.encode()).hexdigest()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert Run(run.folder).experiment.seed == 41
    assert pickle.loads(pickle.dumps(Run(run.folder).recipe)).experiment().seed == 41


def test_another_folder_has_helpers_of_its_own(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.py").write_text(EXPERIMENT)
    (other / "helper.py").write_text("SEED = 7\n")
    seeds = [load(str(each / "mine.py")).experiment.seed for each in (folder, other, folder)]
    assert seeds == [41, 7, 41]


def test_an_experiment_that_reads_other_files_beside_it_is_refused_before_a_run_begins(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"cannot be read away from its folder .*seed\.txt.* by their whole path"):
        run_of(str(folder / "reads.py"), tmp_path / "run", None, {}, "nas run")
    assert not (tmp_path / "run").exists()
