"""The examples of docstrings, run in a folder that holds a finished run."""

import doctest
import inspect
import os
import pydoc
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sklearn.datasets import load_digits

import nas
from nas.system.files import read_json, write_json


def own_methods(kind: type) -> Iterator[tuple[str, object]]:
    """The public methods that a class defines itself."""
    for name, value in vars(kind).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            yield f"{kind.__name__}.{name}", value


def documented() -> dict[str, object]:
    """Every public name with its value, and the methods of the interface's classes."""
    found = {name: getattr(nas, name) for name in nas.__all__}
    return found | dict(own_methods(nas.Run)) | dict(own_methods(nas.Records))


@pytest.fixture(scope="module")
def folder(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `results/digits` and an image."""
    folder = tmp_path_factory.mktemp("examples")
    run = shutil.copytree(finished, folder / "results" / "digits")
    write_json(run / "run.json", read_json(run / "run.json") | {"name": "digits"})
    Image.fromarray((load_digits().images[3] * 255 / 16).astype("uint8")).save(folder / "three.png")
    return folder


# a whole run takes longer than all others
LONG = ("run",)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in documented()]
)
def test_every_public_name_has_an_example_that_holds(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    text = inspect.getdoc(documented()[name])
    assert text is not None
    test = doctest.DocTestParser().get_doctest(text, {"nas": nas}, name, None, 0)
    assert test.examples, f"{name} has no example"
    printed: list[str] = []
    failed = doctest.DocTestRunner().run(test, out=printed.append).failed
    assert failed == 0, "".join(printed)


def test_the_page_of_help_tells_the_tour_and_every_name() -> None:
    page = pydoc.plain(pydoc.render_doc(nas))
    assert 'run = nas.run("digits")' in page
    for name in nas.__all__:
        assert name in page
    assert set(nas.__all__) <= set(dir(nas))


def test_a_name_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"module 'nas' has no attribute 'fly'; there are: Experiment, Records"):
        nas.fly  # noqa: B018


def test_importing_the_package_loads_no_library_and_prediction_no_torch() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for line, absent in (
        ("import nas", {"torch", "numpy", "pandas", "matplotlib", "nas.interface"}),
        ("import nas; nas.predict", {"torch", "pandas", "matplotlib"}),
        ("import nas; nas.open", {"pandas", "ray"}),
    ):
        ended = subprocess.run(
            [sys.executable, "-c", f"{line}; import sys; print(*sys.modules)"],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
        assert not absent & set(ended.stdout.split()), line
