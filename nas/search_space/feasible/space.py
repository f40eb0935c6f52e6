"""Search inside limits: a space that draws only architectures whose costs fit, and networks of one attention kind.

Where costs add up over slots of the space, or are the most of them, the networks inside are counted and drawn by
dynamic programming (`inside.py`), each with the chance that it has among unlimited draws, however few are inside. Other
costs are rejected by (SPOS, arXiv:1904.00420); where they leave too little for that, the nearest is repaired.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal

import numpy as np

from nas.search_space.feasible.costed import Costed, CostOf
from nas.search_space.feasible.frames import Frames, Weights, crossing, mutating
from nas.search_space.feasible.inside import COARSE, FINE, Inside
from nas.search_space.feasible.repair import repair
from nas.search_space.limits import Limit, violation, windows
from nas.search_space.space import Choose, Option, Space, weighed

MOST_DRAWS = 64
SHARE_DRAWS = 1_000
REDRAWN = 1e-3
"""Share of choices drawn anew where a mutation or crossover as asked for never lands inside."""


class FeasibleSpace(Space):
    """The architectures of `space` whose costs are inside `limits`.

    All that it draws, lists and contains is inside. The rest is that of `space`: `size` counts what is outside too, and
    `smallest` and `largest` may be outside.
    """

    def __init__(self, space: Space, cost: CostOf, limits: Mapping[str, Limit], measured: CostOf | None = None) -> None:
        """Args:
        cost: Costs of an architecture by name; asked often, so it should remember what is slow to find.
        limits: What each cost may be, by name; `check_limits` tells whether they can be met.
        measured: Further costs, by name, that are slow to find: asked only of what the limits on the others let in.
        """
        self.space = space
        self.limits = windows(limits)
        self.architecture_type = space.architecture_type
        self._costed = Costed(space, cost, self.limits, measured)

    def under(self, limits: Mapping[str, Limit]) -> "FeasibleSpace":
        """The same space and costs under other limits; what is known of the costs is shared."""
        other = FeasibleSpace(self.space, self.cost, limits)
        other._costed = self._costed.under(other.limits)
        return other

    def cost(self, architecture: Any) -> dict[str, float]:
        """All costs by name."""
        return self._costed.cost(architecture)

    def build(self, choose: Choose) -> Any:
        return self.space.build(choose)

    def lookup(self, architecture: Any, name: str) -> Option:
        return self.space.lookup(architecture, name)

    def size(self) -> int:
        """Number of architectures of the space without limits: at least as many as are inside."""
        return self.space.size()

    def contains(self, architecture: Any) -> bool:
        return self.space.contains(architecture) and self._costed.excess(architecture) == 0

    def neighbours(self, architecture: Any) -> list[Any]:
        return [neighbour for neighbour in self.space.neighbours(architecture) if self._costed.excess(neighbour) == 0]

    def enumerate(self, most_outside: int | None = None) -> Iterator[Any]:
        """Every architecture inside, once; where the space has no independent parts, as often as choices lead to it.

        Args:
            most_outside: End once so many were found to be outside. Limits on costs that are counted (`is_counted`) are
                followed, and few are; for others the whole space is combed.
        """
        inside, outside = self._inside, 0
        for architecture in self.space.enumerate() if inside is None else map(self._costed.assembly, inside.networks()):
            if self._costed.excess(architecture) == 0:
                yield architecture
            elif most_outside is not None and (outside := outside + 1) >= most_outside:
                return

    @property
    def is_counted(self) -> bool:
        """Whether the space has frames, and every limit is on a cost that a table knows."""
        return self.why_uncounted is None

    @property
    def why_uncounted(self) -> str | None:
        """Why networks inside the limits cannot be counted, and are found by trying; None where they can."""
        return self._costed.why_uncounted

    @property
    def _inside(self) -> Inside | None:
        return self._costed.inside

    def sample(self, rng: np.random.Generator) -> Any:
        """A draw of `space.sample`, given that it is inside: see `sample_many`."""
        return self.sample_many(rng, 1)[0] if self.limits else self.space.sample(rng)

    def sample_many(
        self, rng: np.random.Generator, count: int, each: Literal["choices", "networks"] = "choices"
    ) -> list[Any]:
        """Independent draws inside the limits; two may be equal.

        Args:
            each: What is uniform. "choices": a draw has the chance that `space.sample` gives it, every choice uniform
                among its options, over the chance of being inside. "networks": every network inside is equally likely.
                The two differ where the number of choices does: of blocks with 36 forms, networks of 14 are 1,296
                times as many as networks of 12, so "networks" draws hardly any depth but the greatest that fits.

        Where a limit is on a cost that no table knows, and fewer than about one draw in 64 meets it, draws are repaired
        into the limits, and the chances are no longer these.

        Raises: ValueError if nothing is inside, or networks cannot be counted.
        """
        self._costed.check_names()
        if self._inside is None and each == "networks":
            raise ValueError(f"{type(self.space).__name__} has no independent parts to count its networks by")
        if self._inside is None:
            return [self._sampled(iter(lambda: self.space.sample(rng), None), rng) for _ in range(count)]
        weights = self._inside.uniform if each == "choices" else self._inside.equal
        draws = self._tabled_draws(rng, weights, count, FINE)
        if self._costed.untabled:
            return [self._sampled(draws, rng) for _ in range(count)]
        found = list(islice(draws, count))
        if len(found) < count:
            raise ValueError(self._costed.why_empty())
        return found

    def mutate(self, architecture: Any, rng: np.random.Generator, rate: Callable[[str], float]) -> Any:
        """A draw of `space.mutate`, given that it is inside; if it never is, rates are raised until it may be."""

        def weights(frames: Frames, least_rate: float) -> Weights:
            return frames.weights(mutating(genes, lambda name: max(least_rate, rate(name))))

        genes = self.space.genes(architecture)
        return self._child(lambda: self.space.mutate(architecture, rng, rate), weights, rng)

    def cross(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        """A draw of `space.cross`, given that it is inside; if it never is, some choices are drawn anew."""
        parents = (self.space.genes(first), self.space.genes(second))
        return self._child(
            lambda: self.space.cross(first, second, rng),
            lambda frames, redrawn: frames.weights(crossing(parents, redrawn)),
            rng,
        )

    def violation(self, costs: Mapping[str, float]) -> float:
        """Sum over the limits of the excess as a fraction of the end that is missed; 0 inside."""
        return violation(costs, self.limits)

    def share_inside(self, rng: np.random.Generator) -> float:
        """Chance that a draw of `space.sample` is inside; limits on measured costs do not count.

        Where all costs that are limited have tables it is exact, or nearly so: also where it is 1e-9. For what has no
        table it is estimated from 1,000 draws.
        """
        if not self.limits:
            return 1.0
        if self._inside is None:
            return self._mean(lambda: (self.space.sample(rng), 1.0))
        return self._share(self._inside, self._inside.uniform, rng)

    def size_inside(self, rng: np.random.Generator) -> float:
        """Number of architectures inside, as exact as `share_inside`; limits on measured costs do not count."""
        if self._inside is None:
            return self._mean(lambda: weighed(self.space, rng))
        return self._share(self._inside, self._inside.equal, rng)

    def bounds(self, name: str) -> tuple[float, float]:
        """Least and most of a cost over the space without limits.

        Exact where the cost adds up over slots or is the most of them. Else found by changing one choice at a time, so
        the least may be too high and the most too low.
        """
        return self._costed.bounds(name)

    def check_limits(self) -> dict[str, bool]:
        """Whether each limit binds, that is, shuts out some architecture.

        Raises: ValueError, with the numbers, if a limit is on no cost or cannot be met.
        """
        return self._costed.binding()

    @property
    def anchor(self) -> Any:
        """One architecture that is inside, the smallest if that is.

        Raises: ValueError, with the numbers, if there is none.
        """
        return self._costed.anchor

    def _tabled_draws(self, rng: np.random.Generator, weights: Weights, count: int, level: int) -> Iterator[Any]:
        """Draws inside the limits that tables know; nothing if none has a weight."""
        assert self._inside is not None
        draws = map(self._costed.assembly, self._inside.draws(rng, weights, count, level))
        if self._costed.untabled:
            return draws
        # tables know costs but for rounding
        return (architecture for architecture in draws if self._costed.excess(architecture) == 0)

    def _first_inside(self, draws: Iterator[Any]) -> tuple[Any, float]:
        """The first of so many draws that is inside, else the nearest, and its excess."""
        nearest, least = None, math.inf
        for architecture in islice(draws, MOST_DRAWS):
            excess = self._costed.excess(architecture)
            if excess < least:
                nearest, least = architecture, excess
            if excess == 0:
                break
        return nearest, least

    def _sampled(self, draws: Iterator[Any], rng: np.random.Generator) -> Any:
        nearest, excess = self._first_inside(draws)
        if nearest is None:
            raise ValueError(self._costed.why_empty())
        return nearest if excess == 0 else self._repaired(nearest, rng)

    def _repaired(self, architecture: Any, rng: np.random.Generator) -> Any:
        return repair(self.space, architecture, self._costed.excess, lambda: self.anchor, rng)

    def _child(
        self, draw: Callable[[], Any], weights: Callable[[Frames, float], Weights], rng: np.random.Generator
    ) -> Any:
        """A draw that is inside: by rejection, then by the same chances counted, then with choices drawn anew."""
        nearest, excess = self._first_inside(iter(draw, None))
        if excess == 0:
            return nearest
        if self._inside is None:
            return self._repaired(nearest, rng)
        for redrawn in (0.0, REDRAWN):
            draws = self._tabled_draws(rng, weights(self._inside.frames, redrawn), 1, COARSE)
            nearest, excess = self._first_inside(draws)
            if nearest is not None:
                return nearest if excess == 0 else self._repaired(nearest, rng)
        raise ValueError(self._costed.why_empty())

    def _share(self, inside: Inside, weights: Weights, rng: np.random.Generator) -> float:
        share = inside.share(rng, weights, SHARE_DRAWS)
        if share == 0 or not set(self._costed.untabled) & set(self._costed.shape_limits):
            return share
        draws = self._tabled_draws(rng, weights, SHARE_DRAWS, FINE)
        return share * self._mean(lambda: (next(draws), 1.0))

    def _mean(self, draw: Callable[[], tuple[Any, float]]) -> float:
        """Mean weight of draws, those outside counting 0."""
        drawn = [draw() for _ in range(SHARE_DRAWS)]
        return (
            sum(weight for architecture, weight in drawn if self._costed.shape_excess(architecture) == 0) / SHARE_DRAWS
        )
