import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nas.report.data import ReportData
from nas.report.made.values import made_tables, made_values, manifest
from nas.report.page import write_page
from nas.report.summary import Summary

Make = Callable[..., ReportData]

PART = {"size": 897, "sha256": "ab" * 32}
PHASES = {
    "supernet": {
        "seconds": 61.0, "ended": "2026-01-01T00:00:00Z", "commits": ["1a", "2b"], "device": "CPU X", "cores": "2",
        "threads": "1", "python": "3.11.2", "torch": "2.13.0", "data": {"train": PART},
    },
    "search": {
        "seconds": 5.0, "ended": "2026-01-01T00:01:00Z", "commits": ["2b"], "device": "CPU Y", "cores": "2",
        "threads": "1", "python": "3.11.2", "torch": "2.13.0", "data": {"train": PART},
    },
}  # fmt: skip


def with_phases(make_data: Make, phases: object = PHASES, **others: object) -> ReportData:
    data = make_data()
    return replace(data, provenance={**data.provenance, "phases": phases, **others}, folder="results/small")


def tables(data: ReportData) -> dict[str, list[tuple[str, ...]]]:
    return {table.name: table.rows for table in made_tables(data)}


def test_phases_data_and_versions_are_tables(make_data: Make) -> None:
    found = tables(with_phases(make_data))
    assert found["phases"][1:] == [
        ("supernet", "1 min 01 s", "2026-01-01T00:00:00Z", "1a, 2b", "CPU X", "2", "1"),
        ("search", "5.0 s", "2026-01-01T00:01:00Z", "2b", "CPU Y", "2", "1"),
    ]
    assert found["data"][1:] == [("train", "897", "ab" * 32, "supernet, search")]
    assert found["versions"] == [("Package", "Version"), ("python", "3.11.2"), ("torch", "2.13.0")]


def test_phases_that_differ_in_versions_or_data_are_told_apart(make_data: Make) -> None:
    other = {**PHASES["search"], "torch": "2.12.0", "data": {"train": {"size": 897, "sha256": "cd" * 32}}}
    found = tables(with_phases(make_data, {**PHASES, "search": other}))
    assert found["versions"][0] == ("Package", "supernet", "search")
    assert found["versions"][-1] == ("torch", "2.13.0", "2.12.0")
    assert [row[-1] for row in found["data"][1:]] == ["supernet", "search"]


def test_a_run_of_an_earlier_version_has_what_it_knows(make_data: Make) -> None:
    earlier = {name: {key: own[key] for key in own if key != "data"} for name, own in PHASES.items()}
    found = tables(with_phases(make_data, earlier))
    assert set(found) == {"phases", "versions"}
    nothing = replace(make_data(), provenance={}, trials=(), retrained=())
    values = {"commands": (), "check": None, "facts": [], "settings": [], "source": None}
    assert (made_tables(nothing), made_values(Summary(nothing))) == ([], values)


def test_the_page_shows_commands_source_and_how_to_check(make_data: Make, tmp_path: Path) -> None:
    source = '"""<b>Doc</b>"""\nexperiment = 5 < 6\n'
    data = with_phases(make_data, commands=["nas train a.py", "nas search results/a"], source=source)
    text = write_page(data, tmp_path).read_text()
    assert "nas train a.py\nnas search results/a" in text
    assert "nas reproduce results/small --id " in text
    assert "experiment = 5 &lt; 6" in text
    assert "&lt;b&gt;Doc&lt;/b&gt;" in text
    assert ("ab" * 32) in (tmp_path / "data.csv").read_text(), "the table's file has the whole hash"
    assert f"<td>{'ab' * 8}</td>" in text
    for name in ("phases", "data", "versions"):
        for ending in ("csv", "md", "tex"):
            assert (tmp_path / f"{name}.{ending}").read_text()
            assert f'href="{name}.{ending}"' in text
    assert json.loads((tmp_path / "manifest.json").read_text())["source"] == source


def test_all_that_is_known_is_in_the_manifest(make_data: Make) -> None:
    data = with_phases(make_data)
    assert json.loads(manifest(data)) == data.provenance
