"""What good networks have in common, in sentences and tables."""

from collections.abc import Sequence
from typing import Protocol

from nas.report import wording
from nas.report.data import ReportData
from nas.report.look.values import FEWEST_FOR_IMPORTANCE, Choice, Share
from nas.report.tables import Rows

WORDS = {
    "embed_dim": "width",
    "num_heads": "heads",
    "ffn_dim": "FFN width",
    "ffn_ratio": "FFN ratio",
    "kind": "attention",
    "encoder_layers": "encoder layers seen",
}
STANDING_OUT = 0.1
"""From how far apart shares on the front and in the space are worth a sentence."""
SENTENCES = 3


class Named(Protocol):
    @property
    def name(self) -> str: ...


def choice_title(among: Sequence[Named], name: str) -> str:
    """`Attention` for `encoder.blocks.*.attention`; with its stack in front where there are several."""
    stacks = {each.name.split(".")[0] for each in among}
    *path, last = [part for part in name.split(".") if part not in ("blocks", "*")]
    word = WORDS.get(last, last.replace("_", " "))
    if "cross_attention" in path:
        word = word if last == "encoder_layers" else f"{word} across"
    elif len(stacks) > 1:
        word = " ".join([*path[:1], word])
    return wording.sentence_case(word)


def choice_text(data: ReportData, networks: int) -> list[str]:
    """What the front has more often than random networks.

    Args:
        networks: On the front.
    """
    if not data.choices:
        return []
    apart = sorted(
        ((choice, share) for choice in data.choices for share in choice.shares),
        key=lambda pair: abs(pair[1].on_front - pair[1].in_space),
        reverse=True,
    )
    said = [_beside(data.choices, *pair) for pair in apart if _stands_out(pair[1])][:SENTENCES]
    few = f"The front has {networks} networks, so a single one moves these shares."
    if not said:
        return [f"No option is on the front clearly more or less often than among random networks. {few}"]
    return [f"Beside random networks inside the limits, the front has {'; '.join(said)}. {few}"]


def importance_text(data: ReportData) -> list[str]:
    """Which choice matters most, and what that does and does not mean."""
    found = data.importances
    if found is None:
        return [f"The importance of choices is not known: it takes {FEWEST_FOR_IMPORTANCE} networks that differ."]
    first = found.choices[0]
    drawn = "drawn at random" if found.at_random else "of the search, which passes over parts of the space"
    sentences = [
        f"{choice_title(found.choices, first.name)} matters most for inherited quality: {100 * first.share:.0f} % of "
        f"what the choices explain by themselves (functional ANOVA over {found.networks} networks {drawn}).",
        f"A forest on the same choices explains {max(0.0, 100 * found.explained):.0f} % of the variance of networks "
        "that it has not seen. Importance is no advice: it says what moves quality inside the limits, not which way, "
        "and leaves out what choices do only together.",
    ]
    return sentences


def choice_rows(data: ReportData) -> Rows:
    """A line an option."""
    if not data.choices:
        return []
    rows: Rows = [("Choice", "Option", "On the front", "In the space")]
    for choice in data.choices:
        title = choice_title(data.choices, choice.name)
        rows += [(title, each.option, _percent(each.on_front), _percent(each.in_space)) for each in choice.shares]
    return rows


def importance_rows(data: ReportData) -> Rows:
    """A line a choice."""
    found = data.importances
    if found is None:
        return []
    cells = [
        (choice_title(found.choices, own.name), _percent(own.share), f"{_percent(own.low)} to {_percent(own.high)}")
        for own in found.choices
    ]
    return [("Choice", "Importance", "Forests"), *cells]


def _stands_out(share: Share) -> bool:
    return abs(share.on_front - share.in_space) >= STANDING_OUT


def _beside(among: Sequence[Choice], choice: Choice, share: Share) -> str:
    order = "more" if share.on_front > share.in_space else "less"
    title = choice_title(among, choice.name)
    title = title if title.split()[0].isupper() else title[:1].lower() + title[1:]
    return f"{title} = {share.option} {order} often ({_percent(share.on_front)} against {_percent(share.in_space)})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
