"""A decoder made ready for decoding: weights laid out for one token at a time, and as few operators as possible.

A token's arithmetic is so small that operators themselves take the time: of a layer, queries, keys and values are one
product, norms and products are called without their modules, and what is kept of the past grows in place.

Shapes: R rows, which are G hypotheses of each of B sentences; S source tokens, D embedding width, H heads, K head
width, V vocabulary.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from nas.models.attention.base import State
from nas.models.blocks import Attention
from nas.models.products import Product
from nas.models.seq2seq import DecoderLayer, Seq2Seq


class PackedDecoder:
    """The decoder of a network as its weights are now; later changes of them are not seen."""

    def __init__(self, network: Seq2Seq) -> None:
        self.network = network
        self.layers = [_Layer(layer) for layer in network.decoder if isinstance(layer, DecoderLayer)]
        self.norm = _norm(network.decoder_norm)
        width = network.widths[1]
        self.embedding_VD = network.embedding.weight.detach()[:, :width]
        self.output = Product(self.embedding_VD)
        self.scale = width**0.5


class Steps:
    """Decoding of one batch between two tokens: R rows, G for each of B sentences.

    Args:
        least, most: Tokens that each translation may have, the end not counted, within what its source allows.
    """

    def __init__(self, decoder: PackedDecoder, source_BS: Tensor, beam: int, least: int, most: int | None) -> None:
        network = decoder.network
        sources, span_B = network.encode(source_BS)
        self.most_B = span_B.clamp(max=most).clamp_min(least) if most is not None else span_B.clamp_min(least)
        self.decoder, self.beam, self.place = decoder, beam, 0
        room = int(self.most_B.max()) + 1
        self.positions = network.embedding.positions(0, room, network.widths[1]).unbind()
        span_R = span_B.repeat_interleave(beam)
        self.own = [layer.own_attention.start(None, None, span_R, room) for layer in decoder.layers]
        self.across = [
            layer.across_attention.start(*sources[seen], span_B, room)
            for layer, seen in zip(decoder.layers, network.layers_seen, strict=True)
        ]

    def next(self, tokens_R: Tensor) -> Tensor:
        """Scores of the token after these, RV."""
        decoder, own, across = self.decoder, self.own, self.across
        found_RD = decoder.embedding_VD.index_select(0, tokens_R)
        x_RD = torch.add(self.positions[self.place], found_RD, alpha=decoder.scale)
        for number, layer in enumerate(decoder.layers):
            own[number] = layer.look_back(x_RD, own[number])
            across[number] = layer.look_across(x_RD, across[number], self.beam)
            x_RD.add_(layer.down(layer.up(layer.ffn_norm(x_RD)).relu_()))
        self.place += 1
        return decoder.output(decoder.norm(x_RD))

    def select(self, rows_R: Tensor) -> None:
        """Go on with these rows."""
        self.own = [state.select(rows_R) for state in self.own]

    def drop(self, sentences_B: Tensor) -> None:
        """Go on with these sentences alone."""
        self.across = [state.select(sentences_B) for state in self.across]


class _Layer:
    """One decoder layer; its branches are added to the stream in place."""

    def __init__(self, layer: DecoderLayer) -> None:
        own, across, ffn = layer.self_attention, layer.cross_attention, layer.ffn
        self.own_norm, self.across_norm, self.ffn_norm = (_norm(branch.norm) for branch in (own, across, ffn))
        self.own_attention: Attention = own.attention
        self.across_attention: Attention = across.attention
        project, self.own = own.attention.parts()
        self.own_qkv, self.own_out = _packed(project.q, project.k, project.v), _packed(project.o)
        project, self.across = across.attention.parts()
        self.across_q, self.across_out = _packed(project.q), _packed(project.o)
        self.up, self.down = _packed(ffn.ffn.up), _packed(ffn.ffn.down)
        self.own_width, self.across_width = own.attention.head_dim, across.attention.head_dim

    def look_back(self, x_RD: Tensor, state: State) -> State:
        """Add what attention to the tokens before says."""
        rows = len(x_RD)
        qkv_R3H1K = self.own_qkv(self.own_norm(x_RD)).view(rows, 3, -1, 1, self.own_width)
        mixed_RH1K, state = self.own.advance(state, *qkv_R3H1K.unbind(1))
        x_RD.add_(self.own_out(mixed_RH1K.reshape(rows, -1)))
        return state

    def look_across(self, x_RD: Tensor, state: State, beam: int) -> State:
        """Add what attention to the source says; the hypotheses of a sentence are queries of one source."""
        rows = len(x_RD)
        q_BGHK = self.across_q(self.across_norm(x_RD)).view(rows // beam, beam, -1, self.across_width)
        mixed_BHGK, state = self.across.recall(state, q_BGHK.transpose(1, 2))
        x_RD.add_(self.across_out(mixed_BHGK.transpose(1, 2).reshape(rows, -1)))
        return state


def _norm(norm: nn.Module) -> Callable[[Tensor], Tensor]:
    assert isinstance(norm, nn.LayerNorm)
    shape, weight, bias = norm.normalized_shape, norm.weight.detach(), norm.bias.detach()
    return partial(torch.layer_norm, normalized_shape=list(shape), weight=weight, bias=bias, eps=norm.eps)


def _packed(*layers: nn.Linear) -> Product:
    """Linear layers of the same input as one product, their outputs side by side."""
    return Product(torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers]))
