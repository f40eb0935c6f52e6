"""`Seq2Seq` cut into pieces whose costs add up: ends at the vocabulary, encoder layers, branches of decoder layers.

A cost is that of one pass over a source and a whole target, as in training, without padding.
Shapes: B batch, S source tokens, T target tokens, M tokens of several encoder layers, D embedding width, V vocabulary.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.base import Site
from nas.models.pieces import Piece
from nas.models.seq2seq import (
    CrossBranch,
    Embedding,
    EncoderLayer,
    FeedForwardBranch,
    SelfBranch,
    longest_output,
)
from nas.search_space.seq2seq import DecoderBlock, Seq2SeqArchitecture

Lengths = tuple[int, int]
"""Tokens of source and target."""


def seq2seq_pieces(
    architecture: Seq2SeqArchitecture, *, vocabulary: int, longest: int, lengths: Lengths
) -> list[Piece]:
    """Pieces of the network, from input to output; microseconds, since costs ask for it often."""
    encoder, decoder = architecture.encoder, architecture.decoder
    widths = (encoder.embed_dim, decoder.embed_dim)
    source = (1, lengths[0], widths[0])
    embedding, encoder_norm, decoder_norm, output = _ends(widths, vocabulary, lengths)
    pieces = [embedding]
    pieces += [
        Piece(
            ("encoder", block, source),
            partial(_encoder_layer, widths[0], block, longest),
            (source,),
            name="encoder",
            chosen=block,
        )
        for block in encoder.blocks
    ]
    pieces.append(encoder_norm)
    for block in decoder.blocks:
        pieces += _decoder_layer(widths, block, longest, lengths)
    return [*pieces, decoder_norm, output]


def _decoder_layer(widths: tuple[int, int], block: DecoderBlock, longest: int, lengths: Lengths) -> list[Piece]:
    """The three branches of a decoder layer."""
    own, across, target = block.self_attention, block.cross_attention, (1, lengths[1], widths[1])
    seen = (1, lengths[0] * across.encoder_layers, widths[0])
    return [
        Piece(
            ("self", own, target, lengths[0]),
            partial(_self, widths[1], own, longest, lengths[0]),
            (target,),
            name="decoder",
            chosen=own,
        ),
        Piece(
            ("cross", across, target, seen),
            partial(_cross, widths, across, longest, lengths[0]),
            (target, seen),
            name="cross",
            chosen=across,
        ),
        Piece(
            ("ffn", block.ffn_dim, target),
            partial(FeedForwardBranch, widths[1], block.ffn_dim, 0.0),
            (target,),
            name="ffn",
            chosen=block.ffn_dim,
        ),
    ]


@lru_cache(maxsize=256)
def _ends(widths: tuple[int, int], vocabulary: int, lengths: Lengths) -> Sequence[Piece]:
    """Embeddings, the norms after encoder and decoder, and the product with the table at the output."""
    (source_dim, embed_dim), width = widths, max(widths)
    tokens, source, target = ((1, lengths[0]),), ((1, lengths[0], source_dim),), ((1, lengths[1], embed_dim),)
    table = ("embedding", vocabulary, width, source_dim, tokens)
    output = ("output", vocabulary, embed_dim, target)
    return (
        Piece(table, partial(_Embedded, vocabulary, width, source_dim), tokens, "tokens", True, "embedding"),
        Piece(("norm", source_dim, source), partial(nn.LayerNorm, source_dim), source, name="norm"),
        Piece(("norm", embed_dim, target), partial(nn.LayerNorm, embed_dim), target, name="norm"),
        Piece(output, partial(_Output, vocabulary, embed_dim), target, is_end=True, name="output"),
    )


class _Embedded(nn.Module):
    """Tokens to vectors, by a table that may be wider than they are."""

    def __init__(self, vocabulary: int, width: int, columns: int) -> None:
        super().__init__()
        self.embedding = Embedding(vocabulary, width)
        self.columns = columns

    def forward(self, tokens_BS: Tensor) -> Tensor:
        return self.embedding(tokens_BS, self.columns)  # type: ignore[no-any-return]


class _Output(nn.Module):
    """The product with the table of embeddings, which is a parameter of another piece."""

    table: Tensor

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.register_buffer("table", torch.zeros(vocabulary, width))

    def forward(self, x_BTD: Tensor) -> Tensor:
        return F.linear(x_BTD, self.table)


class _Alone(nn.Module):
    """A layer by itself, with the arguments that it gets in a network of unpadded sentences."""

    def __init__(self, layer: nn.Module, arguments: Callable[..., tuple[Any, ...]]) -> None:
        super().__init__()
        self.layer = layer
        self.arguments = arguments

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.layer(*self.arguments(*inputs))  # type: ignore[no-any-return]


def _encoder_layer(width: int, block: Any, longest: int) -> nn.Module:
    return _Alone(EncoderLayer(width, block, longest, 0.0, "shared"), lambda x_BSD: (x_BSD, _all(x_BSD)))


def _self(width: int, chosen: Any, longest: int, source_tokens: int) -> nn.Module:
    branch = SelfBranch(width, _chosen(chosen), Site((longest,), causal=True), 0.0, "shared")
    return _Alone(branch, lambda x_BTD: (x_BTD, None, _span(source_tokens)))


def _cross(widths: tuple[int, int], chosen: Any, longest: int, source_tokens: int) -> nn.Module:
    site = Site((longest,), cross=True, copies=chosen.encoder_layers)
    branch = CrossBranch(widths[1], widths[0], _chosen(chosen), site, 0.0, "shared")
    return _Alone(branch, lambda x_BTD, source_BMD: (x_BTD, source_BMD, _all(source_BMD), _span(source_tokens)))


def _chosen(chosen: Any) -> tuple[str, int, int]:
    return chosen.kind, chosen.num_heads, chosen.head_dim


def _all(x_BMD: Tensor) -> Tensor:
    return torch.ones(x_BMD.shape[:2], dtype=torch.bool)


def _span(source_tokens: int) -> Tensor:
    return longest_output(torch.full((1,), source_tokens))
