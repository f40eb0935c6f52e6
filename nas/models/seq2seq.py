"""Encoder-decoder Transformers built from an architecture: pre-norm layers, any attention kind at every site.

One table of embeddings serves source, target and output; where encoder and decoder differ in width, each reads the
leading columns. A decoder layer sees the last encoder layers, as many as the architecture says, one after another.

Sources: Vaswani et al. 2017, arXiv:1706.03762; pre-norm, arXiv:2002.04745; several encoder layers, HAT,
arXiv:2005.14187.
Shapes: B batch, S source tokens, T target tokens, M tokens of several encoder layers, D embedding width, V vocabulary.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.base import Site
from nas.models.blocks import Attention, FeedForward, Projections
from nas.search_space import Block
from nas.search_space.seq2seq import DecoderBlock, Seq2SeqArchitecture

Length = TypeVar("Length", int, Tensor)

PAD, UNKNOWN, BEGIN, END = range(4)
"""Ids of tokens that are no text: what fills up a batch, what is not known, and both ends of a translation."""


def longest_output(source_tokens: Length) -> Length:
    """How many tokens a translation may come to have, given those of its source; kinds whose weights depend on a length
    that decoding cannot know take this one."""
    return 2 * source_tokens + 10


class Seq2Seq(nn.Module):
    """A translator: the tokens of a source sentence, and those of the translation so far, to scores of the next.

    Args:
        longest: Tokens of a sentence that the network is made for; only kinds with tables of positions hold to it.
        dropout: Share of the values that training leaves out after the embedding and after each branch.
    """

    def __init__(
        self,
        architecture: Seq2SeqArchitecture,
        *,
        vocabulary: int,
        longest: int,
        dropout: float,
        projections: Projections = "shared",
    ) -> None:
        super().__init__()
        encoder, decoder = architecture.encoder, architecture.decoder
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout needs a share of at least 0 and below 1, found {dropout}")
        layers = [block.cross_attention.encoder_layers for block in decoder.blocks]
        if max(layers) > encoder.depth:
            raise ValueError(f"a decoder layer sees {max(layers)} encoder layers, found {encoder.depth}")
        self.widths = (encoder.embed_dim, decoder.embed_dim)
        self.layers_seen = tuple(layers)
        self.embedding = Embedding(vocabulary, max(self.widths))
        self.encoder = nn.ModuleList(
            EncoderLayer(encoder.embed_dim, block, longest, dropout, projections) for block in encoder.blocks
        )
        self.encoder_norm = nn.LayerNorm(encoder.embed_dim)
        self.decoder = nn.ModuleList(
            DecoderLayer(self.widths, block, longest, dropout, projections) for block in decoder.blocks
        )
        self.decoder_norm = nn.LayerNorm(decoder.embed_dim)
        self.dropout = dropout

    def forward(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """Scores of the token after each of the target, BTV; PAD fills up either."""
        return self.decode(source_BS, self.states(source_BS), target_BT)

    def states(self, source_BS: Tensor) -> list[Tensor]:
        """Encoder layers that decoder layers see, normalised, BSD each, the last one first."""
        keep_BS = source_BS != PAD
        x_BSD = self._dropped(self.embedding(source_BS, self.widths[0]))
        outputs = []
        for layer in self.encoder:
            x_BSD = layer(x_BSD, keep_BS)
            outputs.append(x_BSD)
        return [self.encoder_norm(x_BSD) for x_BSD in outputs[::-1][: max(self.layers_seen)]]

    def decode(self, source_BS: Tensor, states: Sequence[Tensor], target_BT: Tensor) -> Tensor:
        """The result of `forward`, given the encoder's states."""
        sources, span_B = self._seen(source_BS, states)
        x_BTD = self._dropped(self.embedding(target_BT, self.widths[1]))
        for layer, seen in zip(self.decoder, self.layers_seen, strict=True):
            x_BTD = layer(x_BTD, *sources[seen], span_B)
        return self.scores(x_BTD)

    def encode(self, source_BS: Tensor) -> tuple["Sources", Tensor]:
        """Sources of decoder layers, by the number of encoder layers, and the most tokens of each translation, (B,)."""
        return self._seen(source_BS, self.states(source_BS))

    def _seen(self, source_BS: Tensor, states: Sequence[Tensor]) -> tuple["Sources", Tensor]:
        keep_BS = source_BS != PAD
        sources = {
            seen: (torch.cat(list(states[:seen]), 1), keep_BS.repeat(1, seen)) if seen > 1 else (states[0], keep_BS)
            for seen in sorted(set(self.layers_seen))
        }
        return sources, longest_output(keep_BS.sum(-1))

    def scores(self, x_BTD: Tensor) -> Tensor:
        """Scores of all tokens of the vocabulary, BTV."""
        return F.linear(self.decoder_norm(x_BTD), self.embedding.weight[:, : self.widths[1]])

    def _dropped(self, x_BTD: Tensor) -> Tensor:
        return F.dropout(x_BTD, self.dropout, self.training) if self.dropout else x_BTD


Sources = dict[int, tuple[Tensor, Tensor]]
"""Encoder states, BMD, and which of them are no padding, BM; by how many of the last layers stand in them."""


class Embedding(nn.Module):
    """Tokens to vectors with their positions, sines and cosines of falling frequency."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocabulary, width))
        if not self.weight.is_meta:
            nn.init.normal_(self.weight, std=width**-0.5)

    def forward(self, tokens_BT: Tensor, width: int, first: int = 0) -> Tensor:
        """Vectors of so many columns, BTD, of the tokens number `first` and on."""
        found_BTD = F.embedding(tokens_BT, self.weight[:, :width]) * math.sqrt(width)
        return found_BTD + self.positions(first, first + tokens_BT.shape[1], width)

    def positions(self, first: int, last: int, width: int) -> Tensor:
        """Position vectors of the tokens number `first` to before `last`, TD."""
        device = self.weight.device
        pairs_J = torch.arange((width + 1) // 2, device=device, dtype=torch.float32)
        place_T1 = torch.arange(first, last, device=device, dtype=torch.float32)[:, None]
        angle_TJ = place_T1 * torch.pow(10_000.0, -2 * pairs_J / width)
        return torch.stack((angle_TJ.sin(), angle_TJ.cos()), -1).flatten(1)[:, :width].to(self.weight.dtype)


class EncoderLayer(nn.Module):
    """Attention of the source to itself, then a feed-forward network, each normalised first."""

    def __init__(self, embed_dim: int, block: Block, longest: int, dropout: float, projections: Projections) -> None:
        super().__init__()
        chosen = (block.attention, block.num_heads, block.head_dim)
        self.attention = SelfBranch(embed_dim, chosen, Site((longest,)), dropout, projections)
        self.ffn = FeedForwardBranch(embed_dim, block.ffn_dim, dropout)

    def forward(self, x_BSD: Tensor, keep_BS: Tensor) -> Tensor:
        return self.ffn(self.attention(x_BSD, keep_BS))  # type: ignore[no-any-return]


class DecoderLayer(nn.Module):
    """Attention to the tokens before, attention to the source, then a feed-forward network, each normalised first."""

    def __init__(
        self, widths: tuple[int, int], block: DecoderBlock, longest: int, dropout: float, projections: Projections
    ) -> None:
        super().__init__()
        source_dim, embed_dim = widths
        own, across = block.self_attention, block.cross_attention
        chosen = (own.kind, own.num_heads, own.head_dim)
        self.self_attention = SelfBranch(embed_dim, chosen, Site((longest,), causal=True), dropout, projections)
        chosen = (across.kind, across.num_heads, across.head_dim)
        site = Site((longest,), cross=True, copies=across.encoder_layers)
        self.cross_attention = CrossBranch(embed_dim, source_dim, chosen, site, dropout, projections)
        self.ffn = FeedForwardBranch(embed_dim, block.ffn_dim, dropout)

    def forward(self, x_BTD: Tensor, source_BMD: Tensor, keep_BM: Tensor, span_B: Tensor) -> Tensor:
        # padding comes after all real tokens, and none of them looks ahead: the target needs no mask
        x_BTD = self.self_attention(x_BTD, None, span_B)
        return self.ffn(self.cross_attention(x_BTD, source_BMD, keep_BM, span_B))  # type: ignore[no-any-return]


Chosen = tuple[str, int, int]
"""Attention kind, number of heads and width of each."""


class Branch(nn.Module):
    """A branch of the residual stream: the normalised stream goes through a layer and is added."""

    def __init__(self, embed_dim: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.dropout = dropout

    def add(self, x_BTD: Tensor, branch_BTD: Tensor) -> Tensor:
        if self.training and self.dropout:
            branch_BTD = F.dropout(branch_BTD, self.dropout)
        return x_BTD + branch_BTD


class SelfBranch(Branch):
    """Attention of a sequence to itself."""

    def __init__(self, embed_dim: int, chosen: Chosen, site: Site, dropout: float, projections: Projections) -> None:
        super().__init__(embed_dim, dropout)
        self.attention = Attention(embed_dim, *chosen, site, projections)

    def forward(self, x_BTD: Tensor, keep_BT: Tensor | None = None, span_B: Tensor | None = None) -> Tensor:
        return self.add(x_BTD, self.attention(self.norm(x_BTD), None, keep_BT, span_B))


class CrossBranch(Branch):
    """Attention to another sequence, which is normalised already."""

    def __init__(
        self, embed_dim: int, source_dim: int, chosen: Chosen, site: Site, dropout: float, projections: Projections
    ) -> None:
        super().__init__(embed_dim, dropout)
        self.attention = Attention(embed_dim, *chosen, site, projections, source_dim)

    def forward(self, x_BTD: Tensor, source_BMD: Tensor, keep_BM: Tensor | None, span_B: Tensor | None) -> Tensor:
        return self.add(x_BTD, self.attention(self.norm(x_BTD), source_BMD, keep_BM, span_B))


class FeedForwardBranch(Branch):
    """A feed-forward network."""

    def __init__(self, embed_dim: int, ffn_dim: int, dropout: float) -> None:
        super().__init__(embed_dim, dropout)
        self.ffn = FeedForward(embed_dim, ffn_dim, F.relu)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.add(x_BTD, self.ffn(self.norm(x_BTD)))
