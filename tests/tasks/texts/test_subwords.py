import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.tasks.base import DataError
from nas.tasks.texts.subwords import BEGIN, END, PAD, UNKNOWN, Subwords, learn

WORDS = [
    "ein",
    "Hund",
    "Häuser",
    "große",
    "Straße",
    "über",
    "„Zitat“",
    "dog",
    "dogs",
    "houses",
    "the",
    "a",
    "23",
    "2014",
]
rng = random.Random(0)
LINES = [" ".join(rng.choices(WORDS, k=8)) for _ in range(400)]
MODEL = learn(LINES, 400)
SUBWORDS = Subwords(MODEL)


def round_trip(text: str) -> str:
    return SUBWORDS.decode(SUBWORDS.encode([text]))[0]


def without_extra_spaces(text: str) -> str:
    return " ".join(word for word in text.replace("▁", " ").split(" ") if word)


@pytest.mark.parametrize(
    "text", ["Häuser „groß“ 2014", "😀 ² … ½ ﬁ", "a\tb\u00a0c\u2028d", "<s> </s> <unk> <0x41>", "", "漢字"]
)
def test_ordinary_and_odd_texts_come_back_as_they_were(text):
    assert round_trip(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")))
def test_any_text_comes_back_but_for_extra_spaces(text):
    assert round_trip(text) == without_extra_spaces(text)
    assert UNKNOWN not in SUBWORDS.encode([text])[0]


def test_extra_spaces_are_dropped():
    assert round_trip("  der   Hund ") == "der Hund"


def test_equal_lines_give_equal_bytes():
    again = learn(iter(LINES), 400)
    assert again == MODEL
    assert Subwords(again).sha256 == SUBWORDS.sha256
    assert Subwords(learn(LINES[1:], 400)).sha256 != SUBWORDS.sha256


def test_what_is_frequent_is_one_subword():
    assert SUBWORDS.size <= 400
    assert [len(row) for row in SUBWORDS.encode(["Hund", "Straße", "dogs"])] == [1, 1, 1]


def test_a_small_corpus_gives_a_small_vocabulary():
    assert Subwords(learn(["a b"], 4_000)).size < 300


def test_no_text_holds_a_special_token():
    ids = {token for row in SUBWORDS.encode(LINES) for token in row}
    assert not ids & {PAD, UNKNOWN, BEGIN, END}


def test_decoding_stops_at_the_end_and_skips_what_says_nothing():
    one, other = SUBWORDS.encode(["der Hund", "zwei"])
    assert SUBWORDS.decode([[BEGIN, *one, END, *other], [*other, PAD, PAD], [PAD], []]) == ["der Hund", "zwei", "", ""]
    assert SUBWORDS.decode([]) == []


def test_texts_with_more_characters_than_the_vocabulary_are_told_how_many():
    with pytest.raises(DataError, match=r"cannot learn a vocabulary of 100 subwords: .* alone are 26\d; ask for more"):
        learn(["abcdef"] * 5, 100)


@pytest.mark.parametrize("lines", [[], [""]])
def test_a_vocabulary_of_no_text_is_refused(lines):
    with pytest.raises(DataError, match="the texts are empty"):
        learn(lines, 1_000)


@pytest.mark.parametrize("model", [b"", b"abc"])
def test_a_damaged_model_is_refused(model):
    with pytest.raises(DataError, match=f"damaged: {len(model)} bytes"):
        Subwords(model)


def test_learning_and_reading_print_nothing(capfd):
    Subwords(learn(LINES, 300)).encode(LINES)
    assert capfd.readouterr() == ("", "")
