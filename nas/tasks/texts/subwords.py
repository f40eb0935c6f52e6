"""One vocabulary of subwords for both languages, learned from the corpus by SentencePiece's byte pair encoding.

Sources: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; Kudo and Richardson 2018,
"SentencePiece".

Texts are not normalised: SentencePiece's default (NFKC) turns "²" into "2" and "…" into "...", so that a translation
could never equal its reference. Only spaces change: runs of spaces become one, and there are none at the ends. Rare
characters are spelled in bytes, so no text is unknown, and what was encoded comes back. One exception: SentencePiece's
own mark for a space, "▁", is read as a space.
"""

import io
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256

import sentencepiece

from nas.models.seq2seq import BEGIN, END, PAD, UNKNOWN
from nas.tasks.base import DataError

COVERAGE = 0.9999
"""Share of the corpus' characters that get a subword of their own; at 1.0 the thousands of characters which a crawled
corpus has once or twice would fill a small vocabulary."""
MOST_BYTES = 4_192
"""Longest line that SentencePiece learns from: its default, which models of earlier versions do not name."""
QUIET = 2
"""SentencePiece's level of messages: errors alone."""


def learn(lines: Iterable[str], vocabulary: int) -> bytes:
    """A serialised model of at most `vocabulary` subwords, fewer where the texts hold no more; equal for equal lines.

    Nothing is learned from lines of more than `MOST_BYTES`.

    Raises: DataError if there are no lines, or more characters than fit.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type="bpe",
            vocab_size=vocabulary,
            hard_vocab_limit=False,
            byte_fallback=True,
            character_coverage=COVERAGE,
            normalization_rule_name="identity",
            remove_extra_whitespaces=True,
            shuffle_input_sentence=False,
            num_threads=1,
            pad_id=PAD,
            unk_id=UNKNOWN,
            bos_id=BEGIN,
            eos_id=END,
            minloglevel=QUIET,
        )
    except RuntimeError as error:
        raise DataError(f"cannot learn a vocabulary of {vocabulary:,} subwords: {_reason(error)}") from error
    return model.getvalue()


def _reason(error: RuntimeError) -> str:
    if needed := re.search(r"required_chars\. \d+ vs (\d+)", str(error)):
        return f"bytes and single characters alone are {int(needed[1]):,}; ask for more than that"
    empty = f"the texts are empty, or all their lines have more than {MOST_BYTES:,} bytes; write a sentence a line"
    return str(error).rpartition("] ")[2].strip() or empty


class Subwords:
    """A learned vocabulary."""

    def __init__(self, model: bytes) -> None:
        """Raises: DataError if `model` is not what `learn` returned."""
        self.model = model
        try:
            self._processor = sentencepiece.SentencePieceProcessor()
            self._processor.load_from_serialized_proto(model)
        except RuntimeError as error:
            raise DataError(
                f"a model of subwords is damaged: {len(model):,} bytes; prepare the corpus again"
            ) from error

    @property
    def size(self) -> int:
        """Number of ids, special ones included."""
        return self._processor.get_piece_size()

    @cached_property
    def sha256(self) -> str:
        return sha256(self.model).hexdigest()

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Ids of each line, without BEGIN and END."""
        ids: list[list[int]] = self._processor.encode(list(lines), num_threads=1)
        return ids

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row up to its first END; PAD and BEGIN say nothing."""
        return [self._processor.decode(_content(row)) for row in ids]


def _content(row: Sequence[int]) -> list[int]:
    plain = [int(token) for token in row]
    end = plain.index(END) if END in plain else len(plain)
    return [token for token in plain[:end] if token not in (PAD, BEGIN)]
