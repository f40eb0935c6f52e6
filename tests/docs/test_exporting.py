"""The guide's commands and code, as they stand in it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.export.write.checks import PROGRAM, SAME
from nas.export.write.programs import OPSET
from tests.docs.guides import blocks, commands, short, text_of

GUIDE = "exporting.md"


def test_the_guide_s_figures_are_those_of_the_code() -> None:
    text = text_of(GUIDE)
    assert f"opset {OPSET};" in text
    assert text.count(f"at most {SAME:.0e}".replace("e-0", "e-")) == 2
    assert f"at most {PROGRAM:.0e}, in float32".replace("e-0", "e-") in text


def test_files_that_the_guide_names_are_those_of_an_export(classifier: Path, translator: Path) -> None:
    named = set(re.findall(r"^\| `([\w.]+)` \|", text_of(GUIDE), re.MULTILINE))
    (translation,) = (translator / "exports").iterdir()
    assert named == {path.name for folder in (classifier, translation) for path in folder.iterdir()}


def test_the_guide_s_code_runs_on_an_export(classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export = shutil.copytree(classifier, tmp_path / "results" / "digits" / "exports" / "ID")
    names: dict[str, object] = {}
    for block in blocks(GUIDE, "python"):
        exec(block, names)
    assert tuple(getattr(names["scores"], "shape", ())) == (5, 10)
    assert {path.name for path in Path("copy").iterdir()} == {path.name for path in export.iterdir()}


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_guide_s_commands_run_in_their_order(have_run: Callable[[str], None], command: Callable[..., str]) -> None:
    have_run("digits")
    for words in commands(GUIDE):
        printed = command(*short(words))
        if words[1] == "predict":
            assert re.fullmatch(r"scan\.png\t\d\t[01]\.\d{4}\n", printed)
