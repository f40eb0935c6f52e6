"""What each figure shows, for those who cannot see it."""

from nas.report import wording
from nas.report.summary import Summary


def description(summary: Summary, figure: str) -> str:
    """What a figure shows, for those who cannot see it."""
    data, kinds = summary.data, ", ".join(summary.kinds)
    axis, name, tested = wording.title(data.axis), *map(wording.quality_name, (data.searched, data.tested))
    shown = " and ".join(dict.fromkeys((name, tested)))
    members, both = summary.front, len(summary.fidelity.networks)
    ends = [
        f"{wording.quality_with_unit(data.searched, end.inherited)} at {wording.amount(end.costs[data.axis])}"
        for end in (members[:1] + members[-1:])
    ]
    reach = f"The front has {len(members)} networks, from {' to '.join(ends)}; see the table below." if ends else ""
    return {
        "front": f"{shown} against {axis} of {len(data.trials)} trials. {reach}".strip(),
        "attention": f"Attention kind ({kinds}) of each layer of the networks on the front, cheapest first.",
        "choices": "Share of each option of each choice on the front and among random networks; see the table.",
        "importance": "Importance of each choice for inherited quality; see the table.",
        "fidelity": f"{name} with inherited weights against {tested} from scratch, {both} networks.",
        "rankers": "Kendall's tau of orderings with quality from scratch; see the table beside it.",
        "lengths": "FLOPs and latency of a few networks against the length of the input; see the table below.",
        "progress": "Share of the final hypervolume over the number of networks evaluated.",
    }[figure]
