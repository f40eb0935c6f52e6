"""Tables of the first section: the front with its baselines, all trials, all trainings."""

import json

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import ARMS, Network, Summary
from nas.report.tables import Rows, as_csv
from nas.search_space import architecture_id, to_json

ON_FRONT = "front"
"""Role of a network on the front."""


def front_networks(summary: Summary) -> list[tuple[str, Network]]:
    """Roles and networks: the front, cheapest first, then the best of each kind and of each fixed hybrid."""
    chosen = [(ON_FRONT, network) for network in summary.front]
    return chosen + [(str(network.control), network) for network in (*summary.homogeneous, *summary.hybrids)]


def front_table(summary: Summary) -> Rows:
    """The front and its baselines, as text."""
    data = summary.data
    inherited, *arms = quality_headings(summary)
    rows = [("Network", "Role", *map(wording.title, data.costs), inherited, *arms, "Shape", "Attention")]
    for role, network in front_networks(summary):
        costs = [wording.amount(network.costs.get(name)) for name in data.costs]
        spreads = [wording.spread(data.tested, network.arms.get(arm)) for arm in summary.arms]
        quality, shape = wording.quality(data.searched, network.inherited), wording.shape_line(network.architecture)
        rows.append((network.id, role, *costs, quality, *spreads, shape, wording.attention(network.sites)))
    return rows


def quality_headings(summary: Summary) -> list[str]:
    """Headings of inherited quality and of each arm, with units where these differ."""
    data, arms = summary.data, [wording.ARMS[arm] for arm in summary.arms]
    if data.one_quality:
        return ["Inherited", *arms]
    inherited, retrained = map(wording.unit_or_name, (data.searched, data.tested))
    return [f"Inherited ({inherited})", *(f"{arm} ({retrained})" for arm in arms)]


def front_csv(summary: Summary) -> str:
    """CSV text of the front and its baselines with every digit; unknown values are empty."""
    names = list(summary.data.costs)
    arm_columns = [f"{arm}_{name}" for arm in ARMS for name in ("mean", "deviation", "seeds")]
    rows = [["id", "role", *names, "inherited", *arm_columns, *_architecture_headings(summary)]]
    for role, network in front_networks(summary):
        row = [network.id, role, *(_exact(network.costs.get(name)) for name in names), _exact(network.inherited)]
        for arm in ARMS:
            own = network.arms.get(arm)
            row += [_exact(own.mean), _exact(own.deviation), str(len(own.qualities))] if own else ["", "", "0"]
        rows.append(row + _architecture_cells(summary, network))
    return as_csv(rows)


def trials_csv(summary: Summary) -> str:
    """CSV text of all trials with every digit."""
    costs = list(summary.data.costs)
    on_front = {network.id for network in summary.front}
    names = ["number", "id", *costs, "quality", "violation", "seconds", "on_front", "homogeneous", "hybrid"]
    rows = [[*names, *_architecture_headings(summary)]]
    for trial in summary.data.trials:
        network = summary.networks[architecture_id(trial.architecture)]
        row = [str(trial.number), network.id, *(_exact(trial.costs[name]) for name in costs), _exact(trial.quality)]
        row += [_exact(trial.violation), _exact(trial.seconds), "yes" if network.id in on_front else "no"]
        rows.append([*row, network.kind or "", str(network.hybrid or ""), *_architecture_cells(summary, network)])
    return as_csv(rows)


def retrained_csv(data: ReportData) -> str:
    """CSV text of all retrained networks, a row for each training."""
    rows = [["id", "origin", "arm", "seed", "quality", "search_quality", "steps", "seconds", "device", "commit"]]
    for own in data.retrained:
        numbers = [_exact(own.quality), _exact(own.search_quality), str(own.steps), _exact(own.seconds)]
        rows.append([own.id, own.origin, own.arm, str(own.seed), *numbers, own.device, own.commit])
    return as_csv(rows)


def _architecture_headings(summary: Summary) -> list[str]:
    if len(summary.sites) < 2:
        return ["depth", "attention", "architecture"]
    return [f"{site}_{name}" for site in summary.sites for name in ("depth", "attention")] + ["architecture"]


def _architecture_cells(summary: Summary, network: Network) -> list[str]:
    by_site = [network.sites.get(site, ()) for site in summary.sites or ("",)]
    cells = [cell for names in by_site for cell in (str(len(names) or ""), " ".join(names))]
    return [*cells, json.dumps(to_json(network.architecture), separators=(",", ":"))]


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)
