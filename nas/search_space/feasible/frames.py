"""Frames: a space as a disjoint union of products, found by asking its `build` alone.

A choice whose name has a number in it belongs to a slot: that of `decoder.blocks.3.cross_attention.kind` is the name
without its last part, or up to the number where the parts of a block depend on one another. Every other choice (width,
depth) is common to the network. A frame is one way to answer the common choices: it has slots, and a network of the
frame is one alternative for each of them, whatever the other slots take. What is not so made, because a slot asks by
what another one answered, has no frames.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.search_space.feasible.slots import SlotOf, inner_slot, outer_slot
from nas.search_space.space import Choose, Genes, Option, Space

MOST_ALTERNATIVES = 40_000
"""Alternatives of all slots of all frames; each is built once."""
CHECKED_DRAWS = 128

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Answer(NamedTuple):
    """One choice and how it was answered."""

    name: str
    value: Option
    options: tuple[Option, ...]


Path = tuple[Answer, ...]
"""Answers in the order in which they were asked for."""
Chance = Callable[[Answer], float]
"""How likely a choice is answered so, given that it is asked."""


@dataclass(frozen=True)
class Alternatives:
    """The alternatives of a slot, or of what is common to a frame, each with the paths that make it.

    Several paths may make equal networks, such as two ratios that round to one width; the first stands for all.
    """

    paths: tuple[tuple[Path, ...], ...]

    @cached_property
    def genes(self) -> tuple[Genes, ...]:
        """The choices that make each alternative."""
        return tuple({answer.name: answer.value for answer in paths[0]} for paths in self.paths)

    @cached_property
    def numbers(self) -> dict[Path, int]:
        """Which alternative a path makes."""
        return {path: number for number, paths in enumerate(self.paths) for path in paths}

    def indexed(self, numbers: dict[Answer, int]) -> tuple[Ints, Ints]:
        """Numbers of the answers of every path, filled up with 0, and which alternative the path makes."""
        longest = max(map(len, self.numbers))
        rows = [[numbers[answer] for answer in path] + [0] * (longest - len(path)) for path in self.numbers]
        return np.array(rows, dtype=np.int64).reshape(len(rows), longest), np.array(list(self.numbers.values()))


@dataclass(frozen=True)
class Frame:
    """The networks that share one way to answer the common choices."""

    common: Alternatives
    """A single alternative."""
    slots: tuple[Alternatives, ...]

    def genes(self, picks: Sequence[int]) -> Genes:
        """The choices of the network that takes `picks[i]` in slot i."""
        genes = dict(self.common.genes[0])
        for slot, pick in zip(self.slots, picks, strict=True):
            genes.update(slot.genes[pick])
        return genes


class Weights(NamedTuple):
    """Weights of networks, each the product of the weights of its frame and of its alternative in each slot."""

    frames: Floats
    slots: list[list[Floats]]
    """By frame and slot, one of each alternative."""


class Frames:
    """All frames of a space."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = tuple(frames)
        # 0 stands for an answer that is certain
        self._numbers: dict[Answer, int] = {}
        for frame in self.frames:
            for alternatives in (frame.common, *frame.slots):
                for answer in chain.from_iterable(alternatives.numbers):
                    self._numbers.setdefault(answer, len(self._numbers) + 1)
        self._indexed = [
            [each.indexed(self._numbers) for each in (frame.common, *frame.slots)] for frame in self.frames
        ]

    def weights(self, chance: Chance) -> Weights:
        """How likely each network comes out where choices are answered by chance, independently of one another."""
        chances = np.array([1.0, *map(chance, self._numbers)])
        found: list[list[Floats]] = [
            [np.bincount(number, chances[answers].prod(1)).astype(np.float64) for answers, number in alternatives]
            for alternatives in self._indexed
        ]
        return Weights(np.array([common[0] for common, *_ in found]), [slots for _, *slots in found])

    def equal_weights(self) -> Weights:
        """1 for every network."""
        slots = [[np.ones(len(slot.paths)) for slot in frame.slots] for frame in self.frames]
        return Weights(np.ones(len(self.frames)), slots)


def uniformly(answer: Answer) -> float:
    """The chances of `Space.sample`."""
    return 1 / len(answer.options)


def mutating(genes: Genes, rate: Callable[[str], float]) -> Chance:
    """The chances of `Space.mutate`."""

    def chance(answer: Answer) -> float:
        name, value, options = answer
        if genes.get(name) not in options:
            return 1 / len(options)
        redrawn = min(1.0, max(0.0, rate(name)))
        return redrawn / len(options) + (1 - redrawn if value == genes[name] else 0.0)

    return chance


def crossing(parents: Sequence[Genes], redrawn: float = 0.0) -> Chance:
    """The chances of `Space.cross`; a share `redrawn` of all choices is uniform instead."""

    def chance(answer: Answer) -> float:
        name, value, options = answer
        answers = [genes[name] for genes in parents if genes.get(name) in options]
        if not answers:
            return 1 / len(options)
        return redrawn / len(options) + (1 - redrawn) * answers.count(value) / len(answers)

    return chance


def find_frames(space: Space) -> Frames | None:
    """The frames of a space; None if it is not made so, or has too many alternatives to build each of them."""
    # the smaller the slots, the fewer their alternatives
    for slot_of in (inner_slot, outer_slot):
        explorer = _Explorer(space, slot_of)
        try:
            frames = _merged([explorer.frame(path, slots) for path, slots in explorer.common_paths()], explorer)
        except _NotFramedError:
            continue
        if _holds(explorer, frames):
            return Frames(frames)
    return None


class _NotFramedError(Exception):
    """The space is not a union of products, or too large a one."""


class _Explorer:
    def __init__(self, space: Space, slot_of: SlotOf) -> None:
        self.space = space
        self.slot_of = slot_of
        self._left = MOST_ALTERNATIVES

    def common_paths(self) -> list[tuple[Path, list[str]]]:
        """Every way to answer the common choices, with the slots that there are then."""
        return [
            (
                self.of_slot(answers, None),
                list(dict.fromkeys(filter(None, (self.slot_of(each.name) for each in answers)))),
            )
            for answers, _ in self._paths(None, {})
        ]

    def of_slot(self, answers: Sequence[Answer], slot: str | None) -> Path:
        return tuple(answer for answer in answers if self.slot_of(answer.name) == slot)

    def frame(self, common: Path, slots: list[str]) -> Frame:
        genes = {answer.name: answer.value for answer in common}
        return Frame(Alternatives(((common,),)), tuple(self._slot(slot, genes) for slot in slots))

    def _slot(self, slot: str, common: Genes) -> Alternatives:
        # all other slots take the first of their options, so equal networks have equal alternatives here
        by_network: dict[Any, list[Path]] = {}
        for answers, architecture in self._paths(slot, common):
            by_network.setdefault(architecture, []).append(self.of_slot(answers, slot))
        return Alternatives(tuple(tuple(paths) for paths in by_network.values()))

    def _paths(self, slot: str | None, fixed: Genes) -> Iterator[tuple[Path, Any]]:
        """All answers to the choices of one slot (None: to the common ones), the others fixed or their first option."""
        pending: list[list[Option]] = [[]]
        while pending:
            script = pending.pop()
            self._left -= 1
            if self._left < 0:
                raise _NotFramedError
            answers, architecture = self._run(slot, fixed, script)
            yield answers, architecture
            asked = self.of_slot(answers, slot)
            for place in range(len(script), len(asked)):
                before = [answer.value for answer in asked[:place]]
                pending += [[*before, option] for option in reversed(asked[place].options[1:])]

    def _run(self, slot: str | None, fixed: Genes, script: list[Option]) -> tuple[Path, Any]:
        left = iter(script)

        def choose(name: str, options: Sequence[Option]) -> Option:
            value = next(left, options[0]) if self.slot_of(name) == slot else fixed.get(name, options[0])
            if value not in options:
                raise _NotFramedError
            return value

        architecture, answers = _recorded(self.space, choose)
        return tuple(answers), architecture


def _merged(frames: list[Frame], explorer: _Explorer) -> list[Frame]:
    """Frames that make equal networks as one."""
    by_network: dict[Any, Frame] = {}
    for frame in frames:
        network = explorer.space.replay(frame.genes([0] * len(frame.slots)))
        known = by_network.get(network)
        if known is not None:
            if known.slots != frame.slots:
                raise _NotFramedError
            frame = Frame(Alternatives(((*known.common.paths[0], *frame.common.paths[0]),)), known.slots)
        by_network[network] = frame
    return list(by_network.values())


def _holds(explorer: _Explorer, frames: Sequence[Frame]) -> bool:
    """Whether random networks are what the frames say, and are read back into the frame that they came from."""
    space = explorer.space
    rng = np.random.default_rng(0)
    places = {path: frame for frame in frames for path in frame.common.numbers}
    for number in range(max(CHECKED_DRAWS, len(frames))):
        sampled, answers = _recorded(space, lambda _, options: options[int(rng.integers(len(options)))])
        found = _located(answers, places, explorer.slot_of)
        if found is None or space.replay(found[0].genes(found[1])) != sampled:
            return False
        frame = frames[number % len(frames)]
        picks = [int(rng.integers(len(slot.paths))) for slot in frame.slots]
        try:
            genes = space.genes(space.replay(frame.genes(picks)))
        except ValueError:
            return False
        if _located(_recorded(space, _reading(genes))[1], places, explorer.slot_of) != (frame, picks):
            return False
    return True


def _reading(genes: Genes) -> Choose:
    return lambda name, _: genes[name]


def _recorded(space: Space, choose: Choose) -> tuple[Any, list[Answer]]:
    """The architecture that `choose` makes, and its answers."""
    answers: list[Answer] = []

    def recording(name: str, options: Sequence[Option]) -> Option:
        answers.append(Answer(name, choose(name, options), tuple(options)))
        return answers[-1].value

    return space.build(recording), answers


def _located(answers: Sequence[Answer], places: dict[Path, Frame], slot_of: SlotOf) -> tuple[Frame, list[int]] | None:
    """The frame and the alternatives that answers lead to."""
    by_slot: dict[str | None, list[Answer]] = {None: []}
    for answer in answers:
        by_slot.setdefault(slot_of(answer.name), []).append(answer)
    frame = places.get(tuple(by_slot.pop(None)))
    paths = [tuple(path) for path in by_slot.values()]
    if frame is None or len(paths) != len(frame.slots):
        return None
    picks = [slot.numbers.get(path) for slot, path in zip(frame.slots, paths, strict=True)]
    return None if None in picks else (frame, [pick for pick in picks if pick is not None])
