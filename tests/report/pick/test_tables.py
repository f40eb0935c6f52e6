import csv
import io
import json

from nas.report.pick.tables import front_csv, front_table, retrained_csv, trials_csv
from nas.report.summary import Summary
from nas.report.tables import as_latex, as_markdown, as_text
from nas.search_space import Architecture, architecture_id, from_json


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_trials_csv_keeps_every_digit(make_data):
    data = make_data()
    rows = rows_of(trials_csv(Summary(data)))
    assert len(rows) == len(data.trials)
    for row, trial in zip(rows, data.trials, strict=True):
        assert (float(row["flops"]), float(row["violation"])) == (trial.costs["flops"], trial.violation)
        assert (float(row["quality"]) if row["quality"] else None) == trial.quality
        assert from_json(Architecture, json.loads(row["architecture"])) == trial.architecture


def test_front_csv_holds_the_front_then_what_it_is_compared_with(make_data):
    summary = Summary(make_data())
    rows = rows_of(front_csv(summary))
    expected = [*summary.front, *summary.homogeneous, *summary.hybrids]
    assert [row["id"] for row in rows] == [network.id for network in expected]
    for row, network in zip(rows, expected, strict=True):
        assert float(row["inherited"]) == network.inherited
        assert float(row["scratch_mean"] or "nan") == network.arms["scratch"].mean if network.arms else True


def test_retrained_csv_holds_every_training(make_data):
    data = make_data()
    rows = rows_of(retrained_csv(data))
    assert [float(row["quality"]) for row in rows] == [result.quality for result in data.retrained]


def test_text_table_lines_up(make_data):
    rows = front_table(Summary(make_data()))
    lines = as_text(rows).splitlines()
    assert len(lines) == len(rows) + 1
    column = lines[0].index("Attention")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)


def test_accuracy_is_shown_in_percent_with_its_spread(make_data):
    data = make_data()
    first = data.retrained[0]
    assert architecture_id(first.architecture) == first.id
    row = next(row for row in front_table(Summary(data)) if row[0] == first.id)
    # three seeds a hundredth apart around seed 1: one point each side, so a deviation of one point
    middle = 100 * (first.quality + 0.01)
    assert f"{middle:.2f} ± 1.00 (3)" in row


def test_markdown_and_latex_have_a_row_for_each_network(make_data):
    rows = front_table(Summary(make_data()))
    assert len(as_markdown(rows).splitlines()) == len(rows) + 1
    assert as_latex(rows).count(r"\\") == len(rows)


def test_special_characters_are_escaped():
    rows = [("a|b", "50 %"), ("x_1", "R&D")]
    assert r"a\|b" in as_markdown(rows)
    assert r"50 \%" in as_latex(rows) and r"x\_1 & R\&D" in as_latex(rows)


def test_no_rows_make_no_text():
    assert as_text([]) == ""
