"""WMT14, English to German news: newstest2013 to search by, newstest2014 to test with.

Source: Bojar et al. 2014, "Findings of the 2014 Workshop on Statistical Machine Translation".
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from nas.models.blocks import Projections
from nas.system.ranges import Range
from nas.tasks.texts.corpus_files import CorpusSettings
from nas.tasks.texts.corpus_source import CorpusSource
from nas.tasks.texts.wmt14_files import DEFAULT_ROOT, WMT14, download, verify
from nas.tasks.translation import QUOTED, TranslationTask


@dataclass(frozen=True)
class Wmt14(TranslationTask):
    """All training pairs that are there, 4.5 million of WMT14 or a part of them."""

    vocabulary: int = 32_000
    longest: int = 128
    dropout: float = 0.3
    label_smoothing: float = 0.1
    projections: Projections = "shared"
    quoted: tuple[int, int] = QUOTED
    train_pairs: Annotated[int, Range(1, 1_000_000_000)] | None = None
    """Train on so many pairs, spread evenly over the texts; None: on all."""
    root: Path | None = field(default=None, compare=False)
    """Folder that holds wmt14_en_de; None: ./data, into which it is downloaded if it is not there."""

    name = "wmt14"

    def data_root(self) -> Path | None:
        return self.root

    def with_data(self, folder: Path) -> "Wmt14":
        return replace(self, root=folder)

    def prepare(self) -> str:
        self._fetch()
        return f"{super().prepare()}; {_verified(self._folder())}"

    def data_licence(self) -> str:
        return (
            "WMT14, English to German (Bojar et al. 2014): newstest sets, free for research; for training Europarl (no "
            "restrictions known to its author), Common Crawl (texts belong to their authors) and News Commentary."
        )

    def corpus_settings(self) -> CorpusSettings:
        return replace(super().corpus_settings(), train_pairs=self.train_pairs)

    def source(self) -> CorpusSource:
        self._fetch()
        return WMT14.files(self.root or DEFAULT_ROOT)

    def _fetch(self) -> None:
        if self.root is None and not (DEFAULT_ROOT / WMT14.folder).exists():
            download(DEFAULT_ROOT)

    def _folder(self) -> Path:
        return WMT14.find(self.root or DEFAULT_ROOT)


@lru_cache(maxsize=4)
def _verified(folder: Path) -> str:
    return verify(folder)
