"""Batches of about equally long rows, by a number of tokens rather than of rows.

Rows are ordered by length, so that little is padded, and only rows of equal length change places from epoch to epoch.
So every epoch has equally many batches, and the number of a step alone says its epoch and its place there.
"""

import numpy as np
import torch
from torch import Tensor


class TokenBatches:
    """The batches of every epoch over the rows of one split."""

    def __init__(self, lengths_N: np.ndarray, tokens: int) -> None:
        """
        Args:
            lengths_N: Tokens of each row; of a pair, those of its longer side.
            tokens: What a batch may hold, padding included: its rows times its longest row.

        Raises: ValueError if there are no rows, or if a row is longer than a batch.
        """
        if not len(lengths_N):
            raise ValueError("batches need at least one row, found none")
        if tokens < lengths_N.max():
            longest = f"{lengths_N.max():,} tokens of the longest pair"
            raise ValueError(f"a batch of {tokens:,} tokens cannot hold the {longest}; ask for at least as many")
        self.lengths_N = lengths_N
        self._ends = _cuts(np.sort(lengths_N), tokens)
        self._epoch: tuple[int, int] | None = None
        self._batches: list[np.ndarray] = []

    @property
    def count(self) -> int:
        """Batches of an epoch."""
        return len(self._ends)

    def at(self, step: int, seed: int) -> np.ndarray:
        """Rows of the batch of one training step, over all epochs."""
        epoch, place = divmod(step, self.count)
        return self.rows(seed, epoch)[place]

    def rows(self, seed: int, epoch: int) -> list[np.ndarray]:
        """Rows of each batch of one epoch, in the order of training."""
        if self._epoch != (seed, epoch):
            self._batches = self._draw(np.random.default_rng((seed, epoch)))
            self._epoch = (seed, epoch)
        return self._batches

    def _draw(self, rng: np.random.Generator) -> list[np.ndarray]:
        order_N = np.lexsort((rng.random(len(self.lengths_N)), self.lengths_N))
        batches = np.split(order_N, self._ends[:-1])
        return [batches[place] for place in rng.permutation(self.count)]


def in_order(lengths_N: np.ndarray, tokens: int) -> list[np.ndarray]:
    """Rows of batches that read a split once, the shortest first; a row of more tokens is a batch of its own."""
    if not len(lengths_N):
        return []
    order_N = np.argsort(lengths_N, kind="stable")
    return np.split(order_N, _cuts(lengths_N[order_N], tokens)[:-1])


def _cuts(sorted_N: np.ndarray, tokens: int) -> list[int]:
    """Where each batch ends if every batch takes as many of the next rows as it can hold."""
    ends, start = [], 0
    while start < len(sorted_N):
        # the first row is the shortest, so no batch can hold more rows than would fit of its kind
        candidates = sorted_N[start : start + max(tokens // max(int(sorted_N[start]), 1), 1)]
        held = np.arange(1, len(candidates) + 1) * candidates <= tokens
        start += max(int(held.sum()), 1)
        ends.append(start)
    return ends


def padded(rows: list[np.ndarray], pad: int) -> Tensor:
    """Rows of tokens as one tensor (B, T), int64, with `pad` behind the shorter ones."""
    padded_BT = np.full((len(rows), max(map(len, rows))), pad, dtype=np.int64)
    for place, row in enumerate(rows):
        padded_BT[place, : len(row)] = row
    return torch.from_numpy(padded_BT)
