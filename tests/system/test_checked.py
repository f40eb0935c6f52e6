import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from nas.system.checked import DEEPEST, Count, Least, bounded, checked, parsed


class Inner(TypedDict):
    size: Count
    name: NotRequired[str | None]


class Outer(TypedDict):
    rows: list[Inner]
    share: Annotated[float, Least(0)]
    side: Literal["left", "right"]
    by_name: dict[str, float]
    free: Any


GOOD = {"rows": [{"size": 1}, {"size": 0, "name": None}], "share": 1, "side": "left", "by_name": {"a": 2.5}, "free": []}


def test_a_value_of_the_type_passes_with_further_keys() -> None:
    checked(Outer, GOOD | {"more": 1})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": {}}, "rows is {}, not a list"),
        ({"rows": [{"size": -1}]}, r"rows\[0\].size is -1, less than 0"),
        ({"rows": [{"size": 1}, {}]}, r"rows\[1\].size is missing"),
        ({"rows": [{"size": True}]}, r"rows\[0\].size is true, not a whole number"),
        ({"rows": [{"size": 1, "name": 5}]}, r"rows\[0\].name is 5, not a text or null"),
        ({"share": "1"}, 'share is "1", not a number'),
        ({"side": "up"}, 'side is "up", not one of left, right'),
        ({"side": []}, "side is .*, not one of left, right"),
        ({"by_name": {"a": None}}, "by_name.a is null, not a number"),
        ({"by_name": [1]}, r"by_name is \[1\], not an object"),
    ],
)
def test_a_wrong_value_is_said_with_its_key(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        checked(Outer, GOOD | change)


@pytest.mark.parametrize(
    "text", ["", "nul", "[1,]", b"\xff", "NaN", "[-Infinity]", "1e400", "9" * 5_000, '{"a": 1', "\ufeff1"]
)
def test_no_json_is_a_value_error_of_a_line(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"\A.{1,200}\Z"):
        parsed(text)


@pytest.mark.parametrize("opening", ["[", '{"a": '])
def test_nesting_has_a_limit(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    value = parsed(opening * DEEPEST + "1" + closing * DEEPEST)
    assert json.dumps(value).count("1") == 1
    for depth in (DEEPEST + 1, 200_000):
        with pytest.raises(ValueError, match="nested deeper than 100 levels"):
            parsed(opening * depth + "1" + closing * depth)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"encoder": {"embed_dim": 10**15}}, "a.encoder.embed_dim is 1000000000000000, not from 1 to 100"),
        ({"blocks": [{"heads": 4}, {"heads": -1}]}, r"a.blocks\[1\].heads is -1, not from 1 to 100"),
        ({"ratio": 100.5}, "a.ratio is 100.5, not from -100 to 100"),
        ({"blocks": [2] * 11}, "a.blocks has 11 entries, more than 10"),
    ],
)
def test_a_size_outside_its_range_is_said_with_its_place(value: Any, said: str) -> None:
    bounded({"kind": "linear", "on": False, "blocks": [1] * 10, "width": 100, "ratio": 0.5}, "a", (1, 100), 10)
    with pytest.raises(ValueError, match=f"^{said}$"):
        bounded(value, "a", (1, 100), 10)
