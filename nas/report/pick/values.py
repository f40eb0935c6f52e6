"""Values of the first section: the rows of its two tables and their headings."""

from typing import Any

from nas.report import wording
from nas.report.chart.values import Chart
from nas.report.data import ReportData
from nas.report.pick.budgets import Pick, next_command, picks
from nas.report.pick.words import verdict
from nas.report.summary import Network, Summary
from nas.report.tables import Rows


def pick_values(summary: Summary) -> dict[str, Any]:
    """Everything that the template shows, by name."""
    data, groups = summary.data, _groups(summary)
    chart = Chart({data.name: summary})
    return {
        "verdict": verdict(summary),
        "budget_rows": [_budget_row(summary, pick) for pick in picks(summary)],
        "groups": groups,
        "shape_columns": _shape_columns(groups),
        "arm_titles": [wording.ARMS[arm] for arm in summary.arms],
        "split_notes": _split_notes(data),
        "strip_titles": [wording.site_title(site, len(summary.sites)) for site in summary.sites],
        "limited_kinds": any(own.kind and set(own.kinds) != {own.kind} for own in summary.homogeneous),
        "cost_titles": [(wording.title(name), unit) for name, unit in data.costs.items()],
        "quality_heading": wording.sentence_case(wording.name_with_unit(data.tested)),
        "limits": wording.limits(data.limits),
        "axis_titles": [next(iter(axis.values())).name for axis in chart.axes],
        "published": _published(chart),
    }


def _groups(summary: Summary) -> list[dict[str, Any]]:
    """Rows of the main table in groups: the front, then the baselines."""
    groups = {
        "The front, cheapest first": summary.front,
        "Best homogeneous network of each kind": summary.homogeneous,
        "Best network of each fixed hybrid": summary.hybrids,
    }
    return [
        {"heading": heading, "rows": [_row(summary, network) for network in members]}
        for heading, members in groups.items()
        if members
    ]


def _shape_columns(groups: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Names of all shape values, and whether any network's values differ from layer to layer."""
    shapes = [row["shape"] for group in groups for row in group["rows"]]
    names = dict.fromkeys(name for shape in shapes for name in shape)
    return [(name, any("·" in shape.get(name, "") for shape in shapes)) for name in names]


def _row(summary: Summary, network: Network) -> dict[str, Any]:
    data = summary.data
    return {
        "id": network.id,
        "control": network.control,
        "recommended": network is summary.recommended,
        "costs": [wording.amount(network.costs.get(name)) for name in data.costs],
        "inherited": wording.quality(data.searched, network.inherited),
        "arms": [wording.spread(data.tested, network.arms.get(arm)) for arm in summary.arms],
        "strips": [
            "".join(summary.marks[kind].letter for kind in network.sites.get(site, ())) for site in summary.sites
        ],
        "shape": wording.shape(network.architecture),
    }


def _budget_row(summary: Summary, pick: Pick) -> dict[str, Any]:
    return {
        **_row(summary, pick.network),
        "budget": wording.amount(pick.budget),
        "command": next_command(summary, pick.network),
    }


def _split_notes(data: ReportData) -> tuple[str, str]:
    """Notes under the headings of inherited and of retrained quality: the split, and the unit where these differ."""
    if data.one_quality:
        return "search split", "test split"
    inherited, retrained = map(wording.unit_or_name, (data.searched, data.tested))
    return f"{inherited}, search split", f"{retrained}, test split"


def _published(chart: Chart) -> Rows:
    """Name, quality, costs, source and setting of each published network; without a heading."""
    return [
        (each.name, f"{each.quality:g}", *map(wording.amount, each.costs), each.source, each.setting)
        for each in chart.published
    ]
