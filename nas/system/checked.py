"""JSON that anybody may have written: read within limits, and held to a type, so that no later line trips over it."""

import json
import math
import types
import typing
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Union, get_args, get_origin, is_typeddict

MOST_BYTES = 256 * 2**20
DEEPEST = 100
"""Lists and objects inside one another."""
MOST_DIGITS = 20
"""Digits of a whole number: as many as 64 bits hold."""


class Least(NamedTuple):
    """The smallest value of a number."""

    value: float


Count = Annotated[int, Least(0)]
Amount = Annotated[float, Least(0)]


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text. Raises: ValueError, with the reason alone, if it is none or exceeds a limit."""
    if len(text) > MOST_BYTES:
        raise ValueError(f"{len(text):,} bytes, more than {MOST_BYTES:,}")
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(plain, parse_float=_finite, parse_int=_whole, parse_constant=_refused)
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels") from None
    level, depth = [value], 0
    while level := [item for each in level for item in _items(each)]:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST} levels")
    return value


def checked(kind: Any, value: Any, where: str = "the value") -> None:
    """Hold a JSON value to a type: a scalar, Literal, union, list, dict or TypedDict, whose further keys are let pass.

    Args:
        where: The value's name in the message.

    Raises: ValueError that names the key, what it is and what it should be.
    """
    if kind is Any or (is_typeddict(kind) and _is_object(kind, value, where)):
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        checked(arguments[0], value, where)
        _at_least(arguments[1], value, where)
    elif origin is NotRequired:
        checked(arguments[0], value, where)
    elif origin in (list, dict) and isinstance(value, origin):
        for key, item in enumerate(value) if origin is list else value.items():
            checked(arguments[-1], item, f"{where}[{key}]" if origin is list else f"{where}.{key}")
    elif origin is Union or origin is types.UnionType:
        _one_of(arguments, value, where)
    elif not _is_scalar(kind, value):
        raise ValueError(f"{where} is {_short(value)}, not {_words(kind)}")


def bounded(value: Any, where: str, numbers: tuple[float, float], longest: int) -> None:
    """Hold every whole number inside a JSON value to a range, others to its upper end, and every list to a length.

    Raises: ValueError that names the first that is outside.
    """
    least, most = numbers if isinstance(value, int) else (-numbers[1], numbers[1])
    if isinstance(value, int | float) and not isinstance(value, bool) and not least <= value <= most:
        raise ValueError(f"{where} is {value:.16g}, not from {least:,.0f} to {most:,.0f}")
    if isinstance(value, list) and len(value) > longest:
        raise ValueError(f"{where} has {len(value):,} entries, more than {longest:,}")
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        bounded(item, f"{where}[{key}]" if isinstance(value, list) else f"{where}.{key}", numbers, longest)


def _is_object(kind: Any, value: Any, where: str) -> bool:
    """True for a value with the keys of a TypedDict. Raises: ValueError if it has not."""
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {_short(value)}, not an object")
    for name, own in typing.get_type_hints(kind, include_extras=True).items():
        if name in value:
            checked(own, value[name], name if where == "the value" else f"{where}.{name}")
        elif name in kind.__required_keys__:
            raise ValueError(f"{name if where == 'the value' else f'{where}.{name}'} is missing")
    return True


def _at_least(least: Least, value: Any, where: str) -> None:
    if value < least.value:
        raise ValueError(f"{where} is {value}, less than {least.value}")


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> None:
    real = [kind for kind in kinds if kind is not type(None)]
    if len(real) == 1 and get_origin(real[0]) in (list, dict) and isinstance(value, get_origin(real[0])):
        # its own message names the place inside
        checked(real[0], value, where)
        return
    for kind in kinds:
        try:
            checked(kind, value, where)
            return
        except ValueError:
            continue
    raise ValueError(f"{where} is {_short(value)}, not {' or '.join(map(_words, kinds))}")


def _is_scalar(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return any(type(value) is type(each) and value == each for each in get_args(kind))
    # JSON has one kind of number; true and false are none
    if kind is float:
        return type(value) in (int, float)
    return value is None if kind in (None, type(None)) else type(value) is kind


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _words(kind: Any) -> str:
    names = {float: "a number", int: "a whole number", str: "a text", bool: "true or false", type(None): "null"}
    origin = get_origin(kind)
    if origin is Annotated:
        return _words(get_args(kind)[0])
    if origin is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    return names.get(kind) or ("a list" if list in (kind, origin) else "an object")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"the number {text[:20]} is out of range")
    return value


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS + 1:
        raise ValueError(f"the number {text[:20]}... is out of range")
    return int(text)


def _refused(text: str) -> float:
    raise ValueError(f"{text} is no number")
