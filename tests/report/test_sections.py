"""The contract of a section: its heading, figures, tables, files and navigation entry join the page from one folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas.report.drawing import Plot, canvas, finished, style
from nas.report.figures import Figure
from nas.report.page import write_page
from nas.report.sections import TEMPLATE, Section, found_sections
from nas.report.summary import Summary
from nas.report.tables import Table

PACKAGE = Path(__file__).parents[2] / "nas" / "report"
BODY = """{% from "macros.html.j2" import figure, table with context %}
<p>{{ sentence }}</p>
{{ figure("depths") }}
{{ table("depths") }}
"""


def draw_depths(summary: Summary, width: int) -> Plot:
    with style():
        figure, axes = canvas(width, 200)
        axes.bar(range(len(summary.front)), [len(network.kinds) for network in summary.front])
        return finished(figure)


def depth_table(summary: Summary) -> Table:
    rows = [("Network", "Depth"), *((network.id, str(len(network.kinds))) for network in summary.front)]
    return Table("depths", "Depth of each network of the front", rows)


@pytest.fixture
def depths(tmp_path: Path) -> Section:
    """A section about the depths on the front, in a folder of its own."""
    folder = tmp_path / "depths"
    folder.mkdir()
    (folder / TEMPLATE).write_text(BODY)
    return Section(
        folder=folder,
        order=35,
        link="Depth",
        heading="How deep are good networks?",
        values=lambda summary: {"sentence": f"The front has {len(summary.front)} networks."},
        figures=(
            Figure(
                "depths",
                500,
                draw_depths,
                caption=lambda summary: "A bar for each network.",
                description=lambda summary: "Depths of the front.",
            ),
        ),
        tables=lambda summary: [depth_table(summary)],
        files=lambda summary: {"depths.txt": "all depths"},
    )


def test_a_section_of_ones_own_joins_the_page(depths: Section, make_data: Any, tmp_path: Path) -> None:
    data = make_data()
    summary = Summary(data)
    path = write_page(data, tmp_path / "report", (*found_sections(), depths))
    text = path.read_text()
    assert '<section id="depths" aria-labelledby="depths-heading">' in text
    assert "How deep are good networks?</h2>" in text
    assert '<a href="#depths">Depth</a>' in text
    assert f"<p>The front has {len(summary.front)} networks.</p>" in text
    assert 'aria-label="Depths of the front."' in text and "A bar for each network." in text
    for ending in ("svg", "png", "csv", "md", "tex"):
        assert f'href="depths.{ending}"' in text
        assert (path.parent / f"depths.{ending}").stat().st_size > 0
    assert (path.parent / "depths.txt").read_text() == "all depths"
    assert (path.parent / "depths.csv").read_text().count("\n") == 1 + len(summary.front)


def test_a_section_that_does_not_concern_a_run_leaves_no_trace(depths: Section, make_data: Any, tmp_path: Path) -> None:
    path = write_page(make_data(), tmp_path / "report", (replace(depths, values=lambda summary: None),))
    assert {each.name for each in path.parent.iterdir()} == {"index.html"}
    assert "depths" not in path.read_text()


def test_sections_are_the_folders_with_a_section_in_the_order_of_the_page() -> None:
    found = found_sections()
    assert {each.folder for each in found} == {each.parent for each in PACKAGE.glob("*/section.py")}
    assert [each.name for each in found] == ["pick", "look", "trust", "worth", "lengths", "translation", "made"]
    assert all((each.folder / TEMPLATE).is_file() for each in found)


def test_only_folders_of_sections_know_their_names() -> None:
    shared = [PACKAGE / name for name in ("page.py", "sections.py", "figures.py", "tables.py", "summary.py", "data.py")]
    shared += [*(PACKAGE / "html").glob("*.j2")]
    for path in shared:
        for section in found_sections():
            assert f"report.{section.name}" not in path.read_text()
            assert f"#{section.name}" not in path.read_text()


@pytest.mark.parametrize(
    ("change", "owners"),
    [
        (
            {"tables": lambda summary: [depth_table(summary), Table("front", "Another front", [("a",), ("b",)])]},
            ("table front of section pick", "front.csv"),
        ),
        ({"files": lambda summary: {"manifest.json": "{}"}}, ("section made", "manifest.json")),
        ({"files": lambda summary: {"index.html": "mine"}}, ("the page", "index.html")),
        ({"files": lambda summary: {"depths.svg": "mine"}}, ("figure depths of section depths", "depths.svg")),
    ],
)
def test_two_files_of_one_name_are_refused_with_both_owners(
    change: dict[str, Any], owners: tuple[str, ...], depths: Section, make_data: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="both write") as refused:
        write_page(make_data(), tmp_path / "report", (*found_sections(), replace(depths, **change)))
    assert "section depths" in str(refused.value)
    assert all(owner in str(refused.value) for owner in owners)
    assert not (tmp_path / "report").exists()


def test_two_sections_of_one_name_are_refused(depths: Section, make_data: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two sections are named 'depths'"):
        write_page(make_data(), tmp_path / "report", (depths, depths))
