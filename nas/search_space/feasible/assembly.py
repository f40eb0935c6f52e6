"""Architectures of a frame put together from parts that were built before.

A slot is named by the place where the architecture shows it, so what an alternative makes of `encoder.blocks.3` is
built once and remembered. Where a space shows its slots elsewhere, or makes a part by more than the slot's own choices,
every architecture is built from its choices.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from nas.search_space.feasible.frames import Frame, Frames
from nas.search_space.feasible.slots import outer_slot
from nas.search_space.space import Space

CHECKED_DRAWS = 32

Network = tuple[int, list[int]]
"""Number of a frame, and an alternative for each of its slots."""


class Assembly:
    """Architectures by their place in a space's frames."""

    def __init__(self, space: Space, frames: Frames) -> None:
        self._space = space
        self._frames = frames.frames
        self._moulds: dict[int, _Mould | None] = {}

    def __call__(self, network: Network) -> Any:
        frame, picks = network
        if frame not in self._moulds:
            self._moulds[frame] = _mould(self._space, self._frames[frame])
        mould = self._moulds[frame]
        return self._space.replay(self._frames[frame].genes(picks)) if mould is None else mould(picks)


class _Mould:
    """One architecture of a frame, in which tuples of parts are exchanged."""

    def __init__(self, space: Space, frame: Frame) -> None:
        """Raises: AttributeError, IndexError or TypeError if the architecture shows the slots elsewhere."""
        self._space = space
        self._frame = frame
        self._reference = space.replay(frame.genes([0] * len(frame.slots)))
        self._places = [_place(slot.paths[0][0][0].name) for slot in frame.slots]
        self._slots: dict[tuple[str, ...], list[int]] = {}
        for slot, (path, index) in enumerate(self._places):
            self._slots.setdefault(path, []).append(slot)
            _at(self._reference, path)[index]
        for path, slots in self._slots.items():
            slots.sort(key=lambda slot: self._places[slot][1])
            if len(slots) != len(_at(self._reference, path)):
                raise IndexError(path)
        self._parts: list[dict[int, Any]] = [{} for _ in frame.slots]

    def __call__(self, picks: Sequence[int]) -> Any:
        architecture = self._reference
        for path, slots in self._slots.items():
            parts = tuple(self._parts[slot].get(picks[slot]) or self._part(slot, picks[slot]) for slot in slots)
            architecture = _with(architecture, path, parts)
        return architecture

    def _part(self, slot: int, pick: int) -> Any:
        picks = [0] * len(self._places)
        picks[slot] = pick
        path, index = self._places[slot]
        part = _at(self._space.replay(self._frame.genes(picks)), path)[index]
        self._parts[slot][pick] = part
        return part


def _mould(space: Space, frame: Frame) -> _Mould | None:
    """None where putting parts together does not make what building makes."""
    rng = np.random.default_rng(0)
    try:
        mould = _Mould(space, frame)
        for _ in range(CHECKED_DRAWS):
            picks = [int(rng.integers(len(slot.paths))) for slot in frame.slots]
            if mould(picks) != space.replay(frame.genes(picks)):
                return None
    except (AttributeError, IndexError, TypeError):
        return None
    return mould


def _place(name: str) -> tuple[tuple[str, ...], int]:
    """Where a choice's slot stands: the path of a tuple, and the place in it."""
    *path, index = (outer_slot(name) or "").split(".")
    return tuple(path), int(index)


def _at(architecture: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        architecture = getattr(architecture, name)
    return architecture


def _with(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """`value` with what stands at the path exchanged."""
    if not path:
        return new
    return dataclasses.replace(value, **{path[0]: _with(getattr(value, path[0]), path[1:], new)})
