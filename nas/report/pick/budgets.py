"""The network to take at each of a few budgets of the first cost.

The search split alone decides, as for the network that is recommended without a budget.
"""

import math
from typing import NamedTuple

from nas.report import wording
from nas.report.pick.tables import quality_headings
from nas.report.summary import Network, Summary, rank
from nas.report.tables import Rows

BUDGETS = 5
"""Maximal number of budgets."""


class Pick(NamedTuple):
    """The network to take within a budget."""

    budget: float
    network: Network


def picks(summary: Summary) -> list[Pick]:
    """Picks from the smallest budget to the largest, each with another network; empty without known costs."""
    found: dict[str, Pick] = {}
    for budget in budgets(summary):
        network = best_within(summary, budget)
        if network is not None:
            # of several budgets with one network the largest stays: it shows that spending more gains nothing
            found[network.id] = Pick(budget, network)
    return sorted(found.values(), key=lambda pick: pick.budget)


def budgets(summary: Summary) -> list[float]:
    """Rounded budgets from just above the cheapest network up to the limit."""
    axis = summary.data.axis
    costs = [n.costs[axis] for n in (*summary.front, *_trained(summary)) if axis in n.costs]
    if not costs:
        return []
    window = summary.data.limits.get(axis)
    most = window.at_most if window is not None and window.at_most is not None else max(costs)
    # a limit far above all networks is no useful budget
    end = most if most <= 1.5 * max(costs) else rounded_up(max(costs))
    least = min(costs)
    between = [rounded_up(least + (max(costs) - least) * place / (BUDGETS - 1)) for place in range(BUDGETS - 1)]
    return [*sorted({budget for budget in between if budget < end}), end]


def rounded_up(value: float) -> float:
    """A value rounded up to two digits."""
    if value <= 0:
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / unit - 1e-9) * unit


def best_within(summary: Summary, budget: float) -> Network | None:
    """The best network on the search split that costs no more than the budget.

    It is the best retrained network, unless the front has one with better inherited quality, which has to be retrained
    first. The network that is recommended without a budget is taken wherever it fits.
    """
    axis = summary.data.axis
    trained = [n for n in _trained(summary) if n.costs.get(axis, math.inf) <= budget]
    tried = [n for n in summary.front if n.costs[axis] <= budget]
    best = max(trained, key=rank, default=None)
    if not tried or best is summary.recommended or (best is not None and _inherited(best) >= _inherited(tried[-1])):
        return best
    return tried[-1]


def budget_table(summary: Summary, found: list[Pick]) -> Rows:
    """A row for each budget, as text."""
    data = summary.data
    inherited, *arms = quality_headings(summary)
    costs = [wording.title(name) for name in data.costs]
    rows: Rows = [(f"{costs[0]} at most", "Network", inherited, *arms, *costs, "Attention", "Next")]
    for pick in found:
        network = pick.network
        qualities = [wording.spread(data.tested, network.arms.get(arm)) for arm in summary.arms]
        own = [wording.amount(network.costs.get(name)) for name in data.costs]
        quality = wording.quality(data.searched, network.inherited)
        attention = wording.attention(network.sites)
        budget = wording.amount(pick.budget)
        rows.append((budget, network.id, quality, *qualities, *own, attention, next_command(summary, network)))
    return rows


def next_command(summary: Summary, network: Network) -> str:
    """The command that exports a retrained network, or retrains another one."""
    folder = summary.data.folder
    return f"nas export {folder} {network.id}" if network.arms else f"nas retrain {folder} --id {network.id}"


def _trained(summary: Summary) -> list[Network]:
    return [network for network in summary.networks.values() if network.arms and not network.violation]


def _inherited(network: Network) -> float:
    return -math.inf if network.inherited is None else network.inherited
