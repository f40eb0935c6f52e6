"""Tokens of one split on disk: for each side one file of all tokens, and one of where each row starts.

Written once and mapped into memory afterwards, so that opening takes no time and processes share one copy.
"""

from array import array
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Literal, NamedTuple

import numpy as np

from nas.system.files import replacing

Side = Literal["source", "target"]
SIDES: tuple[Side, Side] = ("source", "target")


class EncodedPair(NamedTuple):
    """One pair as texts and as tokens."""

    texts: tuple[str, str]
    tokens: tuple[list[int], list[int]]


@dataclass(frozen=True, eq=False)
class TokenPairs:
    """Rows of tokens and of the tokens of their translations, without special tokens."""

    source_tokens: np.ndarray
    source_offsets: np.ndarray
    """Where each row starts, and at the end the number of all tokens."""
    target_tokens: np.ndarray
    target_offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.source_offsets) - 1

    @cached_property
    def source_lengths(self) -> np.ndarray:
        return np.diff(self.source_offsets)

    @cached_property
    def target_lengths(self) -> np.ndarray:
        return np.diff(self.target_offsets)

    def source(self, row: int) -> np.ndarray:
        return self.source_tokens[self.source_offsets[row] : self.source_offsets[row + 1]]

    def target(self, row: int) -> np.ndarray:
        return self.target_tokens[self.target_offsets[row] : self.target_offsets[row + 1]]


def file_names(split: str, with_texts: bool) -> list[str]:
    """The files of a split, as `write_pairs` makes them."""
    kinds = ("tokens", "offsets", "txt") if with_texts else ("tokens", "offsets")
    return [f"{split}.{side}.{kind}" for side in SIDES for kind in kinds]


def write_pairs(folder: Path, split: str, pairs: Iterable[EncodedPair], token_type: np.dtype, with_texts: bool) -> int:
    """Write all files of a split, each beside its place and renamed at the end; returns the number of pairs."""
    with ExitStack() as stack:
        files = {name: stack.enter_context(replacing(folder / name, "wb")) for name in file_names(split, with_texts)}
        sides = [_SideWriter(split, side, files, token_type) for side in SIDES]
        count = 0
        for pair in pairs:
            for side, text, tokens in zip(sides, pair.texts, pair.tokens, strict=True):
                side.add(text, tokens)
            count += 1
        for side in sides:
            side.finish()
    return count


class _SideWriter:
    def __init__(self, split: str, side: Side, files: dict[str, IO[bytes]], token_type: np.dtype) -> None:
        self.tokens, self.offsets = files[f"{split}.{side}.tokens"], files[f"{split}.{side}.offsets"]
        self.texts = files.get(f"{split}.{side}.txt")
        self.token_type = token_type
        self.ends = array("q", [0])

    def add(self, text: str, tokens: list[int]) -> None:
        self.tokens.write(np.array(tokens, self.token_type).tobytes())
        self.ends.append(self.ends[-1] + len(tokens))
        if self.texts is not None:
            self.texts.write(text.encode() + b"\n")

    def finish(self) -> None:
        self.offsets.write(self.ends.tobytes())


def open_pairs(folder: Path, split: str, token_type: np.dtype) -> TokenPairs:
    """The files of a split, mapped into memory, read only."""
    types = {"tokens": token_type, "offsets": np.dtype(np.int64)}
    return TokenPairs(
        *(
            np.asarray(np.memmap(folder / f"{split}.{side}.{kind}", dtype=dtype, mode="r"))
            for side in SIDES
            for kind, dtype in types.items()
        )
    )


def read_texts(folder: Path, split: str, side: Side) -> list[str]:
    """The texts of a split's rows, exactly as they were."""
    return (folder / f"{split}.{side}.txt").read_bytes().decode().split("\n")[:-1]
