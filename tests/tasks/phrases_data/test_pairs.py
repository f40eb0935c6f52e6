"""Sentences depend on the versions of Babel and num2words: where the digest alone fails, look at what they changed."""

import re
from decimal import Decimal
from functools import cache
from hashlib import sha256
from itertools import combinations, islice

import pytest
from num2words import num2words

from nas.tasks.phrases_data.draws import HUNDREDTHS, YEARS, Draw, Exhausted, names_key, part_of
from nas.tasks.phrases_data.names import COUNTRIES, CURRENCIES
from nas.tasks.phrases_data.pairs import FILLERS, SIZES, Sentence, draw_sentences, phrase_pairs, sentences
from nas.tasks.phrases_data.templates import TEMPLATES

FIRST_DIGEST = "ab7129b2c98adbdae5873b0a1c9a95d1fd2a6e521b59153b8a6553f5769510d8"
DIGEST = "539de02a32226a30e5fcc2e40265cc78505b81924678ee6aded8a73e31ef17a3"
KNOWN_PAIRS = [
    (
        "The large tent is 735.84 decimeters long and 2.3 kilometers wide.",
        "Das große Zelt ist 735,84 Dezimeter lang und 2,3 Kilometer breit.",
    ),
    (
        "Add 552 teaspoons of water and 969.2 milligrams of flour.",
        "Geben Sie 552 Teelöffel Wasser und 969,2 Milligramm Mehl hinzu.",
    ),
    ("In Mozambique, 71.42% of people speak Samoan.", "In Mosambik sprechen 71,42 % der Menschen Samoanisch."),
    (
        "Did you know that 237 people in Costa Rica speak Ganda?",
        "Wussten Sie, dass in Costa Rica 237 Menschen Ganda sprechen?",
    ),
    (
        "More than four thousand, five hundred and fifty-one people live in Djibouti.",
        "In Dschibuti leben mehr als viertausendfünfhunderteinundfünfzig Menschen.",
    ),
    ("The result is eighty-four point six two.", "Das Ergebnis ist vierundachtzig Komma sechs zwei."),
    ("The budget grew by 32.84% to 605.4 million euros.", "Das Budget wuchs um 32,84 % auf 605,4 Millionen Euro."),
    (
        "The second round has been moved from April 3, 1973 to July 16, 1994.",
        "Die zweite Runde wurde vom 3. April 1973 auf den 16. Juli 1994 verschoben.",
    ),
    ("The signed contract is dated Jun 18, 2012.", "Der unterschriebene Vertrag ist vom 18.06.2012."),
    (
        "The invoice of October 24, 1977 for NZ$649.12 is due in 48 days.",
        "Die Rechnung vom 24. Oktober 1977 über 649,12 NZ$ ist in 48 Tagen fällig.",
    ),
    ("After 98 years, the boat was finally finished.", "Nach 98 Jahren war das Boot endlich fertig."),
    (
        "I paid 45,712 Namibian dollars in Brazil 81 hours ago.",
        "Ich habe vor 81 Stunden in Brasilien 45.712 Namibia-Dollar bezahlt.",
    ),
    ("We visited Bulgaria, Botswana, and Liechtenstein.", "Wir haben Bulgarien, Botsuana und Liechtenstein besucht."),
    (
        "Nobody knows why the box costs 51,927 Angolan kwanzas.",
        "Niemand weiß, warum die Kiste 51.927 Angolanische Kwanza kostet.",
    ),
    (
        "Instead of eighty-eight thousand, eight hundred and eighty-three you wrote one hundred and sixty-nine.",
        "Statt achtundachtzigtausendachthundertdreiundachtzig haben Sie einhundertneunundsechzig geschrieben.",
    ),
    (
        "The concert takes place on Friday, May 8, 2020 at 4:30 AM.",
        "Das Konzert findet am Freitag, 8. Mai 2020 um 04:30 Uhr statt.",
    ),
    (
        "On Friday, February 14, 1997 the party began at 4:45 PM.",
        "Am Freitag, 14. Februar 1997 begann das Fest um 16:45 Uhr.",
    ),
    ("Date: 5/6/75; time: 6:46 PM.", "Datum: 06.05.75; Uhrzeit: 18:46 Uhr."),
]


@cache
def some_sentences() -> dict[str, list[Sentence]]:
    """The first of each part, so many that every template comes several times."""
    return {part: list(islice(draw_sentences(part), 6 * len(TEMPLATES))) for part in SIZES}


def all_sentences() -> dict[str, tuple[Sentence, ...]]:
    return {part: sentences(part) for part in SIZES}


def digest(pairs: list[tuple[str, str]]) -> str:
    return sha256("\n".join(f"{english}\t{german}" for english, german in pairs).encode()).hexdigest()


def numbers_in_digits(english: str) -> set[Decimal]:
    """Numbers that are not part of a date or a time, of at least 100 or with decimal places."""
    texts = re.findall(r"(?<![\d/:,.])\d+(?:,\d{3})*(?:\.\d+)?(?![\d/:])", english)
    numbers = {Decimal(text.replace(",", "")) for text in texts}
    return {number for number in numbers if number % 1 or (number >= 100 and number not in YEARS)}


def numbers_in_words(german: str) -> set[str]:
    return set(re.findall(r"\w*(?:hundert|tausend)\w*", german))


def german_words(sentence: Sentence) -> list[str]:
    return re.findall(r"[\w.,:-]*\w", sentence.german)


def assert_parts_share_no_number(found: dict[str, list[Sentence]]):
    digits = {part: {n for one in some for n in numbers_in_digits(one.english)} for part, some in found.items()}
    words = {part: {n for one in some for n in numbers_in_words(one.german)} for part, some in found.items()}
    for part in ("search", "select", "test"):
        assert len(digits[part]) > 50 and len(words[part]) > 20
        spelled = {num2words(number, lang="de") for number in digits[part] if number % 1 == 0 and number < 100_000}
        assert not spelled & words["train"]
    for one, other in combinations(found, 2):
        assert not digits[one] & digits[other]
        assert not words[one] & words[other]


def assert_parts_share_nothing(found: dict[str, list[Sentence]]):
    for one, other in combinations(found, 2):
        for field in Sentence._fields[:2]:
            assert not {getattr(a, field) for a in found[one]} & {getattr(b, field) for b in found[other]}
        assert not frozenset().union(*(a.keys for a in found[one])) & frozenset().union(*(b.keys for b in found[other]))


def test_no_key_and_no_sentence_is_in_two_parts():
    assert_parts_share_nothing(some_sentences())


def test_no_number_in_digits_or_words_is_in_two_parts():
    assert_parts_share_no_number(some_sentences())


def test_every_sentence_has_keys_and_all_belong_to_its_part():
    for part, some in some_sentences().items():
        assert all(one.keys and {part_of(key) for key in one.keys} == {part} for one in some)


def test_sentences_of_a_part_are_distinct_pairs():
    for some in some_sentences().values():
        assert len({one[:2] for one in some}) == len(some)


def test_keys_are_spread_over_the_parts_by_their_shares():
    parts = [part_of(f"number {number}") for number in range(20_000)]
    for part, share in HUNDREDTHS.items():
        # the largest standard deviation of a share is sqrt(0.85 * 0.15 / 20,000) = 0.25 %
        assert abs(parts.count(part) / 20_000 - share / 100) < 4 * 0.0026


def test_what_differs_only_in_wording_has_the_same_keys():
    draws = {kind: Draw("train", "seed") for kind in ("spelled", "digits_and_words")}
    texts = {kind: FILLERS[kind](draw).german for kind, draw in draws.items()}
    assert texts["spelled"] in texts["digits_and_words"] and texts["spelled"] != texts["digits_and_words"]
    assert draws["spelled"].keys == draws["digits_and_words"].keys


def test_names_of_one_sentence_are_different_and_every_two_of_them_are_a_key():
    draw = Draw("train", "seed")
    names = [draw.name(COUNTRIES) for _ in range(5)]
    assert len(set(names)) == 5
    assert draw.keys == {names_key(*pair) for pair in combinations(names, 2)}


def test_names_run_out_rather_than_stand_beside_one_that_another_part_has():
    draw = Draw("test", "seed")
    draw.name(("EUR",))
    foreign = tuple(code for code in CURRENCIES if part_of(names_key("EUR", code)) != "test")
    assert len(foreign) > len(CURRENCIES) / 2
    with pytest.raises(Exhausted):
        draw.name(foreign)


@pytest.mark.parametrize("kind", FILLERS)
def test_every_filler_is_the_same_for_the_same_seed_and_differs_for_others(kind):
    drawn = [FILLERS[kind](Draw("train", f"seed {number}")) for number in range(12)]
    assert drawn == [FILLERS[kind](Draw("train", f"seed {number}")) for number in range(12)]
    assert len(set(drawn)) > 3
    assert all(filler.english and filler.german for filler in drawn)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.english)
def test_both_sides_of_a_template_have_the_same_slots(template):
    english, german = (sorted(re.findall(r"{(\w+)}", text)) for text in template)
    assert [slot.removesuffix("_acc").removesuffix("_dat") for slot in german] == english
    assert {slot.rstrip("123") for slot in english} <= set(FILLERS)


def test_sentences_have_from_3_to_20_words_a_capital_and_plain_spaces():
    for some in some_sentences().values():
        for text in (text for one in some for text in one[:2]):
            assert 3 <= len(text.split()) <= 20
            assert text[0].isupper() or text[0].isdigit()
            assert re.sub(r"\s", " ", text) == " ".join(text.split())
            assert text[-1] in ".?"


def test_first_sentences_are_the_same_on_every_machine():
    assert digest([one[:2] for some in some_sentences().values() for one in some]) == FIRST_DIGEST


@pytest.mark.parametrize("pair", KNOWN_PAIRS)
def test_pairs_checked_by_eye(pair):
    assert pair in [one[:2] for one in some_sentences()["test"]]


@pytest.mark.slow
def test_all_pairs_are_the_same_on_every_machine():
    pairs = phrase_pairs()
    assert {part: len(pairs[part]) for part in pairs} == SIZES
    assert digest([pair for part in pairs.values() for pair in part]) == DIGEST


@pytest.mark.slow
def test_no_key_sentence_or_number_of_the_whole_data_is_in_two_parts():
    assert_parts_share_nothing(all_sentences())
    assert_parts_share_no_number(all_sentences())
    assert all(len(set(some)) == len(some) for some in phrase_pairs().values())


@pytest.mark.slow
def test_every_word_of_the_test_part_is_in_training_but_for_numbers_and_times():
    words = {part: [word for one in some for word in german_words(one)] for part, some in all_sentences().items()}
    seen = set(words["train"])
    unseen = [word for word in words["test"] if word not in seen]
    assert 0.08 < len(unseen) / len(words["test"]) < 0.14
    assert not [word for word in unseen if not re.search(r"\d|hundert|tausend", word)]
