"""The main figure as the page and the folder need it: values for the script, and files."""

from dataclasses import dataclass

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from nas.report import drawing, wording
from nas.report.chart.figure import draw_chart
from nas.report.chart.records import chart_records
from nas.report.chart.values import Chart
from nas.report.tables import Rows

WIDTH = 1040


@dataclass(frozen=True)
class DrawnChart:
    """A main figure in all its forms."""

    name: str
    """Of its files."""
    label: str
    """Read aloud in its place."""
    records: Markup
    """JSON for the page's script."""
    svg: str
    png: bytes
    titles: list[str]
    """Short names of the costs."""
    published: Rows
    """Name, quality, costs, source and setting of what others published; no heading."""


def drawn_chart(chart: Chart, name: str, label: str) -> DrawnChart | None:
    """None before the first evaluation."""
    plot = draw_chart(chart, WIDTH)
    if plot is None:
        return None
    return DrawnChart(
        name,
        label,
        htmlsafe_json_dumps(chart_records(chart), separators=(",", ":"), ensure_ascii=False),
        drawing.svg(plot),
        drawing.png(plot),
        [next(iter(axis.values())).name for axis in chart.axes],
        [
            (each.name, f"{each.quality:g}", *map(wording.amount, each.costs), each.source, each.setting)
            for each in chart.published
        ],
    )
