"""Rules that every guide keeps: its commands are tested, and the index names it."""

import re
from pathlib import Path

import pytest

from tests.docs.guides import ROOT, blocks, text_of

GUIDES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
WITHOUT_COMMANDS = {"README.md", "architecture.md", "decisions.md"}


def path_of_test(guide: str) -> Path:
    return ROOT / "tests" / "docs" / f"test_{Path(guide).stem.replace('-', '_')}.py"


@pytest.mark.parametrize("guide", sorted(set(GUIDES) - WITHOUT_COMMANDS))
def test_every_guide_has_a_test_that_runs_its_commands(guide: str) -> None:
    assert path_of_test(guide).exists(), f"{guide} has commands; run them in {path_of_test(guide)}"
    text = path_of_test(guide).read_text(encoding="utf-8")
    assert f'"{guide}"' in text
    for kind in set(re.findall(r"```(sh[ \w-]*)\n", text_of(guide))):
        taken = f'blocks("{kind}")' in text or f'blocks(GUIDE, "{kind}")' in text
        by_name = (kind == "sh" and "commands(GUIDE)" in text) or f'commands(GUIDE, "{kind}")' in text
        assert taken or by_name, f"nothing in {path_of_test(guide)} takes the {kind} blocks of {guide}"


@pytest.mark.parametrize("guide", sorted(WITHOUT_COMMANDS))
def test_pages_without_a_test_have_no_commands(guide: str) -> None:
    assert not re.findall(r"```(?:sh|python)", text_of(guide))


def test_the_index_names_every_guide() -> None:
    named = re.findall(r"\]\(([^)]+\.md)\)", text_of("README.md"))
    assert sorted(named) == sorted(set(GUIDES) - {"README.md"})


def test_blocks_are_told_apart_by_what_stands_behind_the_language() -> None:
    assert (
        len(blocks("cluster.md", "sh")) + len(blocks("cluster.md", "sh node"))
        == text_of("cluster.md").count("```sh") - 1
    )
