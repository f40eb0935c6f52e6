"""Which part of the data a content key belongs to, and draws that stay inside one part.

Every draw is a hash of a text, so sentences are the same on every machine and in every version of Python and NumPy.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import NamedTuple, TypeVar

from nas.tasks.image_classification import SplitName

Value = TypeVar("Value")

HUNDREDTHS: dict[SplitName, int] = {"train": 85, "search": 5, "select": 4, "test": 6}
"""Share of the content keys that each part owns."""
TRIES = 2_000
"""How often a value is drawn again until the part owns it."""
# dates hold these numbers in every part, so none of them is a number by itself
YEARS = range(1900, 2100)


class Exhausted(Exception):
    """Nothing was found that fits to the rest of a sentence and belongs to the part."""


class Filler(NamedTuple):
    """The text of a slot of a template, in both languages."""

    english: str
    german: str
    accusative: str = ""
    """Where the German differs from `german`, else empty; the same for the dative."""
    dative: str = ""


class Draw:
    """Draws for one sentence of a part: nothing that another part owns is drawn, and what is drawn is remembered."""

    def __init__(self, part: SplitName, seed: str) -> None:
        self.part, self.seed = part, seed
        self.keys: set[str] = set()
        self._names: list[str] = []
        self._drawn = 0

    def below(self, count: int) -> int:
        """A number from 0 to below `count`."""
        self._drawn += 1
        return hashed(f"{self.seed}/{self._drawn}") % count

    def one_of(self, options: Sequence[Value]) -> Value:
        return options[self.below(len(options))]

    def owned(self, draw: Callable[[], Value], keys_of: Callable[[Value], Iterable[str]]) -> Value:
        """Draw until the part owns all keys of the result. Raises: Exhausted."""
        for _ in range(TRIES):
            value = draw()
            keys = set(keys_of(value))
            if all(part_of(key) == self.part for key in keys):
                self.keys |= keys
                return value
        raise Exhausted

    def whole(self, smallest: int, largest: int) -> int:
        """A whole number of the part, no year and none that ends in 01, after which German nouns differ."""

        def draw() -> int:
            number = smallest + self.below(largest - smallest + 1)
            return number + len(YEARS) if number in YEARS else number + (number % 100 == 1)

        return self.owned(draw, lambda number: [number_key(Decimal(number))])

    def decimal(self, largest: int, places: int) -> Decimal:
        """A number of the part with so many decimal places, the last of which is not 0."""

        def draw() -> Decimal:
            return Decimal(10 * self.below(largest * 10 ** (places - 1)) + 1 + self.below(9)).scaleb(-places)

        return self.owned(draw, lambda number: [number_key(number)])

    def name(self, options: tuple[str, ...]) -> str:
        """A name that is not yet in the sentence; the part owns its combinations with the names that are.

        Raises: Exhausted.
        """
        allowed: Sequence[str] = options
        for other in self._names:
            partners = _partners(self.part, other, options)
            allowed = [option for option in allowed if option in partners]
        if not allowed:
            raise Exhausted
        name = self.one_of(allowed)
        self.keys |= {names_key(name, other) for other in self._names}
        self._names.append(name)
        return name


@cache
def _partners(part: SplitName, name: str, options: tuple[str, ...]) -> frozenset[str]:
    """Those of the options whose combination with a name belongs to a part."""
    return frozenset(option for option in options if option != name and part_of(names_key(name, option)) == part)


@cache
def part_of(key: str) -> SplitName:
    """The one part in which a content key may occur; it depends on nothing but the key."""
    place = hashed(key) % 100
    for part, share in HUNDREDTHS.items():
        if place < share:
            return part
        place -= share
    raise ValueError(f"the shares of the parts need to add up to 100, found {sum(HUNDREDTHS.values())}")


def hashed(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


def number_key(number: Decimal) -> str:
    """The same for 12.5 and 12.50, in digits and in words."""
    return f"number {number.normalize():f}"


def names_key(one: str, other: str) -> str:
    """The same in either order."""
    return f"names {min(one, other)} {max(one, other)}"
