"""The rows of the shipped families, and how families from outside are found."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nas.experiment.loading import load
from nas.export.families import GROUP, entries, family_named, register, shipped
from nas.export.family import Family, one_of
from nas.export.write.outlook import exports_ahead
from nas.tasks.digits import Digits

SHIPPED = {name: family_named(name) for name in shipped()}

MODULE = """
from dataclasses import replace

from nas.export.families import family_named, register

register(replace(family_named("vision_transformer"), name={name!r}), __name__)
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of modules."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", SHIPPED)
def test_a_row_has_the_name_of_its_module_and_all_that_users_may_ask(name: str) -> None:
    family = SHIPPED[name]
    assert isinstance(family, Family)
    assert family.name == name
    assert family.lacks() == []
    assert entries(family) == {"family": name}


def test_rows_are_read_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; from nas.export.families import family_named, shipped; "
    code += "print(*(family_named(name).name for name in shipped()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (list(SHIPPED), "")


def test_a_row_says_what_it_lacks() -> None:
    vision = SHIPPED["vision_transformer"]
    assert vision.programs is not None
    assert dataclasses.replace(vision, predict=None).lacks() == ["no nas predict"]
    bare = dataclasses.replace(vision, programs=dataclasses.replace(vision.programs, int8=False))
    assert bare.lacks() == ["no weights of 8 bits"]
    assert dataclasses.replace(vision, programs=None).lacks() == [
        "no torch.export program",
        "no ONNX program",
        "no weights of 8 bits",
    ]


def test_an_option_is_one_of_its_names() -> None:
    assert one_of("onnx", "torch")("torch") == "torch"
    with pytest.raises(ValueError, match="'gpu' is none of onnx, torch"):
        one_of("onnx", "torch")("gpu")


def test_a_family_from_outside_is_found_when_the_user_allows_its_module(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "allowed_family.py").write_text(MODULE.format(name="allowed"))
    with pytest.raises(ValueError, match=r"no family 'allowed'.*; if you trust allowed_family, set NAS_FAMILIES=allow"):
        family_named("allowed", "allowed_family")
    assert "allowed_family" not in sys.modules
    monkeypatch.setenv("NAS_FAMILIES", "allowed_family")
    assert family_named("allowed").name == "allowed"
    assert entries(family_named("allowed")) == {"family": "allowed", "family_module": "allowed_family"}


def test_a_family_of_an_installed_package_is_found_by_its_entry_point(elsewhere: Path) -> None:
    (elsewhere / "installed_family.py").write_text(MODULE.format(name="installed"))
    about = elsewhere / "installed_family-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-family\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\ninstalled = installed_family\n")
    assert family_named("installed").name == "installed"


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        ("seq2seq", "json", "json registers the model family 'seq2seq', which is one of nas; rename it"),
        ("twice", "json", "json registers the model family 'twice', which is one of this; rename it"),
        (
            "lost",
            "nas_experiment_mine",
            "is registered by nas_experiment_mine, which exports cannot import again",
        ),
    ],
)
def test_a_name_that_exports_could_not_find_again_is_refused(name: str, module: str, said: str) -> None:
    register(dataclasses.replace(SHIPPED["seq2seq"], name="twice"), "this")
    with pytest.raises(ValueError, match=said):
        register(dataclasses.replace(SHIPPED["seq2seq"], name=name), module)


def test_a_module_that_is_allowed_but_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_FAMILIES", "nowhere_to_be_found")
    with pytest.raises(ValueError, match="NAS_FAMILIES names nowhere_to_be_found, which cannot be imported"):
        family_named("missing")


@dataclasses.dataclass(frozen=True)
class Renamed(Digits):
    """Digits of a family of another name, or with other settings."""

    called: str = "vision_transformer"
    without: str = ""
    """A setting that is left out."""
    classes: int = 10

    def family(self) -> tuple[str, dict[str, Any]]:
        named = super().family()
        assert named is not None
        settings = {**named[1], "num_classes": self.classes}
        return self.called, {name: value for name, value in settings.items() if name != self.without}


def test_exports_are_foreseen_before_the_first_step(tiny: Path, own_model: Path) -> None:
    experiment = load(str(tiny)).experiment
    assert list(exports_ahead(experiment)) == []
    (line,) = exports_ahead(load(str(own_model)).experiment)
    assert line == "exports     none: the networks of task digits come from a builder of its own, of no model family"
    for task, words in {
        Renamed(patch_size=4): None,
        Renamed(patch_size=4, called="perceptron"): "no family 'perceptron'; there are: seq2seq, vision_transformer",
        Renamed(patch_size=4, called="seq2seq"): "the space makes Architecture, not Seq2SeqArchitecture; name another",
        Renamed(patch_size=4, without="pooling"): "TypeError: .*pooling",
        Renamed(patch_size=4, classes=7): r"head.classes.weight is \(7, 8\) there, \(10, 8\) here; name another family",
    }.items():
        changed = dataclasses.replace(experiment, task=task)
        if words is None:
            assert list(exports_ahead(changed)) == []
        else:
            with pytest.raises(ValueError, match=words):
                list(exports_ahead(changed))


def test_a_family_that_is_not_the_task_s_leaves_no_run_behind(tiny: Path, mistake: Any) -> None:
    more = "\nfrom dataclasses import replace\nfrom tests.export.families.test_families import Renamed\n"
    more += "experiment = replace(experiment, task=Renamed(patch_size=4, called='perceptron'))\n"
    Path("renamed.py").write_text(tiny.read_text() + more)
    assert mistake("run", "renamed.py", "--out", "run").startswith("no family 'perceptron'; there are: seq2seq")
    assert not Path("run").exists()
