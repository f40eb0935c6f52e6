"""Architectures as rows of numbers, for models that predict quality.

Three sets of columns, all between 0 and 1 (-1 and 1 for options below zero). One-hot: a column for each option of each
choice; a choice that is not asked, such as one of a layer that is absent, is all zeros. Counts: over the layers of one
choice (`encoder.blocks.*.attention`), the share that took an option. Totals: where the options are numbers, their sum
over the layers as a share of the most. Kinds are strings: they have one-hot and count columns only, so they are never
ordered nor averaged.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.space import Option, Space, among_kinds

SAMPLES = 256
MOST_REMEMBERED = 200_000


class Features:
    """Rows of features; the columns follow from the space alone, not from its limits or from what was tried."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self.choices = all_choices(space)
        """The options of every choice that the space is known to ask."""
        self._place = _places(self.choices)
        names = list(self.choices)
        self._owner = np.array([names.index(name) for name, _ in self._place], dtype=np.int64)
        self.one_hot = len(self._place)
        """Number of one-hot columns, which come first."""
        one_hot_names = [f"{name}={option}" for name, option in self._place]
        sums = _sums(self.choices, self._place)
        self.names = (*one_hot_names, *sums)
        """A name for each column."""
        self._weights = np.array(list(sums.values()), dtype=np.float64).reshape(len(sums), self.one_hot).T
        self._known: dict[Any, list[int]] = {}

    def __call__(self, architectures: Sequence[Any]) -> NDArray[np.float64]:
        """One row for each architecture."""
        ones = [self._ones(architecture) for architecture in architectures]
        rows = np.repeat(np.arange(len(ones)), [len(each) for each in ones])
        one_hot = np.zeros((len(ones), self.one_hot))
        one_hot[rows, [place for each in ones for place in each]] = 1
        # rounded, so that equal sums are equal however many rows are multiplied at once
        return np.hstack([one_hot, np.round(one_hot @ self._weights, 12)])

    def answers(self, architectures: Sequence[Any]) -> NDArray[np.int64]:
        """The one-hot column of what each choice took, a row for each architecture; -1 where it is not asked."""
        found = np.full((len(architectures), len(self.choices)), -1, dtype=np.int64)
        for row, architecture in zip(found, architectures, strict=True):
            places = self._ones(architecture)
            row[self._owner[places]] = places
        return found

    def per_choice(self, values: NDArray[np.float64]) -> dict[str, float]:
        """Sums of a value of each column over the columns of each choice; layers share that of a column of sums."""
        owners = np.abs(np.hstack([np.eye(self.one_hot), self._weights]))
        shares = owners / owners.sum(0, keepdims=True)
        totals = dict.fromkeys(self.choices, 0.0)
        for (name, _), value in zip(self._place, shares @ values, strict=True):
            totals[name] += float(value)
        return totals

    def _ones(self, architecture: Any) -> list[int]:
        """The one-hot columns that are 1."""
        found = self._known.get(architecture)
        if found is None:
            # it is emptied whole, which costs time alone and that seldom
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            found = self._known[architecture] = self._asked(architecture)
        return found

    def _asked(self, architecture: Any) -> list[int]:
        found: list[int] = []

        def choose(name: str, _: Sequence[Option]) -> Option:
            answer = self._space.lookup(architecture, name)
            place = self._place.get((name, answer))
            if place is not None:
                found.append(place)
            return answer

        self._space.build(choose)
        return found


@lru_cache(maxsize=4)
def features(space: Space) -> Features:
    """The features of a space, kept with what they remember of its architectures."""
    return Features(space.space if isinstance(space, FeasibleSpace) else space)


def all_choices(space: Space) -> dict[str, tuple[Option, ...]]:
    """Each choice that the largest, the smallest or one of 256 random networks asks, with all options seen for it."""
    rng = np.random.default_rng(0)
    found: dict[str, dict[Option, None]] = {}
    for architecture in (space.largest(), space.smallest(), *(space.sample(rng) for _ in range(SAMPLES))):
        for name, options in space.options(architecture).items():
            found.setdefault(name, {}).update(dict.fromkeys(options))
    return {name: tuple(options) for name, options in found.items()}


def layered(name: str) -> str:
    """The name of a choice with a star for the layer: `encoder.blocks.3.attention` is `encoder.blocks.*.attention`."""
    return ".".join("*" if part.isdigit() else part for part in name.split("."))


def _places(choices: dict[str, tuple[Option, ...]]) -> dict[tuple[str, Option], int]:
    pairs = [(name, option) for name, options in choices.items() for option in options]
    return {pair: place for place, pair in enumerate(pairs)}


def _sums(
    choices: dict[str, tuple[Option, ...]], places: dict[tuple[str, Option], int]
) -> dict[str, NDArray[np.float64]]:
    """Weights of the one-hot columns in each column of counts and totals, by its name."""
    layers: dict[str, list[str]] = {}
    for name in choices:
        layers.setdefault(layered(name), []).append(name)
    sums: dict[str, NDArray[np.float64]] = {}
    for group, names in layers.items():
        options = list(dict.fromkeys(option for name in names for option in choices[name]))
        if len(names) > 1:
            for option in options:
                count = sums[f"{group}={option}"] = np.zeros(len(places))
                count[[places[name, option] for name in names if option in choices[name]]] = 1 / len(names)
        if not among_kinds(options):
            total = sums[f"sum of {group}"] = np.zeros(len(places))
            most = sum(max(abs(float(option)) for option in choices[name]) for name in names) or 1.0
            for name in names:
                for option in choices[name]:
                    total[places[name, option]] = float(option) / most
    return sums
