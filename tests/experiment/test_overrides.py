import re
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.experiment.overrides import apply_overrides, split_overrides


@dataclass(frozen=True)
class Inner:
    steps: int = 100
    rate: float = 0.5
    precision: Literal["float32", "bf16"] = "float32"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps = {self.steps} must be at least 1")


@dataclass(frozen=True)
class Outer:
    name: str = "first"
    flag: bool = True
    most: int | None = 3
    sizes: tuple[int, ...] = (1, 2)
    arms: tuple[Literal["scratch", "inherited"], ...] = ("scratch",)
    kinds: tuple[str, ...] = ("softmax",)
    limits: dict[str, float] = field(default_factory=lambda: {"flops": 1e6})
    inner: Inner = Inner()
    other: Inner = Inner()
    what: object = None


def changed(*arguments: str) -> Any:
    rest, overrides = split_overrides(arguments, ())
    assert rest == []
    return apply_overrides(Outer(), overrides)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--name", "second"], Outer(name="second")),
        (["--flag", "false"], Outer(flag=False)),
        (["--flag", "True"], Outer()),
        (["--most", "12"], Outer(most=12)),
        (["--most", "none"], Outer(most=None)),
        (["--sizes", "4,5,6"], Outer(sizes=(4, 5, 6))),
        (["--sizes", "(4, 5)"], Outer(sizes=(4, 5))),
        (["--arms", "scratch,inherited"], Outer(arms=("scratch", "inherited"))),
        (["--kinds", "lrpe"], Outer(kinds=("lrpe",))),
        (["--kinds", "a(b=c,d=e(f=g)), h ,(i)"], Outer(kinds=("a(b=c,d=e(f=g))", "h", "(i)"))),
        (["--kinds", "('a', 'b(c=d)')"], Outer(kinds=("a", "b(c=d)"))),
        (["--inner.steps", "7"], Outer(inner=Inner(steps=7))),
        (["--inner.steps=2e3"], Outer(inner=Inner(steps=2_000))),
        (["--inner.rate", "-1e-3"], Outer(inner=Inner(rate=-0.001))),
        (["--inner.precision", "bf16"], Outer(inner=Inner(precision="bf16"))),
        (["--sizes", "4,5,"], Outer(sizes=(4, 5))),
        (["--limits.flops", "30e6"], Outer(limits={"flops": 3e7})),
        (["--limits.flops", "10e6..30e6"], Outer(limits={"flops": "10e6..30e6"})),
        (["--limits.parameters", "5"], Outer(limits={"flops": 1e6, "parameters": 5.0})),
        (["--inner.steps", "7", "--inner.rate", "1", "--name", "x"], Outer(name="x", inner=Inner(steps=7, rate=1.0))),
        (["--inner.steps", "7", "--other.steps", "8"], Outer(inner=Inner(steps=7), other=Inner(steps=8))),
    ],
)
def test_a_value_is_read_as_the_type_of_its_field(arguments: list[str], expected: Outer) -> None:
    found = changed(*arguments)
    assert found == expected
    assert repr(found) == repr(expected), "1 and 1.0 are equal, and so are 1 and True"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--nam", "x"],
            "no setting --nam; there are: name, flag, most, sizes, arms, kinds, limits, inner, other, what",
        ),
        (["--inner.step", "1"], "no setting --inner.step; there are: steps, rate, precision"),
        (["--name.first", "x"], "no setting --name.first: name is a value, not a group"),
        (["--inner", "x"], "--inner is a group of settings; change one of them with --inner.NAME"),
        (["--limits", "5"], "--limits is a group of settings; change one of them with --limits.NAME"),
        (["--inner.steps", "many"], "--inner.steps 'many': expected a whole number"),
        (["--inner.steps", "1.5"], "--inner.steps '1.5': expected a whole number"),
        (["--inner.steps", "True"], "--inner.steps 'True': expected a whole number"),
        (["--inner.steps", "1e999"], "--inner.steps '1e999': expected a whole number"),
        (["--inner.rate", "nan"], "--inner.rate 'nan': expected a number"),
        (["--inner.rate", "inf"], "--inner.rate 'inf': expected a number"),
        (["--flag", "yes"], "--flag 'yes': expected true or false"),
        (["--sizes", "4,x"], "--sizes 'x': expected a whole number"),
        (["--sizes", "8)16"], "the brackets of '8)16' do not match"),
        (["--sizes", "(8)(16)"], "the brackets of '8)(16' do not match"),
        (["--sizes", "8,,16"], "'8,,16' has nothing before a comma"),
        (["--kinds", "softmax)(linear"], "the brackets of 'softmax)(linear' do not match"),
        (["--kinds", "lrpe(core=complex"], "the brackets of 'lrpe(core=complex' do not match"),
        (["--kinds", ",,,"], "',,,' has nothing before a comma"),
        (["--arms", "scratch,warm"], "--arms 'warm': expected one of scratch, inherited"),
        (["--inner.precision", "fp8"], "--inner.precision 'fp8': expected one of float32, bf16"),
        (["--what", "x"], "--what cannot be changed on the command line; change it in the experiment's file"),
        (["--inner.steps", "0"], "steps = 0 must be at least 1"),
        (["--name"], "--name has no value"),
        (["--name", "--most", "3"], "--name has no value"),
    ],
)
def test_a_mistake_is_said_with_what_would_do(arguments: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        changed(*arguments)


def test_settings_are_told_from_the_arguments_of_the_command_wherever_they_stand() -> None:
    arguments = ["run", "--seed", "1", "file.py", "--out", "folder", "--limits.flops=3e7", "--weight-decay", "-1"]
    rest, overrides = split_overrides(arguments, {"--out"})
    assert rest == ["run", "file.py", "--out", "folder"]
    assert overrides == {"seed": "1", "limits.flops": "3e7", "weight_decay": "-1"}


@given(st.integers())
def test_whole_numbers_are_read_exactly_however_large(number: int) -> None:
    assert changed("--most", str(number)).most == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_python_writes_them(number: float) -> None:
    assert changed("--inner.rate", repr(number)).inner.rate == number


def test_nothing_changed_is_the_same_experiment() -> None:
    experiment = Outer()
    assert apply_overrides(experiment, {}) is experiment
