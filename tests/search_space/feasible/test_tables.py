"""Tables of costs: exact for sums and maxima over slots, and absent for all else."""

from itertools import pairwise

import numpy as np
import pytest

from nas.search_space import Architecture, SearchSpace, StackSpace
from nas.search_space.feasible.frames import find_frames
from nas.search_space.feasible.tables import Pricing

SPACE = SearchSpace(
    StackSpace(
        (8, 12), (1, 2, 3), (2, 1), ("softmax", "linear"), head_dim=4, ffn_dim=(48, 16), per_network=("attention",)
    )
)
FRAMES = find_frames(SPACE)


def costs(architecture: Architecture) -> dict[str, float]:
    stack = architecture.encoder
    each = [stack.embed_dim * (4 * 4 * block.num_heads + 2 * block.ffn_dim) for block in stack.blocks]
    heads = [block.num_heads for block in stack.blocks]
    return {
        "sum": float(sum(each)),
        "most": float(max(each)),
        # the second block pays for what the first one puts out
        "chained": float(sum(a * b for a, b in pairwise(heads))),
        "tenths": sum(each) / 10 + 0.7,
        "least": float(min(each)),
    }


@pytest.mark.parametrize(("name", "adds"), [("sum", True), ("most", False), ("tenths", True)])
def test_tables_give_the_cost_of_every_network(name, adds):
    assert FRAMES is not None
    table = Pricing(SPACE, FRAMES, costs).table(name)
    assert table is not None
    assert table.adds == adds
    found = []
    for number, frame in enumerate(FRAMES.frames):
        sizes = [len(slot.paths) for slot in frame.slots]
        picks = np.indices(sizes).reshape(len(sizes), -1).T
        expected = [costs(SPACE.replay(frame.genes(row)))[name] for row in picks.tolist()]
        assert table.total(number, picks) == pytest.approx(expected, rel=1e-12)
        found += expected
    # 2 widths, 2 kinds and 4, 16 and 64 networks of one, two and three blocks
    assert len(found) == 2 * 2 * (4 + 16 + 64)
    assert table.bounds() == pytest.approx((min(found), max(found)))


@pytest.mark.parametrize("name", ["chained", "least"])
def test_costs_that_are_neither_a_sum_nor_a_maximum_have_no_table(name):
    assert FRAMES is not None
    assert Pricing(SPACE, FRAMES, costs).table(name) is None
