"""The recommendation in sentences, and the captions of the first section."""

from collections.abc import Sequence

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Network, Summary
from nas.training.settings import Arm

ARM_WORDS: dict[Arm, str] = {"scratch": "retrained from scratch", "inherited": "fine-tuned from the supernet's weights"}


def verdict(summary: Summary) -> list[str]:
    """Sentences that recommend a network and compare it with the baselines."""
    best = summary.recommended
    if best is None:
        count = len(summary.data.trials)
        state = f"{count:,} networks were proposed, and none was evaluated" if count else "the search has not begun"
        return [f"No network can be recommended yet: {state}."]
    if best.best_arm is None:
        return [
            f"For now, take {best.id}. It is the best network on the search split with the supernet's weights. "
            "Nothing has been retrained yet. Inherited quality only ranks networks; it does not predict the quality "
            "after training.",
            *_against_controls(summary, best),
        ]
    return [
        f"Pick {best.id}. It was {ARM_WORDS[best.best_arm]} and is the best network on the search split. "
        "The test split was read afterwards and played no part in the choice.",
        *_single_seed(best),
        *_against_controls(summary, best),
    ]


def _single_seed(best: Network) -> list[str]:
    seeds = max(len(spread.qualities) for spread in best.arms.values())
    return ["It was trained with one seed, so its spread over seeds is not known."] if seeds == 1 else []


def _against_controls(summary: Summary, best: Network) -> list[str]:
    """Sentences that compare the recommended network with the best homogeneous network and the best fixed hybrid."""
    if best.kind is not None:
        where = "every layer" if set(best.kinds) == {best.kind} else "every layer that can be"
        return [f"It is homogeneous: {where} is {best.kind}. Mixing attention kinds did not help here."]
    controls = {"the best homogeneous network": summary.homogeneous, "the best fixed hybrid": summary.hybrids}
    said = [_beside(summary.data, best, role, networks) for role, networks in controls.items()]
    own = [f"It is a fixed hybrid: {best.hybrid}."] if best.hybrid is not None else []
    return own + [sentence for sentence in said if sentence is not None]


def _beside(data: ReportData, best: Network, role: str, networks: Sequence[Network]) -> str | None:
    """`From scratch, it is 1.25 points above the best homogeneous network on the test split: all linear (9.4 M FLOPs).`

    Both networks are compared in the first arm that they share; None if they share none.
    """
    for arm in dict.fromkeys([best.best_arm, *best.arms]):
        own = _quality(best, arm)
        others = [network for network in networks if network.id != best.id]
        read = [(value, network) for network in others if (value := _quality(network, arm)) is not None]
        if own is None or not read:
            continue
        value, rival = max(read, key=lambda pair: pair[0])
        measure, split = (data.searched, "search") if arm is None else (data.tested, "test")
        weights = "With inherited weights" if arm is None else wording.ARMS[arm]
        order = "above" if own >= value else "below"
        cost = rival.costs.get(data.axis)
        paid = "" if cost is None else f" ({wording.amount(cost)} {wording.title(data.axis)})"
        lead = f"{weights}, it is {wording.points(measure, own - value)} {order} {role} on the {split} split"
        return f"{lead}: {rival.control}{paid}."
    return None


def _quality(network: Network, arm: Arm | None) -> float | None:
    """Mean quality of an arm on the test split, or inherited quality for None; None where it is not known."""
    if arm is None:
        return network.inherited
    return network.arms[arm].mean if arm in network.arms else None


def front_caption(summary: Summary) -> str:
    """Caption of the main figure."""
    said = [
        "Point at a network to see its details, click to pin it, and click an entry of the legend to hide or show it. "
        "Error bars are one sample standard deviation over seeds. Inherited quality is measured on the search split, "
        "retrained quality on the test split."
    ]
    if summary.data.one_quality:
        said.append("Dots without a larger mark above or below them are networks that were not retrained.")
    if summary.found:
        said.append(
            "The retrained front joins networks that the search found, each with the training that was better on the "
            "search split. It is read from the test split and played no part in any choice."
        )
    return " ".join(said)
