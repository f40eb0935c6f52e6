"""Names out of CLDR: countries, languages, currencies, units. Each is drawn by its code, which no two kinds share."""

from decimal import Decimal
from functools import cache

from babel import Locale
from babel.numbers import get_currency_name
from babel.units import format_unit

from nas.tasks.phrases_data.draws import Draw, Filler

ENGLISH, GERMAN = Locale("en"), Locale("de")

# countries that take no article in either language
COUNTRY_CODES = """
    AD AF AL AM AO AR AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BO BR BT BW BY BZ CA CL CM CN CO CR CU CV CW CY CZ
    DE DJ DK DM DZ EC EE EG ER ES ET FI FJ FR GA GD GE GH GI GL GN GQ GR GT GU GW GY HN HR HT HU ID IE IL IN IS IT
    JM JO JP KE KG KH KI KP KR KW KZ LA LI LK LR LS LT LU LV LY MA MC ME MG MK ML MQ MR MT MU MW MX MY MZ NA NC NG
    NI NO NP NR NZ PA PE PG PK PL PR PT PW PY QA RE RO RS RU RW SA SE SG SI SL SM SO SR SV SY SZ TG TH TJ TL TM TN
    TO TT TV TW TZ UG UY UZ VE VN VU WS ZA ZM ZW
"""
# currencies whose German plural is the one in use
CURRENCY_CODES = """
    EUR USD GBP CHF JPY SEK NOK DKK ISK PLN CZK HUF BGN TRY RUB CAD AUD NZD MXN BRL ARS CLP COP UYU INR KRW VND
    THB IDR MYR PHP SGD HKD PKR EGP MAD TND ZAR KES NGN GHS ETB SAR QAR KWD JOD IRR IQD GEL AMD AZN KZT BYN CUP
    JMD DOP GTQ HNL LBP SYP DZD LYD AOA UGX TZS BWP NAD MUR LKR NPR BDT MNT KHR LAK FJD
"""
COUNTRIES, CURRENCIES = tuple(COUNTRY_CODES.split()), tuple(CURRENCY_CODES.split())
UNITS = {
    "mass": ("mass-gram", "mass-kilogram", "mass-tonne", "mass-milligram", "mass-pound", "mass-ounce"),
    "length": (
        *("length-millimeter", "length-centimeter", "length-decimeter", "length-meter", "length-kilometer"),
        *("length-inch", "length-foot", "length-yard", "length-mile", "length-nautical-mile"),
    ),
    "volume": ("volume-milliliter", "volume-centiliter", "volume-deciliter", "volume-liter", "volume-teaspoon"),
    "area": ("area-square-meter", "area-square-kilometer", "area-hectare", "area-square-mile", "area-square-foot"),
    "speed": ("speed-kilometer-per-hour", "speed-mile-per-hour", "speed-meter-per-second", "speed-knot"),
    "memory": ("digital-kilobyte", "digital-megabyte", "digital-gigabyte", "digital-terabyte", "digital-petabyte"),
    "power": ("power-watt", "power-kilowatt", "power-megawatt", "power-gigawatt", "power-horsepower"),
    "energy": ("energy-joule", "energy-kilojoule", "energy-kilowatt-hour", "energy-kilocalorie", "energy-calorie"),
    "pressure": ("pressure-bar", "pressure-pascal", "pressure-hectopascal", "pressure-millibar"),
    "other": ("volume-cubic-meter", "electric-volt", "electric-ampere", "frequency-hertz", "frequency-megahertz"),
}
ALL_UNITS = tuple(unit for units in UNITS.values() for unit in units)


def country(draw: Draw) -> Filler:
    """A country that takes no article, so that it stands after any preposition."""
    code = draw.name(COUNTRIES)
    return Filler(ENGLISH.territories[code], GERMAN.territories[code])


def language(draw: Draw) -> Filler:
    code = draw.name(_languages())
    return Filler(ENGLISH.languages[code], GERMAN.languages[code])


def currency(draw: Draw) -> Filler:
    """One unit of a currency, as a label calls it."""
    code = draw.name(CURRENCIES)
    return Filler(get_currency_name(code, locale=ENGLISH), get_currency_name(code, locale=GERMAN))


def unit(draw: Draw) -> Filler:
    """Several of a unit, without their number: kilometers."""
    name = draw.name(ALL_UNITS)
    texts = (format_unit(Decimal(2), name, locale=locale) for locale in (ENGLISH, GERMAN))
    return Filler(*(text.removeprefix("2 ") for text in texts))


@cache
def _languages() -> tuple[str, ...]:
    """Languages with a code of two letters whose names need no brackets in either language."""
    both = {code: ENGLISH.languages[code] + GERMAN.languages.get(code, "(") for code in sorted(ENGLISH.languages)}
    return tuple(code for code, names in both.items() if len(code) == 2 and "(" not in names)


FILLERS = {"country": country, "language": language, "currency": currency, "unit": unit}
