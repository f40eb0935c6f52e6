"""A translation network as programs: one that scores a whole target at once, or encoder and decoder apart.

Apart they are ONNX, since a service encodes a source once and then asks the decoder again and again.
Shapes: B batch, S source tokens, T target tokens.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.export import Dim

from nas.export.write.programs import BATCH, MOST_EXAMPLES, Program
from nas.models.seq2seq import UNKNOWN, Seq2Seq

TOKENS = (7, 9)
"""Lengths with which programs are traced; they must differ, and not be 1, which would be taken for a constant."""


class _Encoder(nn.Module):
    """The states that decoder layers see of a source."""

    def __init__(self, network: Seq2Seq) -> None:
        super().__init__()
        self.network = network

    def forward(self, source_BS: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.states(source_BS))


class _Decoder(nn.Module):
    """The scores of each next token, given the encoder's states."""

    def __init__(self, network: Seq2Seq) -> None:
        super().__init__()
        self.network = network

    def forward(self, source_BS: Tensor, target_BT: Tensor, states: tuple[Tensor, ...]) -> Tensor:
        return self.network.decode(source_BS, states, target_BT)


def whole(network: nn.Module, longest: int) -> Program:
    """The network as one program; `longest` is the most tokens of a sentence."""
    batch = Dim("batch", max=MOST_EXAMPLES)
    shapes = ({0: batch, 1: Dim("source", max=longest)}, {0: batch, 1: Dim("target", max=longest)})
    return Program("model", network, _sentences(), shapes, ["source", "target"], ["scores"])


def parts(network: nn.Module, longest: int) -> list[Program]:
    """Encoder and decoder, as `whole`."""
    translator, (source, target) = cast(Seq2Seq, network), _sentences()
    with torch.no_grad():
        states = tuple(translator.states(source))
    names = [f"states_{number}" for number in range(len(states))]
    batch, tokens = Dim("batch", max=MOST_EXAMPLES), Dim("source", max=longest)
    sources, targets = {0: batch, 1: tokens}, {0: batch, 1: Dim("target", max=longest)}
    return [
        Program("encoder", _Encoder(translator), (source,), (sources,), ["source"], names),
        Program(
            "decoder",
            _Decoder(translator),
            (source, target, states),
            (sources, targets, (sources,) * len(states)),
            ["source", "target", *names],
            ["scores"],
        ),
    ]


def _sentences() -> tuple[Tensor, Tensor]:
    source, target = (torch.full((BATCH, tokens), UNKNOWN) for tokens in TOKENS)
    return source, target
