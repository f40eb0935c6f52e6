"""The costs of a space under limits: what networks have, between which ends, and whether the limits can be met."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from nas.search_space.feasible.assembly import Assembly
from nas.search_space.feasible.counting import Limited
from nas.search_space.feasible.frames import MOST_ALTERNATIVES, Frames, find_frames
from nas.search_space.feasible.inside import Inside
from nas.search_space.feasible.repair import descend
from nas.search_space.feasible.tables import Pricing, Table
from nas.search_space.limits import Window, violation
from nas.search_space.space import Space
from nas.system.numbers import number

CostOf = Callable[[Any], dict[str, float]]


class Costed:
    """Costs of the architectures of `space`, and the limits on them."""

    def __init__(
        self, space: Space, cost: CostOf, limits: Mapping[str, Window], measured: CostOf | None = None
    ) -> None:
        """Args:
        cost: Costs that follow from the shape.
        measured: Further costs, asked only of what the limits on the others let in.
        """
        self.space = space
        self.limits = dict(limits)
        self._shape_cost = cost
        self._measured = measured
        self._tables: dict[str, Table | None] = {}
        self._names_checked = not limits

    def under(self, limits: Mapping[str, Window]) -> "Costed":
        """The same under other limits; what is known of frames and costs is shared."""
        other = Costed(self.space, self._shape_cost, limits, self._measured)
        other._frames, other._shape_names, other._pricing = self._frames, self._shape_names, self._pricing
        other._tables = self._tables
        return other

    def cost(self, architecture: Any) -> dict[str, float]:
        """All costs by name."""
        costs = self._shape_cost(architecture)
        return costs if self._measured is None else {**costs, **self._measured(architecture)}

    def excess(self, architecture: Any) -> float:
        """Violation of the limits; of those on measured costs only where it meets the others."""
        excess = self.shape_excess(architecture)
        if excess > 0 or len(self.shape_limits) == len(self.limits):
            return excess
        return violation(self.cost(architecture), self.limits)

    def shape_excess(self, architecture: Any) -> float:
        """Violation of the limits but for those on measured costs."""
        return violation(self._shape_cost(architecture), self.shape_limits) if self.shape_limits else 0.0

    @cached_property
    def shape_limits(self) -> dict[str, Window]:
        """The limits but for those on measured costs."""
        if self._measured is None:
            return self.limits
        return {name: window for name, window in self.limits.items() if name in self._shape_names}

    @cached_property
    def untabled(self) -> dict[str, Window]:
        """The limits on costs that no table knows."""
        return {name: window for name, window in self.limits.items() if self.table(name) is None}

    @property
    def why_uncounted(self) -> str | None:
        """Why networks inside the limits cannot be counted; None where they can."""
        if self._frames is None:
            many = f"parts with over {MOST_ALTERNATIVES:,} alternatives, or parts that depend on one another"
            return f"the space has {many}"
        return f"{' and '.join(self.untabled)} adds up over no parts of the space" if self.untabled else None

    @cached_property
    def inside(self) -> Inside | None:
        """The limits on costs that tables know; None where the space has no frames."""
        if self._frames is None:
            return None
        tables = {name: self.table(name) for name in self.limits}
        return Inside(self._frames, [Limited(self.limits[name], table) for name, table in tables.items() if table])

    @cached_property
    def assembly(self) -> Assembly:
        """Architectures by their place in the frames; only where there are frames."""
        assert self._frames is not None
        return Assembly(self.space, self._frames)

    def table(self, name: str) -> Table | None:
        """The table of a cost; None where it is measured, or is no sum or maximum over parts of the space."""
        if name not in self._tables:
            known = self._pricing is not None and name in self._shape_names
            self._tables[name] = self._pricing.table(name) if self._pricing is not None and known else None
        return self._tables[name]

    def bounds(self, name: str) -> tuple[float, float]:
        """Least and most of a cost without limits: exact with a table, else found by changing one choice at a time."""
        table = self.table(name)
        if table is not None:
            return table.bounds()
        dearest = descend(self.space, self.space.largest(), lambda architecture: -self.cost(architecture)[name])
        return self.cost(self._cheapest(name))[name], self.cost(dearest)[name]

    def check_names(self) -> None:
        """Raises: ValueError if a limit is on no cost."""
        if set(self.limits) <= set(self._shape_names) or self._names_checked:
            return
        costs = self.cost(self.space.smallest())
        for name in self.limits:
            if name not in costs:
                raise ValueError(f"limit on {name!r}, which is not among the costs: {', '.join(costs)}")
        self._names_checked = True

    def binding(self) -> dict[str, bool]:
        """Whether each limit shuts out some architecture.

        Raises: ValueError, with the numbers, if a limit is on no cost or cannot be met.
        """
        self.check_names()
        largest = self.cost(self.space.largest())
        _ = self.anchor  # raises where there is none
        # bounds of what has no table take many costs, so the largest is asked first
        return {
            name: (self.table(name) is None and window.excess(largest[name]) > 0)
            or any(window.excess(end) > 0 for end in self.bounds(name))
            for name, window in self.limits.items()
        }

    @cached_property
    def anchor(self) -> Any:
        """One architecture that is inside, the smallest if that is.

        Raises: ValueError, with the numbers, if there is none.
        """
        found = self.space.smallest()
        if self.excess(found) == 0:
            return found
        if self.inside is not None:
            # what tables know is settled here; for the rest this is a start
            network = next(self.inside.draws(np.random.default_rng(0), self.inside.uniform, 1), None)
            if network is None:
                raise ValueError(self.why_empty())
            found = self.assembly(network)
        found = descend(self.space, found, self.excess)
        for name in self.limits:
            if self.excess(found) > 0:
                found = min(found, descend(self.space, self._cheapest(name), self.excess), key=self.excess)
        if self.excess(found) > 0:
            raise ValueError(self.why_empty())
        return found

    def why_empty(self) -> str:
        """The message for limits inside which nothing was found."""
        for name, window in self.limits.items():
            least, most = self.bounds(name)
            limit = f"limit {name} {window} cannot be met"
            missed = (window.at_most or most) < least or (window.at_least or least) > most
            if missed and window.at_least is None:
                return f"{limit}: the smallest architecture needs {number(least)}"
            if missed and window.at_most is None:
                return f"{limit}: the largest architecture has {number(most)}"
            if missed or len(self.limits) == 1:
                return f"{limit}: the costs go from {number(least)} to {number(most)}, none of them inside"
        nearest = descend(self.space, self.space.smallest(), self.excess)
        limits = " and ".join(f"{name} {window}" for name, window in self.limits.items())
        costs = ", ".join(f"{name} {number(self.cost(nearest)[name])}" for name in self.limits)
        return f"limits {limits} cannot be met together: the nearest architecture found has {costs}"

    @cached_property
    def _frames(self) -> Frames | None:
        return find_frames(self.space)

    @cached_property
    def _shape_names(self) -> list[str]:
        return list(self._shape_cost(self.space.smallest()))

    @cached_property
    def _pricing(self) -> Pricing | None:
        return None if self._frames is None else Pricing(self.space, self._frames, self._shape_cost)

    def _cheapest(self, name: str) -> Any:
        return descend(self.space, self.space.smallest(), lambda architecture: self.cost(architecture)[name])
