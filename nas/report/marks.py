"""Marks of attention kinds: a colour, a shape and a letter each, so that no reader depends on colour alone.

Colours: Okabe and Ito's palette for colour-blind readers (jfly.uni-koeln.de/color).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"
BROWN, LAVENDER = "#8c6d31", "#7b7fb5"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BROWN, LAVENDER)
"""Colours of runs or strategies that share a figure; the palette without yellow, which is hard to see on white."""

# a kind has the same colour in every report; other kinds take the spare colours in order
COLOURS = {
    "softmax": BLUE,
    "linear": VERMILION,
    "cosformer": GREEN,
    "lrpe": PURPLE,
    "softmax_relative": SKY,
    "fixation": ORANGE,
}
SPARE_COLOURS = ("#f0e442", BROWN, LAVENDER, "#6a9a9a", "#a05a5a")
SHAPES = {"softmax": "s", "linear": "^", "cosformer": "D", "lrpe": "v", "softmax_relative": "P", "fixation": "X"}
SPARE_SHAPES = ("p", "h", "<", ">", "*")

FRONT_MARKERS = ("o", "D", "s", "^", "v")
"""Markers of the fronts of runs; another one for each time that the colours begin again."""
SHADE = 0.62
"""Brightness of a colour, each time that the colours begin again."""


def series_colour(place: int) -> str:
    """The colour of a run or strategy by its place; past the end of the palette its colours come again, darker."""
    colour, share = SERIES[place % len(SERIES)], SHADE ** (place // len(SERIES))
    return "#" + "".join(f"{round(share * int(colour[at : at + 2], 16)):02x}" for at in (1, 3, 5))


def front_marker(place: int) -> str:
    """The marker of a run's front by the place of the run."""
    return FRONT_MARKERS[place // len(SERIES) % len(FRONT_MARKERS)]


@dataclass(frozen=True)
class Mark:
    """Letter, colour and shape of one attention kind."""

    kind: str
    letter: str
    """Unique among the kinds of one report."""
    colour: str
    """`#` and six hexadecimal digits."""
    shape: str
    """A marker of matplotlib."""

    @property
    def text_colour(self) -> str:
        """Black or white, whichever reads better on the colour."""
        red, green, blue = (int(self.colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        # relative luminance of WCAG 2.2, with its exponent rounded to 2.2; equal contrast with both lies near 0.18
        return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.18 else "#ffffff"


def marks(kinds: Sequence[str]) -> dict[str, Mark]:
    """A mark for every kind, by its name."""
    found: dict[str, Mark] = {}
    others = [kind for kind in kinds if kind not in COLOURS]
    for kind in kinds:
        spare = others.index(kind) if kind in others else 0
        colour = COLOURS.get(kind, SPARE_COLOURS[spare % len(SPARE_COLOURS)])
        # where spare colours begin again, they meet other shapes
        shape = SHAPES.get(kind, SPARE_SHAPES[(spare + spare // len(SPARE_COLOURS)) % len(SPARE_SHAPES)])
        found[kind] = Mark(kind, _letter(kind, {mark.letter for mark in found.values()}), colour, shape)
    return found


def _letter(kind: str, taken: set[str]) -> str:
    # the values of a kind with settings tell more than its name, which other kinds share
    initials = [word[0] for word in (*kind.split("(")[0].split("_"), *re.findall(r"(?<==)\w+", kind)) if word]
    candidates = [character.upper() for character in [*initials, *kind, *"abcdefghijklmnopqrstuvwxyz0123456789"]]
    free = [letter for letter in candidates if letter.isalnum() and letter not in taken]
    return free[0] if free else "?"
