"""Search inside limits: a space that draws only architectures whose costs fit, and networks of one attention kind.

Draws are rejected first (SPOS, arXiv:1904.00420); where the limits leave too little for that, the nearest is repaired.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nas.search_space.space import Choose, Option, Space, uniform

MOST_DRAWS = 64
MOST_CHANGES = 200
KIND_DRAWS = 16


class FeasibleSpace(Space):
    """The architectures of `space` whose costs are inside `limits`.

    `sample`, `mutate`, `cross`, `neighbours` and `contains` keep to the limits. All else is that of `space`: `size` and
    `enumerate` count what is outside too, and `smallest` and `largest` may be outside.
    """

    def __init__(self, space: Space, cost: Callable[[Any], dict[str, float]], limits: Mapping[str, float]) -> None:
        """Args:
        cost: All costs of an architecture by name; asked often, so it should remember what is slow to measure.
        limits: The most that a cost may be, by name; `check_limits` tells whether they can be met.
        """
        self.space = space
        self.cost = cost
        self.limits = dict(limits)
        self.architecture_type = space.architecture_type

    def build(self, choose: Choose) -> Any:
        return self.space.build(choose)

    def lookup(self, architecture: Any, name: str) -> Option:
        return self.space.lookup(architecture, name)

    def size(self) -> int:
        """Number of architectures of the space without limits: at least as many as are inside."""
        return self.space.size()

    def contains(self, architecture: Any) -> bool:
        return self.space.contains(architecture) and self._excess(architecture) == 0

    def neighbours(self, architecture: Any) -> list[Any]:
        return [neighbour for neighbour in self.space.neighbours(architecture) if self._excess(neighbour) == 0]

    def sample(self, rng: np.random.Generator) -> Any:
        """Uniform choices among what is inside; not uniform where fewer than about one draw in 64 is."""
        return self._inside(lambda: self.space.sample(rng), rng)

    def mutate(self, architecture: Any, rng: np.random.Generator, rate: Callable[[str], float]) -> Any:
        return self._inside(lambda: self.space.mutate(architecture, rng, rate), rng)

    def cross(self, first: Any, second: Any, rng: np.random.Generator) -> Any:
        return self._inside(lambda: self.space.cross(first, second, rng), rng)

    def violation(self, costs: Mapping[str, float]) -> float:
        """Sum over the limits of the excess as a fraction of the limit; 0 inside."""
        return sum(max(0.0, costs[name] / limit - 1) for name, limit in self.limits.items())

    def share_feasible(self, rng: np.random.Generator, draws: int) -> float:
        """Estimated share of uniform draws that is inside; its standard error is at most 0.5 / sqrt(draws)."""
        return sum(self._excess(self.space.sample(rng)) == 0 for _ in range(draws)) / draws

    def bounds(self, name: str) -> tuple[float, float]:
        """Least and most of a cost over the space without limits, found by changing one choice at a time.

        Exact where the best option of a choice does not depend on the other choices, as for FLOPs and parameters of
        blocks that add up; else the least may be too high and the most too low.
        """
        dearest = self._descend(self.space.largest(), lambda architecture: -self.cost(architecture)[name])
        return self.cost(self._cheapest(name))[name], self.cost(dearest)[name]

    def check_limits(self) -> dict[str, bool]:
        """Whether each limit binds, that is, shuts out some architecture.

        Raises: ValueError, with the numbers, if a limit is on no cost, is not a positive number, or cannot be met.
        """
        costs = self.cost(self.space.largest())
        for name, limit in self.limits.items():
            if name not in costs:
                raise ValueError(f"limit on {name!r}, which is not among the costs: {', '.join(costs)}")
            if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < math.inf:
                raise ValueError(f"limit on {name} is {limit!r}; it needs to be a number above zero")
        _ = self.anchor  # raises where there is none
        return {name: costs[name] > limit or self.bounds(name)[1] > limit for name, limit in self.limits.items()}

    @cached_property
    def anchor(self) -> Any:
        """One architecture that is inside, the smallest if that is.

        Raises: ValueError, with the numbers, if there is none.
        """
        found = self._descend(self.space.smallest(), self._excess)
        for name, limit in self.limits.items():
            if self._excess(found) == 0:
                break
            cheapest = self._cheapest(name)
            least = self.cost(cheapest)[name]
            if least > limit:
                raise ValueError(
                    f"limit {name} <= {_number(limit)} cannot be met: the smallest architecture needs {_number(least)}"
                )
            found = min(found, self._descend(cheapest, self._excess), key=self._excess)
        if self._excess(found) > 0:
            limits = " and ".join(f"{name} <= {_number(limit)}" for name, limit in self.limits.items())
            costs = ", ".join(f"{name} {_number(self.cost(found)[name])}" for name in self.limits)
            raise ValueError(f"limits {limits} cannot be met together: the nearest architecture found has {costs}")
        return found

    def _excess(self, architecture: Any) -> float:
        return self.violation(self.cost(architecture)) if self.limits else 0.0

    def _cheapest(self, name: str) -> Any:
        return self._descend(self.space.smallest(), lambda architecture: self.cost(architecture)[name])

    def _inside(self, draw: Callable[[], Any], rng: np.random.Generator) -> Any:
        nearest, least = None, math.inf
        for _ in range(MOST_DRAWS):
            architecture = draw()
            excess = self._excess(architecture)
            if excess == 0:
                return architecture
            if excess < least:
                nearest, least = architecture, excess
        return self._repair(nearest, least, rng)

    def _repair(self, architecture: Any, excess: float, rng: np.random.Generator) -> Any:
        """Redraw single choices, keeping what lowers the excess; then go over to the anchor choice by choice."""
        for _ in range(MOST_CHANGES):
            names = list(self.space.genes(architecture))
            changed = self.space.mutate(architecture, rng, _only(names[rng.integers(len(names))]))
            if self._excess(changed) < excess:
                architecture, excess = changed, self._excess(changed)
            if excess == 0:
                return architecture
        genes = self.space.genes(self.anchor)
        names = list(genes)
        for place in rng.permutation(len(names)):
            chosen = {**self.space.genes(architecture), names[place]: genes[names[place]]}
            architecture = self.space.replay(chosen, otherwise=uniform(rng))
            if self._excess(architecture) == 0:
                return architecture
        return self.anchor

    def _descend(self, start: Any, value: Callable[[Any], float]) -> Any:
        """Sweep over the choices, each time taking the option of least value, until a sweep changes nothing."""
        best, least, swept = start, value(start), None
        while swept != best:
            swept = best
            for name in self.space.genes(swept):
                for candidate in self._changes(best, name):
                    if value(candidate) < least:
                        best, least = candidate, value(candidate)
        return best

    def _changes(self, architecture: Any, name: str) -> list[Any]:
        """The architecture with each other option of one choice; none where it no longer asks for it."""
        genes, options = self.space.genes(architecture), self.space.options(architecture).get(name, ())
        return [
            self.space.replay({**genes, name: option}, otherwise=lambda _, options: options[0])
            for option in options
            if option != genes[name]
        ]


def kinds(space: Space) -> list[str]:
    """The options of all choices among strings, such as attention kinds, each once; empty if there are none."""
    options = [*space.options(space.smallest()).values(), *space.options(space.largest()).values()]
    return list(dict.fromkeys(str(option) for each in options if _categorical(each) for option in each))


def homogeneous(space: Space, architecture: Any, kind: str) -> Any:
    """`architecture` with `kind` in every choice among strings that offers it.

    Raises: ValueError if no choice offers the kind.
    """
    options = space.options(architecture)
    names = [name for name, each in options.items() if _categorical(each) and kind in each]
    if not names:
        raise ValueError(f"no choice of the architecture offers {kind!r}; the space has: {', '.join(kinds(space))}")
    return space.replay({**space.genes(architecture), **dict.fromkeys(names, kind)})


def sample_homogeneous(space: Space, kind: str, rng: np.random.Generator) -> Any | None:
    """A random network of one kind inside the space, else the smallest one; None where even that is outside."""
    for _ in range(KIND_DRAWS):
        architecture = homogeneous(space, space.sample(rng), kind)
        if space.contains(architecture):
            return architecture
    smallest = homogeneous(space, space.smallest(), kind)
    return smallest if space.contains(smallest) else None


def _only(changed: str) -> Callable[[str], float]:
    """A mutation rate that redraws one choice and keeps all others."""
    return lambda name: float(name == changed)


def _categorical(options: Sequence[Option]) -> bool:
    return all(isinstance(option, str) for option in options)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.4g}"
