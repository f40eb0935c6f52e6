"""The guide explains every section of the page, and its commands run on the runs that it names."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.report.sections import found_sections
from tests.docs.guides import ROOT, commands, text_of

GUIDE = "reading-a-report.md"


def test_every_section_of_the_page_is_explained() -> None:
    explained = re.findall(r"\n## (.*\?)\n", text_of(GUIDE))
    assert len(explained) >= 7
    assert {section.heading for section in found_sections()} <= set(explained)


def test_figures_that_are_shown_are_those_of_a_committed_run() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(\.\./(results/[^)]+)\)", text_of(GUIDE))
    assert len(shown) == 4
    assert all((ROOT / path).is_file() for path in shown)


def test_what_is_said_of_the_run_is_in_its_tables() -> None:
    rows = [line.split("|") for line in (ROOT / "results/cifar10-cpu/report/front.md").read_text().splitlines()]
    scratch = {
        row[2].strip(): row[6].strip().split()[0] for row in rows if len(row) > 6 and row[6].strip()[:1].isdigit()
    }
    said = re.search(r"all-softmax from scratch, ([\d.]+) %", text_of(GUIDE))
    assert said is not None
    assert f"{float(scratch['all softmax']):.1f}" == said[1]
    assert all(float(value) < float(said[1]) for role, value in scratch.items() if role == "front")


@pytest.mark.slow
def test_the_guides_commands_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for run in ("cifar10-cpu", "phrases"):
        shutil.copytree(ROOT / "results" / run, tmp_path / "results" / run)
    printed = [command(*words[1:]) for words in commands(GUIDE)]
    assert "0 differ" in printed[-1]
    assert Path("results/compared/index.html").is_file()
