"""Architectures: frozen values that say all that a builder needs to make a network.

A space makes them, a builder turns them into a plain module, a trial records them. An architecture of a user's own is
any frozen dataclass of numbers, strings, tuples and further such dataclasses.
"""

import dataclasses
import hashlib
import json
import types
import typing
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Block:
    """One Transformer block: self-attention, then a feed-forward network."""

    attention: str
    """Attention kind, as text: a name from `nas.models.attention`, with what is set of it (`lrpe(core=complex)`)."""
    num_heads: int
    """Heads; q, k and v are `num_heads * head_dim` wide."""
    head_dim: int
    """Width of one head."""
    ffn_dim: int
    """Hidden width of the feed-forward network."""


@dataclass(frozen=True)
class Stack:
    """Blocks that share one residual stream."""

    embed_dim: int
    """Width of the residual stream, the same in every block."""
    blocks: tuple[Block, ...]
    """Blocks that exist; their number is the depth."""

    @property
    def depth(self) -> int:
        return len(self.blocks)


@dataclass(frozen=True)
class Architecture:
    """A Transformer; equal networks are equal values."""

    encoder: Stack


def to_json(architecture: Any) -> dict[str, Any]:
    """The architecture as plain dicts, lists, numbers and strings."""
    value = json.loads(json.dumps(dataclasses.asdict(architecture)))
    assert isinstance(value, dict)
    return value


def from_json(kind: type, value: Any) -> Any:
    """The architecture of class `kind` that `to_json` wrote.

    Raises: ValueError if a field is missing, unknown or of another type.
    """
    return _decode(kind, value, kind.__name__)


def architecture_id(architecture: Any) -> str:
    """Short name that is equal for equal architectures, in every process and on every machine."""
    text = json.dumps(to_json(architecture), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(arguments, value, where)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, value, where)
    if origin is tuple:
        return _decode_tuple(arguments, value, where)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{where}: expected {getattr(kind, '__name__', kind)}, found {value!r}")
    return value


def _decode_union(options: tuple[Any, ...], value: Any, where: str) -> Any:
    for option in options:
        try:
            return _decode(option, value, where)
        except ValueError:
            continue
    raise ValueError(f"{where}: {value!r} is none of {options}")


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    if not isinstance(value, dict) or set(value) != set(names):
        found = sorted(value) if isinstance(value, dict) else repr(value)
        raise ValueError(f"{where}: expected the fields {names}, found {found}")
    return kind(**{name: _decode(hints[name], value[name], f"{where}.{name}") for name in names})


def _decode_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected a list, found {value!r}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise ValueError(f"{where}: expected {len(arguments)} entries, found {len(value)}")
    return tuple(
        _decode(kind, item, f"{where}[{n}]") for n, (kind, item) in enumerate(zip(arguments, value, strict=True))
    )
