"""Numbers in digits and in words, quantities and prices, after CLDR and num2words."""

import re
from collections.abc import Callable
from decimal import Decimal

from babel import Locale
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from babel.units import format_unit
from num2words import num2words

from nas.tasks.phrases_data.draws import Draw, Filler, number_key
from nas.tasks.phrases_data.names import ALL_UNITS, CURRENCIES, ENGLISH, GERMAN, UNITS

LANGUAGES = ((ENGLISH, "en"), (GERMAN, "de"))
PRICED = (
    *("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN"),
    *("CZK", "CAD", "AUD", "NZD", "BRL", "INR", "ZAR", "TRY"),
)
"""Currencies of prices with a sign or a code; all have hundredths."""


def whole(draw: Draw) -> Filler:
    """From three to seven digits, each as often."""
    number = Decimal(_whole(draw, 3 + draw.below(5)))
    return Filler(*(format_decimal(number, locale=locale) for locale, _ in LANGUAGES))


def decimal(draw: Draw) -> Filler:
    number = _decimal(draw)
    return Filler(*(format_decimal(number, locale=locale, decimal_quantization=False) for locale, _ in LANGUAGES))


def percent(draw: Draw) -> Filler:
    share = draw.decimal(100, 1 + draw.below(2)) / 100
    return Filler(*(format_percent(share, locale=locale, decimal_quantization=False) for locale, _ in LANGUAGES))


def millions(draw: Draw) -> Filler:
    """Such as 3.4 million; both 3.4 and 3,400,000 are numbers of the part."""

    def keys_of(number: Decimal) -> list[str]:
        return [number_key(number), number_key(number * 10**6)]

    number = draw.owned(lambda: Decimal(20 + draw.below(9_900)) / 10 + Decimal("0.1"), keys_of) * 10**6
    texts = (format_compact_decimal(number, format_type="long", locale=way, fraction_digits=1) for way, _ in LANGUAGES)
    return Filler(*texts)


def spelled(draw: Draw) -> Filler:
    """A whole number of three to five digits, in words."""
    return _in_words(_whole(draw, 3 + draw.below(3)))


def spelled_decimal(draw: Draw) -> Filler:
    return _in_words(draw.decimal(100, 1 + draw.below(2)))


def digits_and_words(draw: Draw) -> Filler:
    number = _whole(draw, 3 + draw.below(3))
    words = zip(LANGUAGES, _in_words(number)[:2], strict=True)
    return Filler(*(f"{format_decimal(number, locale=locale)} ({text})" for (locale, _), text in words))


def ordinal(draw: Draw) -> Filler:
    """After a definite article in the nominative, the German ends the same in all genders."""
    number = draw.whole(100, 999)
    return Filler(*(num2words(number, lang=language, to="ordinal") for _, language in LANGUAGES))


def price(draw: Draw) -> Filler:
    """With the sign or the code of the currency."""
    code, amount = draw.name(PRICED), draw.decimal(10 ** (1 + draw.below(3)), 2)
    texts = (format_currency(amount, code, locale=locale) for locale, _ in LANGUAGES)
    # CLDR asks for a space between a code and a number; Babel leaves it out
    return Filler(*(re.sub("([A-Z])([0-9])", r"\1 \2", text) for text in texts))


def amount(draw: Draw) -> Filler:
    """With the name of the currency; nominative or accusative."""
    code, number = draw.name(CURRENCIES), _whole(draw, 3 + draw.below(4))

    return Filler(*(_named(number, code, locale) for locale, _ in LANGUAGES))


def quantity_of(units: tuple[str, ...]) -> Callable[[Draw], Filler]:
    """A filler: a number, as a rule with a decimal place, and one of the units; nominative or accusative."""

    def quantity(draw: Draw) -> Filler:
        unit, number = draw.name(units), _decimal(draw) if draw.below(3) else Decimal(_whole(draw, 3))
        return Filler(*(format_unit(number, unit, locale=locale) for locale, _ in LANGUAGES))

    return quantity


def _named(number: int, code: str, locale: Locale) -> str:
    return format_currency(number, code, locale=locale, format_type="name", currency_digits=False)


def _whole(draw: Draw, digits: int) -> int:
    return draw.whole(10 ** (digits - 1), 10**digits - 1)


def _decimal(draw: Draw) -> Decimal:
    return draw.decimal(10 ** (1 + draw.below(4)), 1 + draw.below(2))


def _in_words(number: int | Decimal) -> Filler:
    return Filler(*(num2words(number, lang=language) for _, language in LANGUAGES))


FILLERS = {
    **{"whole": whole, "decimal": decimal, "percent": percent, "millions": millions, "ordinal": ordinal},
    **{"spelled": spelled, "spelled_decimal": spelled_decimal, "digits_and_words": digits_and_words},
    **{"price": price, "amount": amount, "quantity": quantity_of(ALL_UNITS)},
    **{kind: quantity_of(units) for kind, units in UNITS.items()},
}
