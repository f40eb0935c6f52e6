"""A parallel corpus as tokens on disk: prepared once, mapped into memory afterwards."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from nas.system.files import read_json
from nas.system.progress import Advance
from nas.tasks.base import DataError, Fingerprint
from nas.tasks.texts.corpus_files import (
    MODEL,
    RECORD,
    CorpusSettings,
    Record,
    count_pairs_of,
    in_words,
    make_corpus,
    read_model,
    token_type,
    wanted_pairs,
)
from nas.tasks.texts.corpus_source import SPLITS, CorpusSource, SplitName
from nas.tasks.texts.leaks import leaks_in_words
from nas.tasks.texts.parallel_text import Pairs
from nas.tasks.texts.subwords import Subwords
from nas.tasks.texts.token_pairs import TokenPairs, open_pairs, read_texts

FORMAT = 2
"""Version of the files; another version is another folder."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """An open corpus."""

    folder: Path
    subwords: Subwords
    summary: str
    """Pairs of each split, what was skipped, and the vocabulary, in one line."""
    splits: Mapping[SplitName, TokenPairs]
    fingerprint: Mapping[str, Fingerprint]
    """Fingerprints of each split's texts and tokens, and of the subwords."""

    def split(self, name: SplitName) -> TokenPairs:
        return self.splits[name]

    def texts(self, name: SplitName) -> Pairs:
        """The texts of an evaluation split, row by row as in `split`. Raises: ValueError for the training pairs."""
        if name == "train":
            raise ValueError("no texts of the training pairs are kept; ask for search, select or test")
        return Pairs(read_texts(self.folder, name, "source"), read_texts(self.folder, name, "target"))


def prepare(source: CorpusSource, settings: CorpusSettings, cache: Path, advance: Advance) -> Corpus:
    """The corpus of these texts and settings, from its folder in `cache`; made there first if need be.

    Args:
        advance: Told how many of `pairs_to_prepare` are done; not called if all is there.

    Raises: DataError if a text is missing or damaged, if a split has no pairs left, or if the folder is damaged.
    """
    folder = _folder(source, settings, cache)
    if not (folder / RECORD).exists():
        make_corpus(source, settings, folder, advance)
    return _open(folder)


def pairs_to_prepare(source: CorpusSource, settings: CorpusSettings, cache: Path) -> int:
    """Pairs of all splits; 0 if the corpus is there already. Raises: DataError as `prepare`."""
    if (_folder(source, settings, cache) / RECORD).exists():
        return 0
    return sum(wanted_pairs(count_pairs_of(source), settings).values())


def _folder(source: CorpusSource, settings: CorpusSettings, cache: Path) -> Path:
    described = json.dumps([source.identity(), asdict(settings), FORMAT])
    return cache / sha256(described.encode()).hexdigest()[:16]


def _open(folder: Path) -> Corpus:
    record = _read_record(folder)
    try:
        sizes = {name: facts["bytes"] for split in SPLITS for name, facts in record["splits"][split]["files"].items()}
        expected, summary, fingerprint = record["subwords_sha256"], _summary(record), _fingerprint(record)
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder / RECORD, "is damaged: it does not say which files there are") from error
    for name, size in sizes.items():
        _check_size(folder / name, size)
    subwords = read_model(folder)
    if subwords.sha256 != expected:
        found = f"its sha256 is {subwords.sha256[:8]}, not {expected[:8]}"
        raise _damaged(folder / MODEL, f"is damaged: {found}")
    splits = {name: open_pairs(folder, name, token_type(subwords.size)) for name in SPLITS}
    return Corpus(folder, subwords, summary, splits, fingerprint)


def _read_record(folder: Path) -> Record:
    try:
        record: Record = read_json(folder / RECORD)
    except ValueError as error:
        raise _damaged(folder / RECORD, "is damaged: it is not JSON") from error
    return record


def _check_size(path: Path, size: int) -> None:
    if not path.exists():
        raise _damaged(path, "is missing")
    if (found := path.stat().st_size) != size:
        raise _damaged(path, f"is damaged: {found:,} bytes instead of {size:,}")


def _damaged(path: Path, what: str) -> DataError:
    return DataError(f"{path} {what}; delete {path.parent} to prepare it again")


def _summary(record: Record) -> str:
    train, *others = (_pairs_in_words(name, record["splits"][name]) for name in SPLITS)
    leaks = leaks_in_words(record["leaks"], record["splits"]["test"]["pairs"])
    vocabulary = f"{record['subwords']:,} subwords, sha256 {record['subwords_sha256'][:8]}"
    return f"{train}, {', '.join(others)}; {vocabulary}{leaks}"


def _fingerprint(record: Record) -> dict[str, Fingerprint]:
    """For each split, the hash of the hashes of its files."""
    found = {}
    for name in SPLITS:
        hashes = [(file, facts["sha256"]) for file, facts in sorted(record["splits"][name]["files"].items())]
        found[str(name)] = Fingerprint(record["splits"][name]["pairs"], sha256(repr(hashes).encode()).hexdigest())
    return {**found, "subwords": Fingerprint(record["subwords"], record["subwords_sha256"])}


def _pairs_in_words(name: SplitName, split: Record) -> str:
    skipped = f" ({in_words(split['skipped'])} skipped)" if split["skipped"] else ""
    return f"{split['pairs']:,} {name}{' pairs' if name == 'train' else ''}{skipped}"
