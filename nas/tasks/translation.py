"""Translation tasks: an encoder-decoder Transformer, subwords of both languages, batches by tokens.

A subclass says where its texts come from. They are cut into subwords once, kept on disk and mapped into memory.
Shapes: B sentences, S source tokens, T target tokens, V vocabulary.
"""

import os
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor, nn

from nas.models.blocks import Projections
from nas.models.pieces import Piece
from nas.models.seq2seq import BEGIN, END, PAD, UNKNOWN, Seq2Seq, longest_output
from nas.models.seq2seq_pieces import seq2seq_pieces
from nas.system.progress import progress_if_any
from nas.system.ranges import Range, ShareBelowOne, Tokens, check
from nas.tasks.base import TIMES, Batch, EvalSplit, Fingerprint, Task
from nas.tasks.texts.corpus import Corpus, pairs_to_prepare, prepare
from nas.tasks.texts.corpus_files import CorpusSettings
from nas.tasks.texts.corpus_source import CorpusSource, SplitName
from nas.tasks.texts.parallel_text import Pairs
from nas.tasks.texts.smoothed_loss import smoothed_cross_entropy
from nas.tasks.texts.token_batches import TokenBatches, in_order, padded
from nas.tasks.texts.token_pairs import TokenPairs

QUOTED = (30, 30)
"""Tokens of source and target at which HAT quotes costs."""


@dataclass(frozen=True)
class TranslationTask(Task):
    """Sentences and their translations; batch sizes count tokens, those of the longer side, padding included."""

    vocabulary: Annotated[int, Range(1, 1_000_000)]
    """Most subwords, of both languages together."""
    longest: Annotated[int, Range(1, 100_000)]
    """Most subwords of a sentence in training; longer pairs are left out, and counted."""
    dropout: ShareBelowOne
    label_smoothing: ShareBelowOne
    """Share of the target that is spread over the vocabulary, in training only."""
    projections: Projections
    """Whether the attention kinds of a layer share the weights around them in a supernet; no cost depends on it."""
    quoted: tuple[Tokens, Tokens]
    """Tokens of source and target at which costs are quoted."""

    batch_unit = "tokens"

    def __post_init__(self) -> None:
        check(self)

    @abstractmethod
    def source(self) -> CorpusSource:
        """Where the texts come from. Raises: DataError."""

    def target_language(self) -> str | None:
        """Code of the language that is translated into; None if it is not known."""
        return None

    def data_root(self) -> Path | None:
        """Folder that the texts are read from, if they are; equal tasks may read different ones."""
        return None

    def corpus_settings(self) -> CorpusSettings:
        return CorpusSettings(self.vocabulary, self.longest)

    def corpus(self) -> Corpus:
        """The prepared texts; what is not prepared yet is now, with a progress bar. Raises: DataError."""
        return _corpus(replace(self, quoted=QUOTED), self.data_root())

    def prepare(self) -> str:
        return f"{self.name}: {self.corpus().summary}"

    def fingerprint(self) -> dict[str, Fingerprint]:
        return dict(self.corpus().fingerprint)

    def build(self, architecture: Any) -> nn.Module:
        return Seq2Seq(architecture, dropout=self.dropout, projections=self.projections, **self._settings())

    def pieces(self, architecture: Any) -> list[Piece]:
        if not self._is_seq2seq():
            return super().pieces(architecture)
        return seq2seq_pieces(architecture, lengths=self.quoted, **self._settings())

    def family(self) -> tuple[str, dict[str, Any]] | None:
        if not self._is_seq2seq():
            return None
        return "seq2seq", {**self._settings(), "dropout": 0.0, "projections": self.projections}

    def _is_seq2seq(self) -> bool:
        return type(self).build is TranslationTask.build

    def _settings(self) -> dict[str, Any]:
        return {"vocabulary": self.vocabulary, "longest": longest_output(self.longest)}

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        """Epochs take all pairs, ordered by length but for ties, and their batches in random order.

        Raises: ValueError if a batch has not even the tokens of the longest pair.
        """
        pairs = self.corpus().split("train")
        batches = _batches(replace(self, quoted=QUOTED), self.data_root(), "train", batch_size)
        return batch_of(pairs, batches.at(step, seed))

    def batches(self, split: EvalSplit, batch_size: int) -> Iterator[Batch]:
        """Short sentences first; one that is longer than a batch is a batch of its own."""
        if batch_size < 1:
            raise ValueError(f"batch size {batch_size} is below 1")
        pairs = self.corpus().split(split)
        for rows in in_order(longer_sides(pairs), batch_size):
            yield batch_of(pairs, rows)

    def texts(self, split: EvalSplit) -> Pairs:
        """The sentences of a split and their translations, as they were written."""
        return self.corpus().texts(split)

    def baselines(self, split: EvalSplit) -> dict[str, list[str]]:
        """Translations that need no network, by the name of the method: what a network has to beat."""
        return {"copying the source": list(self.texts(split).source)}

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over the tokens of the target, smoothed."""
        return smoothed_cross_entropy(outputs.flatten(0, 1), targets.flatten(), self.label_smoothing, PAD)

    def distillation(self, outputs: Tensor, teacher: Tensor, targets: Tensor) -> Tensor:
        return super().distillation(outputs[targets != PAD], teacher[targets != PAD], targets[targets != PAD])

    def counted(self, targets: Tensor) -> Tensor:
        return targets != PAD

    def example_inputs(self) -> tuple[Tensor, ...]:
        source, target = (torch.full((1, tokens), UNKNOWN) for tokens in self.quoted)
        return source, target

    def example_tokens(self) -> tuple[int, ...]:
        return self.quoted if self._is_seq2seq() else ()

    def at_length(self, tokens: int, target_tokens: int | None = None) -> "TranslationTask":
        return replace(self, quoted=(tokens, tokens if target_tokens is None else target_tokens))

    def quoted_lengths(self) -> list[tuple[int, ...]]:
        """Up to the longest sentence of the training."""
        sizes = [tuple(times * tokens for tokens in self.quoted) for times in TIMES]
        return [size for size in sizes if max(size) <= self.longest or size == self.quoted]

    def cost_setting(self) -> str:
        return "{} tokens to {} tokens".format(*self.quoted)

    def preprocessing(self) -> dict[str, Any]:
        """Subwords of `subwords.model`, each sentence with END behind it."""
        return {"subwords": "subwords.model", "sha256": self.corpus().subwords.sha256}

    def export_files(self) -> dict[str, bytes]:
        return {"subwords.model": self.corpus().subwords.model}


def longer_sides(pairs: TokenPairs) -> Any:
    """Tokens of the longer side of each pair, with its end."""
    return np.maximum(pairs.source_lengths, pairs.target_lengths) + 1


def batch_of(pairs: TokenPairs, rows: np.ndarray) -> Batch:
    """Sources with their END; targets from BEGIN on as inputs, and up to END as what is to be said."""
    sources = [np.append(pairs.source(row), END) for row in rows]
    targets = [pairs.target(row) for row in rows]
    inputs = padded(sources, PAD), padded([np.insert(target, 0, BEGIN) for target in targets], PAD)
    return Batch(inputs, padded([np.append(target, END) for target in targets], PAD))


def cache_folder() -> Path:
    """Folder of prepared corpora: NAS_CACHE of the environment, or else one in the user's home.

    Raises: ValueError if there is neither.
    """
    if named := os.environ.get("NAS_CACHE"):
        return Path(named)
    try:
        return Path.home() / ".cache" / "attention-nas"
    except RuntimeError as error:
        raise ValueError("prepared texts need a folder, and the user has no home; name one with NAS_CACHE") from error


@lru_cache(maxsize=4)
def _corpus(task: TranslationTask, root: Path | None) -> Corpus:
    source, settings, cache = task.source(), task.corpus_settings(), cache_folder() / task.name
    with progress_if_any(task.name, lambda: pairs_to_prepare(source, settings, cache), "pairs") as advance:
        return prepare(source, settings, cache, advance)


@lru_cache(maxsize=8)
def _batches(task: TranslationTask, root: Path | None, split: SplitName, tokens: int) -> TokenBatches:
    lengths_N = longer_sides(task.corpus().split(split))
    if tokens > lengths_N.sum():
        what = f"batch size {tokens:,} is more than the {lengths_N.sum():,} tokens of the {split} pairs of {task.name}"
        raise ValueError(what)
    return TokenBatches(lengths_N, tokens)
