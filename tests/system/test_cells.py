import pytest

from nas.system.cells import csv_cell, markdown_cell


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-"])
def test_a_cell_of_text_that_looks_like_a_formula_is_text(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+1.5", "-3e-05", "-inf", "1", "", "softmax", "a=b", "'=1"])
def test_numbers_and_other_text_stay_as_they_are(text: str) -> None:
    assert csv_cell(text) == text


def test_a_cell_of_markdown_is_text_in_one_line() -> None:
    assert markdown_cell("<img src=x onerror=alert(1)>") == "&lt;img src=x onerror=alert(1)&gt;"
    assert markdown_cell("a|b\nc &amp; d") == "a\\|b c &amp;amp; d"
    assert markdown_cell("lrpe(core=complex)") == "lrpe(core=complex)"
