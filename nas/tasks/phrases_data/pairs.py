"""English-German sentence pairs without a download: templates filled out of CLDR (Babel) and number words (num2words).

What a sentence tells apart from its wording are its content keys:

- every number, the same in digits, in words, as a price, a share or a quantity ("number 12.5");
- every date, month of a year, quarter and time of the day ("date 2014-03-03", "time 16:15:00");
- every two names (countries, languages, currencies, units of measure) that stand together ("names DE fr");
- a number from 2 to 99 with its unit of time ("count 23 day").

A key alone decides, by a hash, to which part of the data it belongs, whatever the template, and a sentence is made of
keys of one part only. So no number, date, time or combination of names of the test part occurs in training, in digits
or in words. The test part asks for what can be learned: how numbers are formatted and spelled, how a clock is
converted, which words go where. Single names do occur in training, or nobody could know them.

What is shared by all parts, since texts cannot do without it: numbers inside a date or a time (days, hours, years),
numbers up to 99 that count, weekdays, the nouns and the templates. No number by itself is a year that dates have.

Sources: Unicode CLDR as packed by Babel; num2words. Another version of either may change some sentences.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import count, islice
from string import Formatter
from typing import NamedTuple

from nas.tasks.phrases_data import calendar, names, numbers, things
from nas.tasks.phrases_data.draws import Draw, Exhausted, Filler
from nas.tasks.phrases_data.templates import TEMPLATES, Template
from nas.tasks.texts.corpus_source import SplitName

SIZES: dict[SplitName, int] = {"train": 40_000, "search": 1_500, "select": 1_000, "test": 1_500}
ATTEMPTS = 20
"""How often a template is begun anew where names that are drawn first leave nothing for the next."""
FILLERS = {**calendar.FILLERS, **names.FILLERS, **numbers.FILLERS, **things.FILLERS}


class Sentence(NamedTuple):
    """A sentence in both languages and what it tells."""

    english: str
    german: str
    keys: frozenset[str]
    """At least one."""


@cache
def phrase_pairs() -> dict[SplitName, list[tuple[str, str]]]:
    """English and German sentences of each part, all distinct; templates take turns in the order of a part."""
    return {part: [sentence[:2] for sentence in sentences(part)] for part in SIZES}


@cache
def sentences(part: SplitName) -> tuple[Sentence, ...]:
    """The sentences of a part with their content keys."""
    return tuple(islice(draw_sentences(part), SIZES[part]))


def draw_sentences(part: SplitName) -> Iterator[Sentence]:
    """Sentences of a part without end, none of them twice."""
    found: set[Sentence] = set()
    for turn in count():
        sentence = _fill(TEMPLATES[turn % len(TEMPLATES)], part, turn)
        if sentence is not None and sentence not in found:
            found.add(sentence)
            yield sentence


def _fill(template: Template, part: SplitName, turn: int) -> Sentence | None:
    """A template with slots filled from draws of (part, turn); None where the part owns too little that fits."""
    for attempt in range(ATTEMPTS):
        draw = Draw(part, f"{part}/{turn}/{attempt}")
        with suppress(Exhausted):
            fillers = {slot: FILLERS[slot.rstrip("123")](draw) for slot in _slots(template)}
            english = template.english.format(**{slot: filler.english for slot, filler in fillers.items()})
            german = template.german.format(**_forms(fillers))
            return Sentence(_tidy(english), _tidy(german), frozenset(draw.keys))
    return None


@cache
def _slots(template: Template) -> tuple[str, ...]:
    return tuple(slot for _, slot, _, _ in Formatter().parse(template.english) if slot)


def _forms(fillers: dict[str, Filler]) -> dict[str, str]:
    """German texts by slot and case."""
    forms = {slot: filler.german for slot, filler in fillers.items()}
    forms |= {f"{slot}_acc": filler.accusative or filler.german for slot, filler in fillers.items()}
    return forms | {f"{slot}_dat": filler.dative or filler.german for slot, filler in fillers.items()}


def _tidy(text: str) -> str:
    """With a capital at the start, and plain spaces where CLDR has narrow or unbreakable ones."""
    return " ".join((text[0].upper() + text[1:]).split())
