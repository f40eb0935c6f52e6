"""A baseline without a network: phrases learned from sentence pairs, put side by side in the order of the source.

Words are aligned by IBM Model 1 in both directions (Brown, Della Pietra, Della Pietra and Mercer 1993), alignments are
symmetrised, and phrases that agree with them are counted (Koehn, Och and Marcu 2003). There is no model of the target
language and no reordering but inside a phrase.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

LONGEST = 4
"""Words of a phrase, on either side."""
ROUNDS = 5
"""Rounds of expectation and maximisation."""
UNKNOWN = -10.0
"""Logarithm of the probability of copying a word that no phrase has."""
NEIGHBOURS = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right)

TOKEN = re.compile(r"\w(?:[\w.,:'’&/-]*\w)?|\S")
NO_SPACE_BEFORE, NO_SPACE_AFTER = set(".,;:?!)"), {"("}

Phrase = tuple[str, ...]
Links = set[tuple[int, int]]
"""Places of words that are aligned: in the source, in the target."""


@dataclass(frozen=True)
class PhraseTable:
    """Phrases of one language and what they are in another."""

    phrases: dict[Phrase, tuple[Phrase, float]]
    """The most frequent translation of each, and the logarithm of its relative frequency."""

    @classmethod
    def learn(cls, pairs: Sequence[tuple[str, str]]) -> "PhraseTable":
        """Learn from (source, target). Raises: ValueError without pairs of which both sides have words."""
        texts = [(tokens(source), tokens(target)) for source, target in pairs if source.strip() and target.strip()]
        if not texts:
            raise ValueError(f"a phrase table needs pairs with words on both sides, found none among {len(pairs)}")
        counts: defaultdict[Phrase, Counter[Phrase]] = defaultdict(Counter)
        for (source, target), links in zip(texts, alignments(texts), strict=True):
            for one, other in extracted(source, target, links):
                counts[one][other] += 1
        return cls({source: _most_frequent(found) for source, found in counts.items()})

    def translate(self, sentence: str) -> str:
        """The most probable row of phrases; a word that no phrase has is copied."""
        words = tokens(sentence)
        best: list[tuple[float, list[str]]] = [(0.0, [])]
        for end in range(1, len(words) + 1):
            starts = range(max(0, end - LONGEST), end)
            options = ((best[start], self._option(words[start:end])) for start in starts)
            best.append(max(((score + gain, text + more) for (score, text), (more, gain) in options), key=_score))
        return joined(best[-1][1])

    def _option(self, words: list[str]) -> tuple[list[str], float]:
        """A translation and the logarithm of its probability."""
        if tuple(words) in self.phrases:
            target, gain = self.phrases[tuple(words)]
            return list(target), gain
        return words, UNKNOWN if len(words) == 1 else -math.inf


def tokens(sentence: str) -> list[str]:
    """Words, numbers and marks."""
    return TOKEN.findall(sentence)


def joined(words: Iterable[str]) -> str:
    """Tokens as a sentence, with spaces where they belong."""
    text = ""
    for word in words:
        space = bool(text) and word not in NO_SPACE_BEFORE and text[-1] not in NO_SPACE_AFTER
        text += " " + word if space else word
    return text


def alignments(texts: Sequence[tuple[list[str], list[str]]]) -> Iterator[Links]:
    """Symmetrised links of each pair of sentences."""
    forward = _most_likely_sources(texts)
    backward = _most_likely_sources([(target, source) for source, target in texts])
    for there, back in zip(forward, backward, strict=True):
        yield symmetrised({(i, j) for j, i in there}, set(back))


def symmetrised(one: Links, other: Links) -> Links:
    """Links that both alignments have, grown by neighbouring links of either one for words that are not aligned yet."""
    links, union = one & other, sorted(one | other)
    grown = True
    while grown:
        grown = False
        rows, columns = {i for i, _ in links}, {j for _, j in links}
        for i, j in union:
            beside = any((i + down, j + right) in links for down, right in NEIGHBOURS)
            if beside and (i not in rows or j not in columns):
                links.add((i, j))
                rows.add(i)
                columns.add(j)
                grown = True
    return links


def extracted(source: Sequence[str], target: Sequence[str], links: Links) -> Iterator[tuple[Phrase, Phrase]]:
    """Phrases of which no word is aligned with one outside; words beside them without a link may belong or not."""
    aligned = {j for _, j in links}
    for first in range(len(source)):
        for last in range(first, min(first + LONGEST, len(source))):
            places = [j for i, j in links if first <= i <= last]
            if not places or any(min(places) <= j <= max(places) and not first <= i <= last for i, j in links):
                continue
            for start, stop in _spans(min(places), max(places), aligned, len(target)):
                yield tuple(source[first : last + 1]), tuple(target[start : stop + 1])


def _spans(first: int, last: int, aligned: set[int], size: int) -> Iterator[tuple[int, int]]:
    """Places first to last, and with words on both sides that are not aligned, while they are not too many."""
    for start in range(first, -1, -1):
        if start < first and start in aligned:
            break
        for stop in range(last, min(size, start + LONGEST)):
            if stop > last and stop in aligned:
                break
            yield start, stop


def _most_likely_sources(texts: Sequence[tuple[list[str], list[str]]]) -> Iterator[list[tuple[int, int]]]:
    """Places (target, source) of each pair; a target word that most likely has no source is left out."""
    probabilities = _model_1(texts)
    end = 0
    for source, target in texts:
        start, end = end, end + (len(source) + 1) * len(target)
        best = probabilities[start:end].reshape(len(target), len(source) + 1).argmax(1)
        yield [(j, int(i) - 1) for j, i in enumerate(best) if i]


def _model_1(texts: Sequence[tuple[list[str], list[str]]]) -> np.ndarray:
    """Probability of each target word from each source word of its sentence: all pairs, target by target, in a row.

    Before the source words stands the empty word.
    """
    sources: dict[str, int] = {}
    targets: dict[str, int] = {}
    ids = [([0, *_numbered(source, sources)], _numbered(target, targets)) for source, target in texts]
    source_P = np.concatenate([np.tile(source, len(target)) for source, target in ids])
    target_P = np.concatenate([np.repeat(target, len(source)) for source, target in ids])
    sizes = [len(source) for source, target in ids for _ in target]
    word_P = np.repeat(np.arange(len(sizes)), sizes)
    pairs, pair_P = np.unique(source_P * (len(targets) + 1) + target_P, return_inverse=True)
    source_of_pair = pairs // (len(targets) + 1)
    probability = np.ones(len(pairs))
    for _ in range(ROUNDS):
        weight_P = probability[pair_P]
        weight_P /= np.bincount(word_P, weight_P)[word_P]
        counts = np.bincount(pair_P, weight_P)
        probability = counts / np.bincount(source_of_pair, counts)[source_of_pair]
    return probability[pair_P]


def _numbered(words: Iterable[str], numbers: dict[str, int]) -> list[int]:
    """From 1, in the order of first use."""
    return [numbers.setdefault(word, len(numbers) + 1) for word in words]


def _most_frequent(counts: Counter[Phrase]) -> tuple[Phrase, float]:
    """The first of equals in alphabetical order."""
    phrase = min(counts, key=lambda phrase: (-counts[phrase], phrase))
    return phrase, math.log(counts[phrase] / counts.total())


def _score(option: tuple[float, list[str]]) -> float:
    return option[0]
