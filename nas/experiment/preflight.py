"""The space of a search before it begins: its size, the range of each cost, and the share inside the limits."""

from collections.abc import Iterator

import numpy as np

from nas.experiment import Experiment
from nas.search_space.feasible.space import FeasibleSpace
from nas.system.numbers import number, percent


def preflight(experiment: Experiment, space: FeasibleSpace) -> Iterator[str]:
    """Lines on the size of the space, the range of each cost, the limits, the share inside, and if it is counted.

    Raises: ValueError if a limit cannot be met.
    """
    yield f"space       {_count(experiment.space.size())} networks"
    binds = space.check_limits()
    for cost in experiment.costs:
        least, most = space.bounds(cost.name)
        limit = space.limits.get(cost.name)
        words = "" if limit is None else f"; limit {limit}, which {_bite(binds[cost.name])}"
        yield f"cost        {cost.name} from {number(least)} to {number(most)} {cost.unit}{words}"
    if space.limits:
        rng = np.random.default_rng(experiment.seed)
        counted = f", about {space.size_inside(rng):.2g} networks" if space.is_counted else ""
        yield f"inside      {_share(space.share_inside(rng))} of random draws{counted}"
        if space.why_uncounted is not None:
            yield f"counting    not exact: {space.why_uncounted}; networks inside the limits are found by trying"


def _bite(binds: bool) -> str:
    return "binds" if binds else "does not bind: no network is outside"


def _share(share: float) -> str:
    return percent(share, 1) if share >= 0.001 else f"{share:.1e}"


def _count(size: int) -> str:
    return f"{size:,}" if size < 10**9 else f"{size:.2g}"
