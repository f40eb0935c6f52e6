import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.system.ranges import Range, check, is_allowed, read_number, require, shortened, words


@dataclass(frozen=True)
class Settings:
    steps: Annotated[int, Range(1, 1_000)] = 10
    rate: Annotated[float, Range(0, 1, without_least=True)] = 0.5
    share: Annotated[float, Range(0, 1, without_most=True)] = 0.5
    rule: Literal["one", "two"] = "one"
    widths: tuple[Annotated[int, Range(1, 64)], ...] = (8,)
    sides: tuple[int, int] = (1, 2)
    most: Annotated[int, Range(1, 9)] | None = None
    flag: bool = False
    name: str = "plain"
    anything: Any = None
    table: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Narrower(Settings):
    steps: int = 5
    own: Annotated[int, Range(0, 1)] = 0


def refusal(name: str, value: Any) -> str | None:
    """The message with which a value is refused; None if it is taken."""
    try:
        replace(Settings(), **{name: value})
    except ValueError as error:
        return str(error)
    return None


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.tuples(), st.lists(st.integers())
)


@given(st.integers())
def test_a_whole_number_is_taken_exactly_if_it_is_in_the_range(number: int) -> None:
    if 1 <= number <= 1_000:
        assert Settings(steps=number).steps == number
    else:
        with pytest.raises(ValueError, match=r"^steps needs a whole number from 1 to 1,000; found "):
            Settings(steps=number)


@given(st.floats())
def test_a_number_is_taken_exactly_if_it_is_in_the_range(number: float) -> None:
    for name, inside in (("rate", 0 < number <= 1), ("share", 0 <= number < 1)):
        if inside:
            assert getattr(replace(Settings(), **{name: number}), name) == number
        else:
            with pytest.raises(ValueError, match=f"^{name} needs a number "):
                replace(Settings(), **{name: number})


@given(st.sampled_from(["steps", "rate", "rule", "widths", "sides", "most", "flag", "name"]), anything)
def test_what_is_refused_is_refused_in_one_short_line_that_names_the_setting(name: str, value: Any) -> None:
    said = refusal(name, value)
    if said is None:
        assert type(value) in (int, float, bool, str, tuple, type(None))
    else:
        assert said.startswith(f"{name} needs ")
        assert "\n" not in said
        assert len(said) < 200


@given(st.tuples(st.integers(-3, 70), st.integers(-3, 70)))
def test_every_item_of_a_tuple_is_checked(widths: tuple[int, int]) -> None:
    allowed = tuple[Annotated[int, Range(1, 64)], ...]
    assert is_allowed(widths, allowed) == all(1 <= width <= 64 for width in widths)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steps": True}, "steps needs a whole number from 1 to 1,000; found True"),
        ({"steps": 2.0}, "steps needs a whole number from 1 to 1,000; found 2.0"),
        ({"rate": 0}, "rate needs a number above 0, up to 1; found 0"),
        ({"share": 1}, "share needs a number from 0 to below 1; found 1"),
        ({"rate": math.nan}, "rate needs a number above 0, up to 1; found nan"),
        ({"rate": 10**400}, "rate needs a number above 0, up to 1; found 1000"),
        ({"rule": "three"}, "rule needs one of one, two; found 'three'"),
        ({"rule": ["one"]}, "rule needs one of one, two; found ['one']"),
        ({"widths": [8]}, "widths needs a tuple, each a whole number from 1 to 64; found [8]"),
        ({"widths": 8}, "widths needs a tuple, each a whole number from 1 to 64; found 8"),
        ({"sides": (1,)}, "sides needs a tuple of a whole number and a whole number; found (1,)"),
        ({"most": 0}, "most needs a whole number from 1 to 9 or None; found 0"),
        ({"flag": 1}, "flag needs True or False; found 1"),
        ({"name": None}, "name needs a text; found None"),
        ({"name": b"x"}, "name needs a text; found b'x'"),
    ],
)
def test_the_message_says_what_is_needed_and_what_was_found(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"needs") as error:
        Settings(**changed)
    assert str(error.value).startswith(said)


def test_a_subclass_keeps_the_ranges_of_its_base() -> None:
    with pytest.raises(ValueError, match="steps needs a whole number from 1 to 1,000; found 0"):
        Narrower(steps=0)
    with pytest.raises(ValueError, match="own needs a whole number from 0 to 1; found 2"):
        Narrower(own=2)
    assert Narrower().steps == 5


def test_a_class_of_the_projects_is_asked_for_by_its_name() -> None:
    with pytest.raises(ValueError, match="what needs a Settings or None; found 3"):
        require("what", 3, Settings | None)
    require("what", Narrower(), Settings | None)


@given(st.integers(-(10**30), 10**30))
def test_a_whole_number_is_read_as_it_is_written(number: int) -> None:
    assert read_number(str(number), int) == number


@pytest.mark.parametrize("text", ["", "x", "1.5", "nan", "inf", "1e999", "0x10", "1" * 5_000, "True"])
def test_what_says_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a whole number") as error:
        read_number(text, int)
    assert len(str(error.value)) < 100


def test_powers_of_ten_are_whole_numbers() -> None:
    assert read_number("2e3", int) == 2_000
    assert type(read_number("2e3", int)) is int


def test_a_number_that_python_does_not_write_is_told_by_its_size() -> None:
    assert shortened(10**5_000) == "a number of about 5,000 digits"
    assert len(shortened("x" * 1_000_000)) == 60


def test_the_words_of_a_range_are_those_of_its_ends() -> None:
    assert words(Annotated[float, Range(0.5, 1e9)]) == "a number from 0.5 to 1e+09"
