from nas.system.numbers import amount, number, percent


def test_shares_are_in_percent_with_the_digits_asked_for() -> None:
    assert (percent(0.126), percent(0.126, 1), percent(1)) == ("13 %", "12.6 %", "100 %")


def test_large_numbers_have_three_digits_and_a_prefix() -> None:
    assert (amount(12_345_678), amount(999_600), amount(None)) == ("12.3 M", "1.00 M", "\N{EN DASH}")
    assert (number(1_234_567.2), number(0.25)) == ("1,234,567", "0.25")
