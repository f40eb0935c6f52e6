"""Where the texts of a corpus come from: pairs of files, of which each split takes some lines, or pairs in memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Literal

from nas.tasks.base import DataError
from nas.tasks.texts.parallel_text import Pairs, count_pairs, lines_of_both

SplitName = Literal["train", "search", "select", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "search", "select", "test")


class CorpusSource(ABC):
    """The texts of each split, read when they are asked for."""

    @abstractmethod
    def identity(self) -> str:
        """A sha256 over all texts, in hex. Raises: DataError if a file is missing."""

    @abstractmethod
    def count(self, split: SplitName) -> int:
        """Pairs of a split. Raises: DataError if its files are damaged."""

    @abstractmethod
    def pairs(self, split: SplitName) -> Iterator[tuple[str, str]]:
        """The pairs of a split one by one. Raises: DataError if its files are damaged."""


@dataclass(frozen=True)
class FileSplit:
    """Lines of two parallel files: all, or of each three those at the places named."""

    source: Path
    target: Path
    places_of_three: tuple[int, ...] = (0, 1, 2)

    def count(self) -> int:
        """Raises: DataError as `pairs`."""
        whole, rest = divmod(count_pairs(self.source, self.target), 3)
        return whole * len(self.places_of_three) + sum(place < rest for place in self.places_of_three)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Raises: DataError if a file is missing or damaged, or if the files have unequal numbers of lines."""
        for number, pair in enumerate(lines_of_both(self.source, self.target)):
            if number % 3 in self.places_of_three:
                yield pair


@dataclass(frozen=True)
class ParallelFiles(CorpusSource):
    """Splits that are lines of files."""

    splits: Mapping[SplitName, FileSplit]

    def identity(self) -> str:
        files = {path for split in self.splits.values() for path in (split.source, split.target)}
        digests = {path: _sha256(path) for path in files}
        # where the files lie, and whether splits share one, says nothing of the texts
        parts = ((name, self.splits[name]) for name in SPLITS)
        described = [(name, digests[s.source], digests[s.target], s.places_of_three) for name, s in parts]
        return sha256(repr(described).encode()).hexdigest()

    def count(self, split: SplitName) -> int:
        return self.splits[split].count()

    def pairs(self, split: SplitName) -> Iterator[tuple[str, str]]:
        return self.splits[split].pairs()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise DataError(f"no file {path}; name a folder that holds it") from error


@dataclass(frozen=True)
class PairsInMemory(CorpusSource):
    """Splits that a task makes or carries with it."""

    splits: Mapping[SplitName, Pairs]

    def __post_init__(self) -> None:
        for name, pairs in self.splits.items():
            if broken := next((text for text in pairs.source + pairs.target if "\n" in text), None):
                raise ValueError(f"a text is one line, found {broken!r} in split {name}; write a space instead")

    def identity(self) -> str:
        described = [(name, self.splits[name].source, self.splits[name].target) for name in SPLITS]
        return sha256(repr(described).encode()).hexdigest()

    def count(self, split: SplitName) -> int:
        return len(self.splits[split])

    def pairs(self, split: SplitName) -> Iterator[tuple[str, str]]:
        return zip(self.splits[split].source, self.splits[split].target, strict=True)
