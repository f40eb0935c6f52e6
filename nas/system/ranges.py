"""Ranges of settings, stated beside their types and checked where a value is made.

    steps: Annotated[int, Range(1, 10_000)]

A frozen dataclass calls `check(self)` when it is made, so a value from a file and one from the command line meet the
same check. A subclass keeps the ranges of its base classes, whatever it writes in their place.
"""

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

LONGEST_VALUE = 60
"""Characters of a value in a message."""
_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "True or False", type(None): "None"}


@dataclass(frozen=True)
class Range:
    """The numbers from `least` to `most`."""

    least: float
    most: float
    without_least: bool = False
    """Whether `least` itself is outside."""
    without_most: bool = False
    """Whether `most` itself is outside."""

    def __contains__(self, value: float) -> bool:
        above = value > self.least if self.without_least else value >= self.least
        return above and (value < self.most if self.without_most else value <= self.most)

    def __str__(self) -> str:
        least, most = (f"{end:,}" if isinstance(end, int) else f"{end:g}" for end in (self.least, self.most))
        start = f"above {least}, up to" if self.without_least else f"from {least} to"
        return f"{start} {'below ' if self.without_most else ''}{most}"


Share = Annotated[float, Range(0, 1)]
ShareBelowOne = Annotated[float, Range(0, 1, without_most=True)]
Threads = Annotated[int, Range(1, 512)]
BatchSize = Annotated[int, Range(1, 10_000_000)]
Tokens = Annotated[int, Range(1, 131_072)]
"""Length of a sequence."""
Seed = Annotated[int, Range(0, 2**32 - 1)]


def check(settings: Any, prefix: str = "") -> None:
    """Check every field of a dataclass against its type and range.

    Args:
        prefix: Words before the name of a field in the message.

    Raises: ValueError that names the field, what it needs and what was found.
    """
    kind: type = type(settings)
    for name, allowed in _fields(kind):
        require(f"{prefix}{name}", getattr(settings, name), allowed)


def require(name: str, value: Any, allowed: Any) -> None:
    """Raises: ValueError if a value is not of the type and in the range `allowed`."""
    if not is_allowed(value, allowed):
        raise ValueError(f"{name} needs {words(allowed)}; found {shortened(value)}")


def is_allowed(value: Any, allowed: Any) -> bool:
    """Whether a value is of the type and in the range `allowed`."""
    origin, arguments = typing.get_origin(allowed), typing.get_args(allowed)
    if allowed is Any:
        return True
    if origin is Annotated:
        ranges = (each for each in arguments[1:] if isinstance(each, Range))
        return is_allowed(value, arguments[0]) and all(value in each for each in ranges)
    if origin is Literal:
        # 8.0 equals 8, but not as text
        return any(type(value) is type(option) and value == option for option in arguments)
    if origin in (typing.Union, types.UnionType):
        return any(is_allowed(value, each) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and _are_allowed(value, arguments)
    return _is_of_class(value, origin or allowed)


def words(allowed: Any) -> str:
    """The type and range `allowed`, in words: `a whole number from 1 to 10`."""
    origin, arguments = typing.get_origin(allowed), typing.get_args(allowed)
    if origin is Annotated:
        return " ".join([words(arguments[0]), *(str(each) for each in arguments[1:] if isinstance(each, Range))])
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(words(each) for each in arguments)
    if origin is tuple:
        each = " and ".join(words(item) for item in arguments if item is not Ellipsis)
        return f"a tuple, each {each}" if Ellipsis in arguments else f"a tuple of {each}"
    return _WORDS.get(allowed, f"a {getattr(origin or allowed, '__name__', allowed)}")


def read_number(text: str, kind: type) -> Any:
    """The number of type `kind` that a text says; `2e3` is a whole number.

    Raises: ValueError if it says none.
    """
    # as a float too: 2e3 is a whole number
    for read in (kind, float):
        with suppress(ValueError, OverflowError):
            number = read(text)
            if _is_finite(number) and number == kind(number):
                return kind(number)
    raise ValueError(f"{shortened(text)} is not {words(kind)}")


def shortened(value: Any) -> str:
    """A value as a message shows it."""
    try:
        text = repr(value)
    except ValueError:
        # Python writes no whole number of more than 4,300 digits
        text = f"a number of about {int(value.bit_length() * math.log10(2)):,} digits"
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _are_allowed(values: tuple[Any, ...], allowed: tuple[Any, ...]) -> bool:
    if len(allowed) == 2 and allowed[1] is Ellipsis:
        return all(is_allowed(value, allowed[0]) for value in values)
    return len(values) == len(allowed) and all(map(is_allowed, values, allowed))


def _is_of_class(value: Any, expected: Any) -> bool:
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
    if expected is int and isinstance(value, bool):
        return False
    return isinstance(value, expected)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        # a whole number beyond every float
        return False


@cache
def _fields(kind: type) -> list[tuple[str, Any]]:
    """Each field with every type that the class and its bases give it."""
    names = {field.name for field in dataclasses.fields(kind)}
    return [(name, allowed) for name, allowed in _annotations(kind) if name in names]


def _annotations(kind: type) -> Iterator[tuple[str, Any]]:
    for each in kind.__mro__:
        annotations: dict[str, Any] = inspect.get_annotations(each, eval_str=True)
        for name, allowed in annotations.items():
            origin: Any = typing.get_origin(allowed)
            if origin is not ClassVar:
                yield name, allowed
