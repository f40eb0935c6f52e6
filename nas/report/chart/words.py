"""The main figure in a sentence, for screen readers."""

from nas.report import wording
from nas.report.summary import Summary


def front_description(summary: Summary) -> str:
    """The axes of the main figure, its number of trials, and both ends of the front."""
    data, members = summary.data, summary.front
    qualities = " and ".join(dict.fromkeys(map(wording.quality_name, (data.searched, data.tested))))
    said = f"{qualities} against {wording.title(data.axis)} of {len(data.trials)} trials."
    if not members:
        return said
    ends = [
        f"{wording.quality_with_unit(data.searched, end.inherited)} at {wording.amount(end.costs[data.axis])}"
        for end in (members[:1] + members[-1:])
    ]
    return f"{said} The front has {len(members)} networks, from {' to '.join(ends)}; see the table below."
