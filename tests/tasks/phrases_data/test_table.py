import itertools

import pytest

from nas.tasks.phrases_data.table import PhraseTable, alignments, extracted, joined, symmetrised, tokens

ARTICLES = {"the": "la", "a": "une"}
COLOURS = {"red": "rouge", "green": "verte", "yellow": "jaune"}
THINGS = {"house": "maison", "car": "voiture", "shelf": "table", "flower": "fleur"}
VERBS = {"shines": "brille", "falls": "tombe", "": ""}


def describe(article: str, colour: str, thing: str, verb: str) -> tuple[str, str]:
    """The adjective stands before the noun in English, behind it in French."""
    english = f"{article} {colour} {thing} {verb}"
    return english.strip(), f"{ARTICLES[article]} {THINGS[thing]} {COLOURS[colour]} {VERBS[verb]}".strip()


def small_world() -> list[tuple[str, str]]:
    return [describe(*words) for words in itertools.product(ARTICLES, COLOURS, THINGS, VERBS)]


def test_words_are_aligned_across_a_change_of_order():
    texts = [(tokens(source), tokens(target)) for source, target in small_world()]
    found = list(alignments(texts))
    for (source, _), links in zip(texts, found, strict=True):
        assert links == {(0, 0), (1, 2), (2, 1), (3, 3)} - ({(3, 3)} if len(source) == 3 else set())


def test_phrases_that_were_not_seen_together_are_put_together():
    wanted = describe("the", "green", "flower", "falls")
    seen = [pair for pair in small_world() if not pair[0].endswith("flower falls")]
    assert PhraseTable.learn(seen).translate(wanted[0]) == wanted[1]


def test_words_without_a_translation_are_copied():
    table = PhraseTable.learn(small_world())
    assert table.translate("the 4711 falls") == "la 4711 tombe"
    assert table.translate("") == ""


def test_the_most_frequent_translation_is_taken_whatever_the_order_of_the_pairs():
    pairs = [("hello", "salut"), ("hello", "bonjour"), ("hello", "bonjour"), ("bye", "salut")]
    for order in itertools.permutations(pairs):
        assert PhraseTable.learn(order).translate("hello") == "bonjour"


def test_phrases_agree_with_the_alignment():
    found = set(extracted(["a", "b", "c"], ["x", "y", "z"], {(0, 1), (1, 0), (2, 2)}))
    single = {(("a",), ("y",)), (("b",), ("x",)), (("c",), ("z",))}
    assert found == {*single, (("a", "b"), ("x", "y")), (("a", "b", "c"), ("x", "y", "z"))}


def test_phrases_may_take_words_without_a_link_along():
    found = set(extracted(["a", "b"], ["x", "new", "y"], {(0, 0), (1, 2)}))
    assert {target for source, target in found if source == ("a",)} == {("x",), ("x", "new")}
    assert {target for source, target in found if source == ("b",)} == {("y",), ("new", "y")}


def test_phrases_have_at_most_four_words_on_either_side():
    words = list("abcdefg")
    found = list(extracted(words, words, {(place, place) for place in range(7)}))
    assert len(found) == 7 + 6 + 5 + 4
    assert max(len(side) for pair in found for side in pair) == 4


def test_symmetrised_links_grow_from_the_intersection_to_words_without_a_link():
    assert symmetrised({(0, 0), (1, 1)}, {(0, 0), (2, 2)}) == {(0, 0), (1, 1), (2, 2)}
    # both words of (1, 0) have their links by then
    assert symmetrised({(0, 0), (1, 1)}, {(0, 0), (1, 1), (1, 0)}) == {(0, 0), (1, 1)}
    assert symmetrised({(0, 0), (1, 1)}, {(1, 1), (2, 1)}) == {(0, 0), (1, 1), (2, 1)}


def test_links_that_only_one_direction_has_do_not_grow_out_of_nothing():
    assert symmetrised({(0, 0)}, {(5, 5)}) == set()
    assert symmetrised({(0, 0), (9, 9)}, {(0, 0)}) == {(0, 0)}


@pytest.mark.parametrize(
    "sentence",
    [
        "The sum is 1,234.5 (twelve), not 3.4 million; why?",
        "Statt 34,20 Euro: 5. Mai 2014!",
        "Old: 12:05, new.",
    ],
)
def test_tokens_are_joined_to_the_sentence_they_come_from(sentence):
    assert joined(tokens(sentence)) == sentence


def test_numbers_keep_their_marks_and_sentences_do_not():
    assert tokens("It costs €1,234.50, or 3.4%.") == ["It", "costs", "€", "1,234.50", ",", "or", "3.4", "%", "."]


def test_learning_from_nothing_is_refused():
    with pytest.raises(ValueError, match="found none among 1"):
        PhraseTable.learn([("", "leer")])
