"""The guide's commands as they stand in it; its code is that of the family that it points to."""

import dataclasses
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nas.export.family import Family
from tests.docs.guides import ROOT, commands, table_rows, text_of
from tests.families.diabetes.row import FAMILY

GUIDE = "families.md"
PATIENT = "59,2,32.1,101,157,93.2,38,4,4.8598,87\n"


def test_code_is_that_of_the_family() -> None:
    blocks = re.findall(r"```python (\w+\.py)\n(.*?)```", text_of(GUIDE), re.DOTALL)
    assert {name for name, _ in blocks} == {"task.py", "row.py"}
    for name, block in blocks:
        assert block in (ROOT / "tests" / "families" / "diabetes" / name).read_text(encoding="utf-8")


def test_every_field_of_a_row_is_explained() -> None:
    assert {field.name for field in dataclasses.fields(Family)} <= set(table_rows(GUIDE))


def test_parts_that_rows_share_are_there() -> None:
    named = re.findall(r"`(nas(?:\.\w+)+)\.(\w+)`", text_of(GUIDE))
    assert len(named) >= 5
    for module, name in named:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_what_the_family_lacks_is_what_the_guide_says() -> None:
    assert f"exports     {FAMILY.name}: {', '.join(FAMILY.lacks())}\n" in text_of(GUIDE)


@pytest.mark.slow
def test_the_guides_commands_run_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "patients.csv").write_text(PATIENT)
    printed = ""
    for words in commands(GUIDE):
        settings = [word for word in words if re.fullmatch(r"[A-Z_]+=.*", word)]
        program, *arguments = words[len(settings) :]
        assert program == "nas"
        exports = sorted((tmp_path / "results" / "diabetes" / "exports").glob("*"))
        arguments = [re.sub(r"\bID\b", exports[0].name if exports else "ID", word) for word in arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(word.split("=", 1) for word in settings)}
        whole = [sys.executable, "-m", "nas", *arguments]
        done = subprocess.run(whole, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        printed += done.stdout
    assert re.search(r"^\d+\.\d\d$", printed, re.MULTILINE)
