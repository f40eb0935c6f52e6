"""Dates, times of the day and lengths of time, after CLDR.

A day or an hour is no content key by itself: a date is one, and a time, and a number of days.
"""

from collections.abc import Callable
from datetime import date, time, timedelta
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_day_names
from num2words import num2words

from nas.tasks.phrases_data.draws import Draw, Filler
from nas.tasks.phrases_data.names import ENGLISH, GERMAN

Unit = Literal["minute", "hour", "day", "week", "month", "year"]

FIRST_DAY, DAYS = date(1930, 1, 1), 36_500
"""A hundred years, so that dates with two digits for the year are clear."""
SECONDS: dict[Unit, int] = {
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}
"""Seconds of each unit of time."""
ALWAYS = 10**9
"""A threshold that no length of time exceeds: it is told in the unit that was asked for."""


def date_in(style: str) -> Callable[[Draw], Filler]:
    """A filler: a date in one of CLDR's styles."""

    def fill(draw: Draw) -> Filler:
        day = draw.owned(lambda: _day(draw), lambda day: [f"date {day}"])
        return Filler(*(format_date(day, style, locale=locale) for locale in (ENGLISH, GERMAN)))

    return fill


def month(draw: Draw) -> Filler:
    """Month and year."""
    first = draw.owned(lambda: _day(draw).replace(day=1), lambda first: [f"month {first}"])
    return Filler(*(format_skeleton("yMMMM", first, locale=locale) for locale in (ENGLISH, GERMAN)))


def quarter(draw: Draw) -> Filler:
    """Quarter and year."""
    day = draw.owned(lambda: _day(draw), lambda day: [f"quarter {day.year} {(day.month - 1) // 3}"])
    return Filler(*(format_skeleton("yQQQQ", day, locale=locale) for locale in (ENGLISH, GERMAN)))


def weekday(draw: Draw) -> Filler:
    """No content key: it stands beside something that has one."""
    number = draw.below(7)
    return Filler(*(get_day_names("wide", locale=locale)[number] for locale in (ENGLISH, GERMAN)))


def time_of_day(draw: Draw) -> Filler:
    """With AM or PM in English; of 24 hours, without the word Uhr, in German."""
    moment = draw.owned(lambda: time(draw.below(24), draw.below(60)), lambda moment: [f"time {moment}"])
    return _clock(moment)


def duration(draw: Draw) -> Filler:
    """From 2 to 99 of a unit, in digits; the German has a dative."""
    count, unit = _count(draw)
    english, german = (_told(count, unit, locale, False) for locale in (ENGLISH, GERMAN))
    return Filler(english, german, dative=_told(count, unit, GERMAN, True).removeprefix("in "))


def spelled_duration(draw: Draw) -> Filler:
    """As a duration, with the number in words."""
    count, unit = _count(draw)
    words = ((_told(count, unit, way, False), num2words(count, lang=way.language)) for way in (ENGLISH, GERMAN))
    return Filler(*(text.replace(str(count), number) for text, number in words))


def ahead(draw: Draw) -> Filler:
    """Such as: in 23 days."""
    count, unit = _count(draw)
    return Filler(*(_told(count, unit, locale, True) for locale in (ENGLISH, GERMAN)))


def ago(draw: Draw) -> Filler:
    """Such as: 23 days ago."""
    count, unit = _count(draw)
    return Filler(*(_told(-count, unit, locale, True) for locale in (ENGLISH, GERMAN)))


@cache
def _clock(moment: time) -> Filler:
    return Filler(*(format_time(moment, "short", locale=locale) for locale in (ENGLISH, GERMAN)))


def _day(draw: Draw) -> date:
    return FIRST_DAY + timedelta(draw.below(DAYS))


def _count(draw: Draw) -> tuple[int, Unit]:
    """A number from 2 to 99 and a unit. Together they are one content key; such a number alone is in every part."""
    units = tuple(SECONDS)
    return draw.owned(lambda: (2 + draw.below(98), draw.one_of(units)), lambda count: ["count {} {}".format(*count)])


@cache
def _told(count: int, unit: Unit, locale: Locale, directed: bool) -> str:
    """With a direction: in 23 days, or 23 days ago if the count is negative."""
    length = timedelta(seconds=count * SECONDS[unit])
    return format_timedelta(length, unit, threshold=ALWAYS, add_direction=directed, locale=locale)


FILLERS = {
    **{f"date_{style}": date_in(style) for style in ("full", "long", "medium", "short")},
    **{"month": month, "quarter": quarter, "weekday": weekday, "time": time_of_day},
    **{"duration": duration, "spelled_duration": spelled_duration, "ahead": ahead, "ago": ago},
}
