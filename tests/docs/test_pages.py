"""The pages that stand beside the guides: their lengths, their links, and the files and modules that they name."""

import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BESIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*BESIDE, ROOT / "results" / "README.md", ROOT / "benchmarks" / "README.md", *(ROOT / "docs").glob("*.md")]
FORMER = {"nas.exported"}
"""Modules of the past, which the changelog names."""


def anchors(page: Path) -> set[str]:
    """The ids that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def missing_links(page: Path) -> list[str]:
    missing = []
    for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        there = page.parent / link if link else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            missing.append(f"{link}#{anchor}")
    return missing


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    assert missing_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"`((?:nas|tests|benchmarks)/[\w./-]+)`", page.read_text(encoding="utf-8")))
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_modules_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"`(nas(?:\.\w+)+)[`(]", page.read_text(encoding="utf-8")))
    assert {name for name in named - FORMER if not is_there(name)} == set()


def test_the_readme_and_the_architecture_are_short() -> None:
    for page, most in (("README.md", 120), ("docs/architecture.md", 80)):
        assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= most


def test_the_architecture_has_the_layers_that_imports_are_held_to() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (drawn,) = re.findall(r"^    cli > .*\n(?:    .*\n)*", text, re.MULTILINE)
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (layers,) = re.findall(r"layers = \[\n(.*?)\]", settings, re.DOTALL)
    held = [line.strip(' ",') for line in layers.splitlines() if "__main__" not in line]
    assert re.split(r"\s*>\s*", drawn.strip()) == held


def test_the_architecture_names_every_folder() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {path.name for path in (ROOT / "nas").iterdir() if (path / "__init__.py").exists()}
    assert {name for name in folders if f"      {name}/ " not in text} == set()
