"""Section of the report: the agreement of inherited quality with quality after training."""

from pathlib import Path

from nas.report import wording
from nas.report.figures import Figure
from nas.report.sections import Section
from nas.report.summary import Summary
from nas.report.tables import Table
from nas.report.trust.figures import draw_fidelity, draw_rankers
from nas.report.trust.values import fidelity
from nas.report.trust.words import fidelity_text, ranker_rows


def _description(summary: Summary) -> str:
    searched, tested = map(wording.quality_name, (summary.data.searched, summary.data.tested))
    count = len(fidelity(summary).networks)
    return f"{searched} with inherited weights against {tested} from scratch, {count} networks."


FIDELITY = Figure(
    "fidelity",
    540,
    draw_fidelity,
    caption=lambda summary: (
        "Each mark is a network, drawn as in the first figure. Error bars are one sample standard deviation over seeds."
    ),
    description=_description,
)
RANKERS = Figure(
    "rankers",
    440,
    draw_rankers,
    caption=lambda summary: (
        "Agreement of each ranking with the quality from scratch. "
        "If a bar crosses zero, the data do not show any relation."
    ),
    description=lambda summary: "Kendall's tau of each ranking with the quality from scratch; see the table beside it.",
)


def _tables(summary: Summary) -> list[Table]:
    rows = ranker_rows(summary)
    return [Table("rankers", "Rankings of the networks", rows)] if rows else []


SECTION = Section(
    folder=Path(__file__).parent,
    order=30,
    link="Trust",
    heading="Can I trust the supernet?",
    values=lambda summary: {"sentences": fidelity_text(summary)},
    figures=(FIDELITY, RANKERS),
    tables=_tables,
)
