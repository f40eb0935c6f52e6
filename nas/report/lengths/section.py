"""Section of the report: costs against the length of the input."""

from pathlib import Path
from typing import Any

from nas.report.figures import Figure
from nas.report.layers import ACROSS
from nas.report.lengths.figures import draw_lengths
from nas.report.lengths.growth import LengthCosts
from nas.report.lengths.values import length_costs
from nas.report.lengths.words import length_rows, length_text, lengths_csv
from nas.report.sections import Section
from nas.report.summary import Summary
from nas.report.tables import Table


def _caption(summary: Summary) -> str:
    said = (
        "Homogeneous networks share one shape. A ring marks the length from which a network costs less than the "
        "all-softmax network of the same shape. Grey lines are other networks of the front."
    )
    if ACROSS in summary.sites:
        said += (
            " In a translation, source and target grow together, and a forward pass reads the source and the whole "
            "target, as in training."
        )
    return said


LENGTHS = Figure(
    "lengths",
    1_040,
    draw_lengths,
    caption=_caption,
    description=lambda summary: (
        "FLOPs and latency of a few networks against the length of the input; see the table below."
    ),
)


def _values(summary: Summary) -> dict[str, Any]:
    return {"sentences": length_text(summary.data.find(LengthCosts))}


def _tables(summary: Summary) -> list[Table]:
    costs = summary.data.find(LengthCosts)
    return (
        [] if costs is None else [Table("lengths", "Costs at several lengths", length_rows(costs), lengths_csv(costs))]
    )


SECTION = Section(
    folder=Path(__file__).parent,
    order=50,
    link="Length",
    heading="Where does linear attention pay?",
    values=_values,
    figures=(LENGTHS,),
    tables=_tables,
    read=lambda run, data: length_costs(run),
)
