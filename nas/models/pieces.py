"""Pieces: a network cut into parts whose costs add up, so that equal parts are counted once.

A candidate of twelve layers is a sum of fourteen cached numbers instead of a trace of the whole network.
"""

from collections.abc import Callable, Hashable
from typing import Any, Literal, NamedTuple

from torch import nn


class Piece(NamedTuple):
    """One part of a network, run on inputs of the given shapes."""

    key: Hashable
    """Equal for pieces of equal cost; all that `build` and the shapes depend on, within one task."""
    build: Callable[[], nn.Module]
    """Makes the part as a plain module."""
    shapes: tuple[tuple[int, ...], ...]
    """Shape of each input, batch dimension first, at batch 1."""
    inputs: Literal["features", "tokens"] = "features"
    """Whether it reads numbers, or the ids of tokens."""
    is_end: bool = False
    """Whether it stands between the network and its vocabulary, an embedding or the output layer, which the usual
    figures of translation leave out."""
    name: str = "network"
    """Name of the piece for people: `block`, `embedding`."""
    chosen: Any = None
    """Part of the architecture that it was made from, such as a `Block`; None where only widths were."""
