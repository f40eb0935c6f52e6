"""Records of the main figure for the page's script: compact values for JSON, with fronts and formats."""

from typing import Any

from nas.report import wording
from nas.report.chart.values import DISTANT, HOLLOW, LOG_ABOVE, Chart, CostAxis, Fronts, Panel, drawable, front_along
from nas.report.summary import Network, Spread, Summary


def chart_records(chart: Chart) -> dict[str, Any]:
    """Everything that the script draws and says; networks are named by their places in the list of networks."""
    shapes = _shape_headings(chart)
    sites = list(dict.fromkeys(site for summary in chart.runs.values() for site in summary.sites))
    networks: list[list[Any]] = []
    runs = []
    for place, (label, summary) in enumerate(chart.runs.items()):
        axes = [axis[label] for axis in chart.axes]
        members = drawable(summary)
        index = {network.id: len(networks) + own for own, network in enumerate(members)}
        networks += [_network(network, place, chart, axes, sites, shapes) for network in members]
        runs.append(_run(label, summary, chart, axes, index))
    return {
        "axes": [_axis(axis) for axis in chart.axes],
        "logAbove": LOG_ABOVE,
        "distant": DISTANT,
        "panels": [_panel(panel) for panel in chart.panels],
        "searched": wording.name_with_unit(chart.first.data.searched),
        "tested": wording.name_with_unit(chart.first.data.tested),
        "digits": [wording.quality_digits(measure) for measure in (chart.first.data.searched, chart.first.data.tested)],
        "arms": [{"label": wording.ARMS[arm], "hollow": arm in HOLLOW} for arm in chart.arms],
        "groups": [{"label": name, "shape": mark.shape, "colour": mark.colour} for name, mark in chart.groups.items()],
        "kinds": {mark.letter: mark.kind for mark in chart.marks.values()},
        "sites": [wording.site_title(site, len(sites)) for site in sites],
        "shapes": shapes,
        "runs": runs,
        "networks": networks,
        "published": [each._asdict() for each in chart.published],
    }


def front_records(summary: Summary) -> dict[str, Any]:
    """Records of the main figure of one run."""
    return chart_records(Chart({summary.data.name: summary}))


def _axis(of_runs: dict[str, CostAxis]) -> dict[str, Any]:
    first, limits = next(iter(of_runs.values())), {axis.limit for axis in of_runs.values()}
    limit = limits.pop() if len(limits) == 1 else None
    ends = [] if limit is None else [limit.at_least, limit.at_most]
    return {"name": first.name, "title": first.title, "limits": [end for end in ends if end is not None]}


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "heading": panel.heading,
        "digits": wording.quality_digits(panel.measure),
        "inherited": panel.inherited,
        "retrained": panel.retrained,
    }


def _run(label: str, summary: Summary, chart: Chart, axes: list[CostAxis], index: dict[str, int]) -> dict[str, Any]:
    fronts = [_places(front_along(summary, axis), chart, index) for axis in axes]
    best = summary.recommended
    return {
        "label": label,
        "folder": summary.data.folder,
        "colour": chart.colour(label),
        "recommended": index.get(best.id) if best is not None else None,
        "fronts": fronts,
    }


def _places(fronts: Fronts, chart: Chart, index: dict[str, int]) -> list[list[Any]]:
    """Places of the networks on the inherited front, and on the retrained front with their arms."""
    retrained = [[index[n.id], chart.arms.index(n.best_arm)] for n in fronts.retrained if n.best_arm is not None]
    return [[index[network.id] for network in fronts.inherited], retrained]


def _network(
    network: Network, run: int, chart: Chart, axes: list[CostAxis], sites: list[str], shapes: list[str]
) -> list[Any]:
    """Id, run, group, costs, inherited quality, arms, attention letters by site, shape."""
    data = list(chart.runs.values())[run].data
    across, up = wording.quality_scale(data.searched), wording.quality_scale(data.tested)
    shape = wording.shape(network.architecture)
    return [
        network.id,
        run,
        -1 if network.control is None else list(chart.groups).index(network.control),
        [_number(axis.values.get(network.id)) for axis in axes],
        None if network.inherited is None else _short(network.inherited * across),
        [_arm(network.arms.get(arm), up) for arm in chart.arms],
        ["".join(chart.marks[kind].letter for kind in network.sites.get(site, ())) for site in sites],
        [shape.get(name, "") for name in shapes],
    ]


def _arm(spread: Spread | None, scale: float) -> Any:
    """Mean, deviation and number of seeds; 0 where the arm has no training."""
    if spread is None:
        return 0
    deviation = None if spread.deviation is None else _short(spread.deviation * scale)
    return [_short(spread.mean * scale), deviation, len(spread.qualities)]


def _shape_headings(chart: Chart) -> list[str]:
    networks = (network for summary in chart.runs.values() for network in drawable(summary))
    return list(dict.fromkeys(name for network in networks for name in wording.shape(network.architecture)))


def _number(value: float | None) -> float | int | None:
    """A whole number as such, another one to six digits, since more cannot be seen."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(f"{value:.6g}")


def _short(value: float) -> float:
    return float(f"{value:.7g}")
