import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nas.experiment.loading import load, shipped_names
from nas.experiment.settings import describe
from nas.experiment.source import experiment_source
from nas.search_space.limits import Window
from nas.tasks.digits import Digits


def read_again(source: str, folder: Path):
    """The experiment that the source defines, read as a run reads it."""
    (folder / "written.py").write_text(source, encoding="utf-8")
    return load(str(folder / "written.py")).experiment


def variants() -> list[str]:
    """Every shipped experiment."""
    special = ["digits:variants", "cifar10:gpu", "cifar10:paper", "wmt14:multi30k", "wmt14:gpu", "wmt14:paper"]
    return [*shipped_names(), *special]


@pytest.mark.parametrize("spec", variants())
def test_the_source_of_a_shipped_experiment_makes_an_equal_one(spec: str, tmp_path: Path) -> None:
    experiment = load(spec).experiment
    again = read_again(experiment_source(experiment), tmp_path)
    assert again == experiment
    assert describe(again) == describe(experiment)
    # fields that do not take part in comparisons are kept too
    assert again.references == experiment.references


def test_the_source_names_public_modules_and_leaves_defaults_out() -> None:
    source = experiment_source(load("digits").experiment)
    assert "from nas.experiment import Experiment, Selection\n" in source
    assert "from nas.search_space import SearchSpace, StackSpace\n" in source
    assert "evaluations=120" in source
    assert "generation" not in source
    assert "Flops" not in source
    assert max(map(len, source.splitlines())) <= 100


def test_values_of_every_kind_come_back(tmp_path: Path) -> None:
    experiment = dataclasses.replace(
        load("digits").experiment,
        limits={"flops": Window(1e3, 5e5), "parameters": np.float64(9e4)},
        strategy="evolution(population_size=20)",
        seed=int(np.int64(3)),
    )
    again = read_again(experiment_source(experiment), tmp_path)
    assert again == experiment
    assert type(again.limits["parameters"]) is float
    data = tmp_path / 'a folder\'s "data"'
    cifar = dataclasses.replace(experiment, task=load("cifar10").experiment.task.with_data(data), limits={})
    assert read_again(experiment_source(cifar), tmp_path).task.root == data


@dataclass(frozen=True)
class Odd(Digits):
    """A task that a file can import from here."""

    setting: object = None


def test_a_class_of_a_package_that_is_installed_is_imported(tmp_path: Path) -> None:
    experiment = dataclasses.replace(load("digits").experiment, task=Odd(patch_size=4, setting=(1.5, "two", None)))
    source = experiment_source(experiment)
    assert "from tests.experiment.test_source import Odd" in source
    assert 'setting=(1.5, "two", None)' in source


def test_a_class_of_an_experiments_file_is_refused(own_model: Path) -> None:
    with pytest.raises(ValueError, match=r"experiment.task is a Perceptron of own_model.py, which a run cannot import"):
        experiment_source(load(str(own_model)).experiment)


def test_a_class_of_a_function_is_refused() -> None:
    @dataclass(frozen=True)
    class Local(Digits):
        pass

    with pytest.raises(ValueError, match=r"which a run cannot import; write the experiment in a file, and name that"):
        experiment_source(dataclasses.replace(load("digits").experiment, task=Local(patch_size=4)))


def test_a_value_without_a_form_as_source_is_refused() -> None:
    experiment = dataclasses.replace(load("digits").experiment, task=Odd(patch_size=4, setting=len))
    with pytest.raises(ValueError, match=r"experiment.task.setting is <built-in function len>, which has no form"):
        experiment_source(experiment)


IN_A_NOTEBOOK = """
from dataclasses import dataclass, replace
import nas
from nas.tasks.digits import Digits

@dataclass(frozen=True)
class Own(Digits):
    pass

try:
    nas.run(replace(nas.load_experiment("digits"), task=Own(patch_size=2)), out="run", workers=1)
except ValueError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_class_of_a_notebook_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ":".join(filter(None, sys.path)))
    done = subprocess.run([sys.executable, "-c", IN_A_NOTEBOOK], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "experiment.task is a Own of this notebook or program, which a run cannot import; "
        "write the experiment in a file, and name that\n"
    )
    assert list(tmp_path.iterdir()) == []
