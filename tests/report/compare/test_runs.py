import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nas.cli import main
from nas.report.compare.runs import budget_table, charts_of, differences, headline_table, labels, write_several
from nas.report.summary import Summary


def test_runs_are_named_by_their_folders_and_numbered_where_these_are_alike():
    assert labels([Path("a/x"), Path("a/y"), Path("b/x")]) == ["x", "y", "x-2"]
    with pytest.raises(ValueError, match="named twice"):
        labels([Path("a/x"), Path("a/../a/x")])


def test_runs_share_a_figure_only_if_their_axes_agree(make_data, translation):
    data = make_data(10)
    runs = {
        "first": data,
        "second": make_data(5),
        "longer": replace(data, setting="64 tokens"),
        "other images": replace(data, task="cifar10"),
        "texts": translation,
    }
    charts = charts_of({label: Summary(own) for label, own in runs.items()})
    assert [list(chart.runs) for chart in charts] == [["first", "second"], ["longer"], ["other images"], ["texts"]]


def test_a_run_without_networks_is_compared_all_the_same(make_data, tmp_path):
    runs = {"begun": replace(make_data(), trials=(), retrained=()), "done": make_data()}
    page = write_several(runs, tmp_path).read_text()
    assert (tmp_path / "begun" / "index.html").is_file()
    assert "begun/index.html" in page


def test_tables_have_a_line_for_each_run_and_a_column_at_each_budget(make_data):
    summaries = {"first": Summary(make_data()), "second": Summary(make_data(20))}
    rows = headline_table(summaries)
    assert [row[0] for row in rows[1:]] == ["first", "second"]
    assert [row[1] for row in rows[1:]] == [summary.recommended.id for summary in summaries.values()]
    (chart,) = charts_of(summaries)
    offers = budget_table(chart)
    assert offers[0] == ("FLOPs at most", "first", "second")
    assert [cell.split(":")[0] for cell in offers[-1][1:]] == [own.recommended.id for own in summaries.values()]


def test_only_settings_that_differ_are_listed(make_data):
    data = make_data()
    runs = {
        "first": Summary(replace(data, provenance={"settings": {"seed": 0, "evaluations": 30}})),
        "second": Summary(replace(data, provenance={"settings": {"seed": 1, "evaluations": 30}})),
    }
    assert differences(runs) == [("settings / seed", "0", "1")]


def test_the_command_writes_one_page_and_says_what_is_wrong(finished: Path, tmp_path, capsys):
    other = tmp_path / "other"
    other.symlink_to(finished)
    with pytest.raises(SystemExit) as twice:
        main(["report", str(finished), str(other)])
    assert twice.value.code == 2
    assert "named twice" in capsys.readouterr().err
    with pytest.raises(SystemExit) as inside:
        main(["report", str(finished), str(tmp_path / "none"), "--out", str(tmp_path / "page")])
    assert inside.value.code == 2
    assert "no run in" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


@pytest.mark.slow
def test_runs_that_are_finished_are_compared_and_keep_their_own_reports(finished: Path, tmp_path, capsys):
    own = finished / "report" / "index.html"
    before = own.read_bytes() if own.is_file() else None
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    with pytest.raises(SystemExit) as ended:
        main(["report", str(finished), str(copy), "--out", str(tmp_path / "page")])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert f"report  {tmp_path / 'page' / 'index.html'}" in printed
    assert printed.startswith("Run ")
    assert {path.name for path in (tmp_path / "page").iterdir() if path.is_dir()} == {finished.name, "copy"}
    assert (own.read_bytes() if own.is_file() else None) == before
