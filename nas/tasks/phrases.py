"""English to German without a download: dates, prices, measures, names and number words out of CLDR and num2words.

The parts share templates and single names, but no number, date, time or combination of names (phrases_data/pairs.py).
"""

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nas.models.blocks import Projections
from nas.tasks.base import EvalSplit
from nas.tasks.phrases_data.pairs import SIZES, phrase_pairs
from nas.tasks.phrases_data.table import PhraseTable
from nas.tasks.texts.corpus_source import CorpusSource, SplitName
from nas.tasks.translation import QUOTED, TranslationTask


class Generated(CorpusSource):
    """The pairs of phrases_data/pairs.py, made where they are asked for."""

    def identity(self) -> str:
        """The hash of the code that makes the pairs: hashing it is quicker than making them."""
        code = sorted((Path(__file__).parent / "phrases_data").glob("*.py"))
        versions = [importlib.metadata.version(name) for name in ("babel", "num2words")]
        return sha256(repr([versions, *(path.read_bytes() for path in code)]).encode()).hexdigest()

    def count(self, split: SplitName) -> int:
        return SIZES[split]

    def pairs(self, split: SplitName) -> Iterator[tuple[str, str]]:
        return iter(phrase_pairs()[split])


@dataclass(frozen=True)
class Phrases(TranslationTask):
    """40,000 pairs to train on, 1,500 to search by, 1,000 to select finalists with, 1,500 to test with."""

    vocabulary: int = 2_000
    longest: int = 64
    dropout: float = 0.0
    label_smoothing: float = 0.1
    projections: Projections = "shared"
    quoted: tuple[int, int] = QUOTED

    name = "phrases"

    def target_language(self) -> str:
        return "de"

    def data_licence(self) -> str:
        return (
            "Phrases composed by this package from names, dates and numbers of CLDR (Unicode License v3, by way of "
            "Babel) and number words of num2words (LGPL)."
        )

    def source(self) -> CorpusSource:
        return Generated()

    def baselines(self, split: EvalSplit) -> dict[str, list[str]]:
        table = PhraseTable.learn(phrase_pairs()["train"])
        return {
            **super().baselines(split),
            "phrase table": [table.translate(line) for line in self.texts(split).source],
        }
