"""Choices of good networks in sentences and tables."""

from collections.abc import Sequence
from typing import Protocol

from nas.report import wording
from nas.report.look.values import FEWEST_FOR_IMPORTANCE, Choice, Look, Share
from nas.report.tables import Rows
from nas.system.numbers import percent

WORDS = {
    "embed_dim": "width",
    "num_heads": "heads",
    "ffn_dim": "FFN width",
    "ffn_ratio": "FFN ratio",
    "kind": "attention",
    "encoder_layers": "encoder layers seen",
}
STANDING_OUT = 0.1
"""Difference between the shares on the front and in the space from which an option gets a sentence."""
SENTENCES = 3


class Named(Protocol):
    """Anything with the name of a choice."""

    @property
    def name(self) -> str: ...


def choice_title(among: Sequence[Named], name: str) -> str:
    """A choice as a heading: `Attention` for `encoder.blocks.*.attention`; with its stack where there are several."""
    stacks = {each.name.split(".")[0] for each in among}
    *path, last = [part for part in name.split(".") if part not in ("blocks", "*")]
    word = WORDS.get(last, last.replace("_", " "))
    if "cross_attention" in path:
        word = word if last == "encoder_layers" else f"{word} across"
    elif len(stacks) > 1:
        word = " ".join([*path[:1], word])
    return wording.sentence_case(word)


def choice_text(look: Look, networks: int) -> list[str]:
    """Sentences about options that the front has more or less often than random networks.

    Args:
        networks: Number of networks on the front.
    """
    if not look.choices:
        return []
    apart = sorted(
        ((choice, share) for choice in look.choices for share in choice.shares),
        key=lambda pair: abs(pair[1].on_front - pair[1].in_space),
        reverse=True,
    )
    said = [_beside(look.choices, *pair) for pair in apart if _stands_out(pair[1])][:SENTENCES]
    few = f"The front has {networks} networks, so each of them moves these shares."
    if not said:
        return [f"No option is clearly more or less frequent on the front than among random networks. {few}"]
    return [f"Compared with random networks inside the limits, the front has {'; '.join(said)}. {few}"]


def importance_text(look: Look) -> list[str]:
    """Sentences about the most important choice and how far to trust the importances."""
    found = look.importances
    if found is None:
        return [f"The importance of choices is not known: it takes {FEWEST_FOR_IMPORTANCE} networks that differ."]
    first = found.choices[0]
    drawn = "drawn at random" if found.at_random else "of the search, which visits some parts of the space rarely"
    return [
        f"{choice_title(found.choices, first.name)} matters most for inherited quality: it makes up "
        f"{percent(first.share)} of what the choices explain by themselves "
        f"(functional ANOVA over {found.networks} networks {drawn}).",
        f"A forest on the same choices explains {percent(max(0.0, found.explained))} of the variance of "
        "networks that it was not fitted to. Importance is no advice. It says how much a choice changes quality inside "
        "the limits, but not in which direction, and it leaves out interactions between choices.",
    ]


def choice_rows(look: Look) -> Rows:
    """A row for each option."""
    if not look.choices:
        return []
    rows: Rows = [("Choice", "Option", "On the front", "In the space")]
    for choice in look.choices:
        title = choice_title(look.choices, choice.name)
        rows += [(title, each.option, percent(each.on_front), percent(each.in_space)) for each in choice.shares]
    return rows


def importance_rows(look: Look) -> Rows:
    """A row for each choice."""
    found = look.importances
    if found is None:
        return []
    cells = [
        (
            choice_title(found.choices, own.name),
            percent(own.share),
            f"{percent(own.low)} to {percent(own.high)}",
        )
        for own in found.choices
    ]
    return [("Choice", "Importance", "Range over forests"), *cells]


def _stands_out(share: Share) -> bool:
    return abs(share.on_front - share.in_space) >= STANDING_OUT


def _beside(among: Sequence[Choice], choice: Choice, share: Share) -> str:
    order = "more" if share.on_front > share.in_space else "less"
    title = choice_title(among, choice.name)
    title = title if title.split()[0].isupper() else title[:1].lower() + title[1:]
    return f"{title} = {share.option} {order} often ({percent(share.on_front)} against {percent(share.in_space)})"
