"""The files of a prepared corpus: how they are made of texts, and what is recorded of them.

Each split is written whole and then recorded, and the corpus' own record comes last, so preparing that was killed goes
on with the split at which it was. Everything is a function of texts and settings: two processes that prepare the same
corpus at once replace each other's files by equal ones.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from nas.system.files import read_json, replacing, write_json
from nas.system.progress import Advance
from nas.system.ranges import Range, check
from nas.tasks.base import DataError
from nas.tasks.texts.corpus_source import SPLITS, CorpusSource, SplitName
from nas.tasks.texts.subwords import Subwords, learn
from nas.tasks.texts.token_pairs import EncodedPair, file_names, write_pairs

Record = dict[str, Any]
Counts = dict[SplitName, int]

MODEL, RECORD = "subwords.model", "corpus.json"
LEARNED_PAIRS = 500_000
"""Subwords are learned from at most so many pairs; more change few subwords and cost memory and time."""
CHUNK = 1_000
"""Pairs that are encoded at once."""
MOST_TARGET_TOKENS, MOST_TARGET_RATIO = 10, 2
"""A translation is at most so many tokens longer than so many times its source; a decoder is never asked for more."""


@dataclass(frozen=True)
class CorpusSettings:
    """The settings by which texts become subwords."""

    vocabulary: Annotated[int, Range(1, 1_000_000)] = 8_000
    """Subwords of both languages together."""
    most_tokens: Annotated[int, Range(1, 100_000)] = 128
    """Training pairs with more tokens on either side are skipped."""
    train_pairs: Annotated[int, Range(1, 1_000_000_000)] | None = None
    """Train on so many pairs, spread evenly over the texts; None: on all."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class _Making:
    """Values that all splits share while they are made."""

    source: CorpusSource
    settings: CorpusSettings
    folder: Path
    available: Counts
    counts: Counts
    """Pairs that are encoded; of the training pairs perhaps not all that are available."""
    advance: Advance


def make_corpus(source: CorpusSource, settings: CorpusSettings, folder: Path, advance: Advance) -> None:
    """Write what is missing of a corpus in `folder`. Raises: DataError."""
    available = count_pairs_of(source)
    making = _Making(source, settings, folder, available, wanted_pairs(available, settings), advance)
    subwords = _learned(making)
    splits = {}
    for place, name in enumerate(SPLITS):
        done = sum(making.counts[earlier] for earlier in SPLITS[:place])
        splits[name] = _finished(folder, name, subwords) or _write_split(making, name, subwords, done)
        advance(done + making.counts[name], f"{name} encoded")
    write_json(folder / RECORD, {"subwords": subwords.size, "subwords_sha256": subwords.sha256, "splits": splits})


def count_pairs_of(source: CorpusSource) -> Counts:
    """Pairs of each split. Raises: DataError if a text is missing or damaged."""
    return {name: source.count(name) for name in SPLITS}


def wanted_pairs(available: Counts, settings: CorpusSettings) -> Counts:
    """Pairs of each split that are encoded. Raises: DataError if there are fewer than asked for."""
    wanted, found = settings.train_pairs, available["train"]
    if wanted is not None and wanted > found:
        raise DataError(f"asked for {wanted:,} training pairs, found {found:,}; ask for no more than that")
    return available if wanted is None else {**available, "train": wanted}


def token_type(vocabulary: int) -> np.dtype[Any]:
    """The smallest type that holds every id."""
    return np.dtype(np.uint16 if vocabulary <= 1 << 16 else np.uint32)


def read_model(folder: Path) -> Subwords:
    """Raises: DataError if it is missing or damaged."""
    path = folder / MODEL
    try:
        return Subwords(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; delete {folder} to prepare it again") from error
    except DataError as error:
        raise DataError(f"{path}: {error}; delete {folder} to prepare it again") from error


def _learned(making: _Making) -> Subwords:
    if not (making.folder / MODEL).exists():
        making.advance(0, f"learning {making.settings.vocabulary:,} subwords")
        count = making.counts["train"]
        pairs = _evenly(_chosen(making, "train"), count, min(count, LEARNED_PAIRS))
        # read before, since SentencePiece would make an error of reading one of its own
        lines = [text for pair in pairs for text in pair]
        model = learn(lines, making.settings.vocabulary)
        with replacing(making.folder / MODEL, "wb") as file:
            file.write(model)
    return read_model(making.folder)


def _chosen(making: _Making, name: SplitName) -> Iterator[tuple[str, str]]:
    return _evenly(making.source.pairs(name), making.available[name], making.counts[name])


def _evenly(pairs: Iterator[tuple[str, str]], count: int, wanted: int) -> Iterator[tuple[str, str]]:
    """`wanted` of `count` pairs at even distances: the first ones would be of one kind where texts are not shuffled."""
    return (pair for row, pair in enumerate(pairs) if (row + 1) * wanted // count > row * wanted // count)


def _finished(folder: Path, name: SplitName, subwords: Subwords) -> Record | None:
    """The record of a split that was written before; None if there is none that stands for whole files."""
    try:
        record: Record = read_json(_record_path(folder, name))
        whole = all((folder / file).stat().st_size == facts["bytes"] for file, facts in record["files"].items())
        return record if whole and record["subwords_sha256"] == subwords.sha256 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _record_path(folder: Path, name: SplitName) -> Path:
    return folder / f"{name}.json"


def _write_split(making: _Making, name: SplitName, subwords: Subwords, done: int) -> Record:
    skipped: Counter[str] = Counter()
    encoded = _encoded(
        _chosen(making, name), subwords, lambda count: making.advance(done + count, f"encoding {name} pairs")
    )
    kept = _kept(encoded, making.settings.most_tokens if name == "train" else None, skipped)
    folder, with_texts = making.folder, name != "train"
    count = write_pairs(folder, name, kept, token_type(subwords.size), with_texts)
    if not count:
        raise DataError(f"no {name} pairs are left: {in_words(skipped)} skipped; see to the texts, or to most_tokens")
    files = {file: _facts(folder / file) for file in file_names(name, with_texts)}
    record = {"pairs": count, "skipped": dict(skipped), "subwords_sha256": subwords.sha256, "files": files}
    write_json(_record_path(folder, name), record)
    return record


def _facts(path: Path) -> Record:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": file_digest(file, "sha256").hexdigest()}


def _encoded(
    pairs: Iterator[tuple[str, str]], subwords: Subwords, tell: Callable[[int], None]
) -> Iterator[EncodedPair]:
    done = 0
    while chunk := list(islice(pairs, CHUNK)):
        sources, targets = (subwords.encode(side) for side in zip(*chunk, strict=True))
        yield from map(EncodedPair, chunk, zip(sources, targets, strict=True))
        done += len(chunk)
        tell(done)


def _kept(encoded: Iterator[EncodedPair], most: int | None, skipped: Counter[str]) -> Iterator[EncodedPair]:
    for pair in encoded:
        if reason := _reason_to_skip(pair, most):
            skipped[reason] += 1
        else:
            yield pair


def _reason_to_skip(pair: EncodedPair, most: int | None) -> str | None:
    """Why a pair is of no use; without `most`, in an evaluation, only an empty one is."""
    source, target = map(len, pair.tokens)
    if not (source and target and all(text.strip() for text in pair.texts)):
        return "empty"
    if most is None:
        return None
    if max(source, target) > most:
        return "too long"
    return "target too long for its source" if target > MOST_TARGET_RATIO * source + MOST_TARGET_TOKENS else None


def in_words(skipped: dict[str, int]) -> str:
    """`123 too long, 4 empty`."""
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(skipped.items(), key=lambda item: -item[1]))
