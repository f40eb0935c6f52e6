"""Expected hypervolume improvement of a front whose costs are known before an evaluation.

Quality alone is uncertain, so the hypervolume that a network adds is a sum over the cells of cost that it would reach:
the size of the cell times the improvement over the best quality known there. With one cost the cells are exact. The
mean over what the quality may be is taken by Gauss-Hermite quadrature, since quality is a warped normal variable.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.strategies.pareto import pareto_front

Floats = NDArray[np.float64]

CELLS = 256
"""Points that stand for the box of costs where there are several."""
NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
"""Standard deviations from the mean at which a quality is looked at."""
SHARES: Floats = _WEIGHTS / _WEIGHTS.sum()
"""How much each of the nodes counts."""


@dataclass(frozen=True)
class Front:
    """The best quality known at each cost."""

    costs: Floats
    """A row for each network, a column for each cost; there may be none."""
    qualities: Floats
    corner: Floats
    """The worst of each cost that counts."""
    least: float
    """The quality over which improvements count where no network is known."""
    cells: Floats
    """Where there are several costs, points in the box of costs; else unused."""

    def gains(self, costs: Floats, likely: Floats) -> Floats:
        """Expected hypervolume that each of some networks adds on its own.

        Args:
            likely: Its qualities at the nodes, a row a network.
        """
        if self.costs.shape[1] == 1:
            ends, levels = self._steps()
            sizes = np.asarray(np.maximum(ends[1:] - np.maximum(ends[:-1], costs), 0))
        else:
            levels = self._levels()
            sizes = np.asarray((costs[:, None, :] <= self.cells).all(2) / len(self.cells))
        improvements = np.maximum(likely[:, :, None] - levels, 0)
        return np.asarray(np.einsum("nc,k,nkc->n", sizes, SHARES, improvements, optimize=True), dtype=np.float64)

    def with_point(self, costs: Floats, quality: float) -> "Front":
        """The front with one more network."""
        return replace(self, costs=np.vstack([self.costs, costs]), qualities=np.append(self.qualities, quality))

    def _steps(self) -> tuple[Floats, Floats]:
        """Costs where the best quality changes, the corner last, and the quality from each on."""
        inside = self.costs[:, 0] < self.corner[0]
        points = np.column_stack([self.costs[inside, 0], np.maximum(self.qualities[inside], self.least)])
        steps = points[pareto_front(points)]
        return np.array([-np.inf, *steps[:, 0], self.corner[0]]), np.array([self.least, *steps[:, 1]])

    def _levels(self) -> Floats:
        reached = (self.costs[:, None, :] <= self.cells).all(2)
        qualities = np.where(reached, self.qualities[:, None], self.least)
        return np.asarray(qualities.max(0, initial=self.least), dtype=np.float64)


def box_cells(least: Floats, most: Floats, rng: np.random.Generator) -> Floats:
    """Points spread evenly over a box of costs; the one empty point where there is no cost.

    A lattice of the generalised golden ratio, shifted at random.
    """
    ratio = 2.0
    for _ in range(32):
        ratio = (1 + ratio) ** (1 / (len(least) + 1))
    steps = ratio ** -np.arange(1, len(least) + 1)
    shares = (rng.random(len(least)) + np.arange(CELLS if len(least) else 1)[:, None] * steps) % 1
    return np.asarray(least + shares * (most - least))
