import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas.tasks.texts.token_batches import TokenBatches, padded

lengths = st.lists(st.integers(1, 40), min_size=1, max_size=80).map(np.array)
tokens = st.integers(40, 200)
numbers = st.integers(0, 1_000)


@given(lengths, tokens, numbers, numbers)
def test_every_row_is_in_one_batch_and_no_batch_holds_too_many_tokens(lengths_N, tokens, seed, epoch):
    batches = TokenBatches(lengths_N, tokens).rows(seed, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths_N)))
    assert all(len(rows) * lengths_N[rows].max() <= tokens for rows in batches)


@given(lengths, tokens, numbers, numbers)
def test_every_epoch_has_as_many_batches_with_as_long_rows(lengths_N, tokens, seed, epoch):
    batches = TokenBatches(lengths_N, tokens)
    one, other = (sorted(lengths_N[rows].tolist() for rows in batches.rows(seed, each)) for each in (epoch, epoch + 1))
    assert one == other
    assert batches.count == len(one)


@given(lengths, tokens)
def test_no_batch_could_take_the_next_shortest_row(lengths_N, tokens):
    batches = [lengths_N[rows] for rows in TokenBatches(lengths_N, tokens).rows(0, 0)]
    batches.sort(key=lambda batch: (batch.min(), batch.max(), -len(batch)))
    assert all((len(batch) + 1) * following.min() > tokens for batch, following in pairwise(batches))


def test_rows_of_a_batch_are_about_equally_long():
    lengths_N = np.random.default_rng(0).integers(5, 100, 10_000)
    padding = sum(len(rows) * lengths_N[rows].max() for rows in TokenBatches(lengths_N, 2_000).rows(0, 0))
    assert padding < 1.01 * lengths_N.sum()


def test_epochs_and_seeds_differ_and_repeat_exactly():
    lengths_N = np.random.default_rng(0).integers(5, 20, 500)
    batches = TokenBatches(lengths_N, 100)
    first = [rows.tolist() for rows in batches.rows(0, 0)]
    for seed, epoch in ((0, 1), (1, 0)):
        assert [rows.tolist() for rows in batches.rows(seed, epoch)] != first
    assert [rows.tolist() for rows in batches.rows(0, 0)] == first
    assert [rows.tolist() for rows in TokenBatches(lengths_N, 100).rows(0, 0)] == first


def test_a_step_says_its_epoch_and_its_place():
    batches = TokenBatches(np.arange(1, 30), 60)
    steps = [batches.at(step, seed=3).tolist() for step in range(2 * batches.count)]
    assert steps == [rows.tolist() for epoch in (0, 1) for rows in batches.rows(3, epoch)]


def test_a_row_longer_than_a_batch_is_told_with_both_numbers():
    with pytest.raises(ValueError, match="a batch of 1,000 tokens cannot hold the 1,001 tokens of the longest pair"):
        TokenBatches(np.array([3, 1_001]), 1_000)
    assert TokenBatches(np.array([3, 1_000]), 1_000).count == 2


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="found none"):
        TokenBatches(np.array([], dtype=np.int64), 10)


def test_an_epoch_of_a_hundred_thousand_rows_is_made_quickly_and_once():
    batches = TokenBatches(np.random.default_rng(0).integers(1, 100, 100_000), 2_000)
    started = time.process_time()
    rows = batches.rows(0, 0)
    assert time.process_time() - started < 0.3
    assert all(batches.at(step, seed=0) is rows[step] for step in range(batches.count))


def test_shorter_rows_are_padded():
    batch = padded([np.array([5, 6, 7], np.uint16), np.array([8], np.uint16)], pad=0)
    assert batch.dtype == torch.int64
    assert batch.tolist() == [[5, 6, 7], [8, 0, 0]]
