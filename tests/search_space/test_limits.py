"""Windows: their texts, their errors, and how far outside a cost is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.search_space.limits import Window, violation, window, windows

positive = st.floats(1e-3, 1e12)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (30e6, Window(at_most=30e6)),
        (12, Window(at_most=12)),
        ("30e6", Window(at_most=30e6)),
        ("..30e6", Window(at_most=30e6)),
        ("10e6..", Window(at_least=10e6)),
        ("10e6..30e6", Window(10e6, 30e6)),
        (" 0.5..1.5 ", Window(0.5, 1.5)),
        (".5...75", Window(0.5, 0.75)),
        (Window(1, 2), Window(1, 2)),
    ],
)
def test_a_limit_is_a_number_a_window_or_its_text(limit, expected):
    assert window(limit) == expected


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("30e6..10e6", "the ends of the window cross: at least 30,000,000, at most 10,000,000"),
        (Window, "needs to be a number above zero"),
        ("..", "needs an end"),
        ("small", "'small' is no window; write 30e6 or 10e6..30e6"),
        ("1..2..3", "is no window"),
        (0, "needs to be a number above zero"),
        (-1.0, "needs to be a number above zero"),
        (float("nan"), "needs to be a number above zero"),
        (float("inf"), "needs to be a number above zero"),
        (True, "needs to be a number above zero"),
        ("0..5", "needs to be a number above zero"),
    ],
)
def test_what_is_no_limit_is_refused_with_the_name_of_its_cost(limit, words):
    with pytest.raises(ValueError, match=r"^limit on flops: ") as error:
        windows({"flops": limit})
    assert words in str(error.value)


@given(positive, positive)
def test_both_ends_are_inside(first, second):
    least, most = sorted((first, second))
    limit = Window(least, most)
    assert limit.excess(least) == limit.excess(most) == 0


def test_the_excess_is_a_share_of_the_end_that_is_missed():
    limit = Window(100, 200)
    assert [limit.excess(cost) for cost in (50, 100, 150, 300)] == [0.5, 0, 0, 0.5]


def test_the_violation_is_the_sum_over_the_limits():
    limits = windows({"flops": 100, "parameters": "10..20"})
    assert violation({"flops": 150, "parameters": 5, "latency": 1e9}, limits) == pytest.approx(0.5 + 0.5)
    assert violation({"flops": 100, "parameters": 10}, limits) == 0


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_inside_no_window(cost):
    for limit in (Window(100, 200), Window(at_least=100), Window(at_most=200)):
        assert limit.excess(cost) == float("inf")


def test_a_window_reads_as_one_would_say_it():
    assert str(Window(at_most=2e6)) == "<= 2,000,000"
    assert str(Window(0.5, 1.5)) == ">= 0.5 and <= 1.5"
