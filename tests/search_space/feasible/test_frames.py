"""Frames: every architecture of a space once, whatever it asks; none where its parts depend on each other."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.search_space import Choose, SearchSpace, Space, StackSpace
from nas.search_space.feasible.assembly import Assembly
from nas.search_space.feasible.frames import crossing, find_frames, mutating, uniformly
from nas.search_space.feasible.slots import inner_slot, outer_slot
from nas.search_space.presets import small
from tests.search_space.feasible.brute_force import chances, crossover_chance, mutation_chance, uniform_chance

DRAWS = 4_000


def subsets(*options: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(options), min_size=1, max_size=2, unique=True).map(tuple)


# of widths from 8 to 10, ratios of 2.0 and 2.05 round to one width, and 2.1 to another for 10 alone
any_stack_space = st.builds(
    StackSpace,
    embed_dim=subsets(8, 9, 10),
    depth=subsets(1, 2, 3),
    num_heads=subsets(1, 2),
    attention=subsets("softmax", "linear"),
    head_dim=st.just(4),
    ffn_ratio=subsets(2.0, 2.05, 2.1),
    per_network=st.sets(st.sampled_from(["attention", "num_heads", "ffn_ratio"])).map(
        lambda names: tuple(sorted(names))
    ),
)


@dataclass(frozen=True)
class Layers:
    layers: tuple[tuple[int, ...], ...]


class Conditional(Space):
    """Layers of one number, or of a 2 and another number: 1 + 3 forms."""

    architecture_type = Layers

    def build(self, choose: Choose) -> Layers:
        return Layers(tuple(self._layer(choose, f"layers.{n}") for n in range(choose("depth", (2, 3)))))

    def _layer(self, choose: Choose, path: str) -> tuple[int, ...]:
        first = choose(f"{path}.0", (1, 2))
        return (first,) if first == 1 else (first, choose(f"{path}.1", (5, 6, 7)))

    def lookup(self, architecture: Layers, name: str) -> int:
        if name == "depth":
            return len(architecture.layers)
        _, layer, place = name.split(".")
        return architecture.layers[int(layer)][int(place)]


class Falling(Conditional):
    """Layers of one number, none wider than the one before: no layer is independent of the others."""

    def build(self, choose: Choose) -> Layers:
        widths = [8]
        for n in range(3):
            widths.append(choose(f"layers.{n}.0", tuple(w for w in (2, 4, 8) if w <= widths[-1])))
        return Layers(tuple((width,) for width in widths[1:]))


class Telling(Conditional):
    """Layers that also say how wide the one before was."""

    def build(self, choose: Choose) -> Layers:
        widths = [8, *(choose(f"layers.{n}.1", (2, 4, 8)) for n in range(3))]
        return Layers(tuple(pairwise(widths)))


def networks(space: Space) -> list[Any]:
    """All that the frames of the space make."""
    frames = find_frames(space)
    assert frames is not None
    return [
        space.replay(frame.genes(picks))
        for frame in frames.frames
        for picks in product(*(range(len(slot.paths)) for slot in frame.slots))
    ]


@given(any_stack_space)
@settings(deadline=None, max_examples=25)
def test_frames_make_every_architecture_of_a_space_once(encoder):
    space = SearchSpace(encoder)
    found = networks(space)
    assert len(found) == len(set(found)) == space.size()
    assert set(found) == set(space.enumerate())


def test_choices_that_depend_on_others_of_the_same_slot_are_alternatives_of_the_slot():
    found = networks(Conditional())
    # 4 forms of a layer, two or three layers
    assert len(found) == len(set(found)) == 4**2 + 4**3
    assert set(found) == set(Conditional().enumerate())


def test_slots_that_depend_on_each_other_have_no_frames():
    assert find_frames(Falling()) is None


def test_spaces_with_too_much_to_build_have_no_frames():
    class Wide(Conditional):
        def build(self, choose: Choose) -> Layers:
            return Layers(tuple((choose(f"width_{name}", tuple(range(10))),) for name in "abcdef"))

    assert find_frames(Wide()) is None


@pytest.mark.parametrize(
    ("name", "inner", "outer"),
    [
        ("encoder.blocks.3.attention", "encoder.blocks.3", "encoder.blocks.3"),
        ("decoder.blocks.3.cross_attention.kind", "decoder.blocks.3.cross_attention", "decoder.blocks.3"),
        ("widths.0", "widths.0", "widths.0"),
        ("encoder.embed_dim", None, None),
    ],
)
def test_a_slot_is_named_without_the_last_part_or_up_to_the_first_number(name, inner, outer):
    assert inner_slot(name) == inner
    assert outer_slot(name) == outer


@given(any_stack_space)
@settings(deadline=None, max_examples=20)
def test_weights_are_the_chances_of_space_sample(encoder):
    space = SearchSpace(encoder)
    frames = find_frames(space)
    assert frames is not None
    expected = chances(space, uniform_chance)
    by_frame, by_slot = frames.weights(uniformly)
    for number, frame in enumerate(frames.frames):
        for picks in product(*(range(len(slot.paths)) for slot in frame.slots)):
            weight = by_frame[number] * np.prod([slot[pick] for slot, pick in zip(by_slot[number], picks, strict=True)])
            assert weight == pytest.approx(expected[space.replay(frame.genes(picks))])


@pytest.mark.parametrize("kernel", ["mutate", "cross"])
def test_weights_are_the_chances_of_mutation_and_crossover(kernel):
    space = SearchSpace(StackSpace((8, 9), (1, 2), (1, 2), ("softmax", "linear"), head_dim=4, ffn_ratio=(2.0, 2.05)))
    rng = np.random.default_rng(0)
    first, second = space.smallest(), space.largest()
    frames = find_frames(space)
    assert frames is not None
    if kernel == "mutate":
        expected = chances(space, mutation_chance(space, first, 0.3))
        weights = frames.weights(mutating(space.genes(first), lambda name: 0.3))
        drawn = Counter(space.mutate(first, rng, lambda name: 0.3) for _ in range(DRAWS))
    else:
        expected = chances(space, crossover_chance(space, first, second))
        weights = frames.weights(crossing([space.genes(first), space.genes(second)]))
        drawn = Counter(space.cross(first, second, rng) for _ in range(DRAWS))
    for number, frame in enumerate(frames.frames):
        for picks in product(*(range(len(slot.paths)) for slot in frame.slots)):
            chance = weights.frames[number] * np.prod([s[p] for s, p in zip(weights.slots[number], picks, strict=True)])
            network = space.replay(frame.genes(picks))
            assert chance == pytest.approx(expected[network])
            # five standard errors
            assert drawn[network] / DRAWS == pytest.approx(chance, abs=5 * (chance * (1 - chance) / DRAWS) ** 0.5)


@pytest.mark.parametrize("space", [Conditional(), small(), Telling()], ids=lambda space: type(space).__name__)
def test_assembled_architectures_are_those_that_building_makes(space):
    # in `Telling` a part is not the slot's own alone, so nothing may be put together from parts
    frames = find_frames(space)
    assert frames is not None
    assembly, rng = Assembly(space, frames), np.random.default_rng(1)
    for _ in range(50):
        number = int(rng.integers(len(frames.frames)))
        picks = [int(rng.integers(len(slot.paths))) for slot in frames.frames[number].slots]
        assert assembly((number, picks)) == space.replay(frames.frames[number].genes(picks))
