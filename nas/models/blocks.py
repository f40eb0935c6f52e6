"""Transformer blocks: attention of any kind, then a feed-forward network, each normalised first.

Source: pre-norm blocks of the Vision Transformer, arXiv:2010.11929; stochastic depth, arXiv:1603.09382.
Names and layout keep leading slices right: q, k, v and o are separate and head-major (rows h*K..(h+1)*K of the q weight
are head h), and what belongs to one attention kind lies under the kind's own name.
Shapes: B batch, N tokens, M tokens of another sequence, D embedding width, E width of the other sequence, H heads, K
head width.
"""

from collections.abc import Callable
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.base import Mixer, Site, Span, State, build_attention
from nas.search_space import Block
from nas.search_space.kind import identifier

Projections = Literal["shared", "separate"]
"""Whether the attention kinds of a layer share the weights of queries, keys, values and outputs in a supernet."""


class Linear(nn.Linear):
    """A linear layer that starts as in the first Vision Transformer: Xavier uniform weights, biases of zero.

    Normal weights of 0.02, usual at widths of 400 and more, are three to five times too small for the widths of a small
    space.
    """

    def reset_parameters(self) -> None:
        # a shape on the meta device has nothing to fill, and supernets make many
        if not self.weight.is_meta:
            nn.init.xavier_uniform_(self.weight)
            nn.init.zeros_(self.bias)


class QKVO(nn.Module):
    """Projections to queries, keys and values of all heads, and from their outputs."""

    def __init__(self, embed_dim: int, width: int, source_dim: int) -> None:
        super().__init__()
        self.q = Linear(embed_dim, width)
        self.k = Linear(source_dim, width)
        self.v = Linear(source_dim, width)
        self.o = Linear(width, embed_dim)


class Attention(nn.Module):
    """One kind's mixing between projections that all kinds share, or that are the kind's own.

    Args:
        source_dim: Width of the other sequence, where keys and values come from one.
    """

    def __init__(
        self,
        embed_dim: int,
        kind: str,
        num_heads: int,
        head_dim: int,
        site: Site,
        projections: Projections = "shared",
        source_dim: int | None = None,
    ) -> None:
        super().__init__()
        if projections not in get_args(Projections):
            raise ValueError(f"no projections {projections!r}; there are: {', '.join(get_args(Projections))}")
        self.kind = kind
        self.head_dim = head_dim
        name = identifier(kind)
        # a supernet shares what has the same name
        self.names = (f"{name}_projections" if projections == "separate" else "projections", name)
        self.add_module(self.names[0], QKVO(embed_dim, num_heads * head_dim, source_dim or embed_dim))
        self.add_module(self.names[1], build_attention(kind, num_heads, head_dim, site))

    def forward(
        self, x_BND: Tensor, source_BME: Tensor | None = None, keep_BM: Tensor | None = None, span: Span | None = None
    ) -> Tensor:
        """The update of each token from its own sequence, or from the other one; BND.

        Args: `keep_BM` and `span` as of `Mixer.forward`.
        """
        project, mix = self.parts()
        q_BHNK = self.to_heads(project.q, x_BND)
        keys_BME = x_BND if source_BME is None else source_BME
        k_BHMK, v_BHMK = self.to_heads(project.k, keys_BME), self.to_heads(project.v, keys_BME)
        mixed_BHNK = mix(q_BHNK, k_BHMK, v_BHMK, keep_BM, span)
        return project.o(mixed_BHNK.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def start(self, source_BME: Tensor | None, keep_BM: Tensor | None, span: Span | None, room: int = 0) -> State:
        """The state before the first token of decoding, as of `Mixer.start`; the other sequence is given here, once."""
        project, mix = self.parts()
        if source_BME is None:
            return mix.start(span=span, room=room)
        k_BHMK, v_BHMK = self.to_heads(project.k, source_BME), self.to_heads(project.v, source_BME)
        return mix.start(k_BHMK, v_BHMK, keep_BM, span, room)

    def parts(self) -> tuple[QKVO, Mixer]:
        """The projections and the mixer."""
        project, mix = (self._modules[name] for name in self.names)
        assert isinstance(project, QKVO) and isinstance(mix, Mixer)
        return project, mix

    def to_heads(self, project: nn.Module, x_BND: Tensor) -> Tensor:
        """The projected tokens, BHNK."""
        return project(x_BND).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """Two linear layers with an activation between them."""

    def __init__(self, embed_dim: int, ffn_dim: int, activation: Callable[[Tensor], Tensor] = F.gelu) -> None:
        super().__init__()
        self.up = Linear(embed_dim, ffn_dim)
        self.down = Linear(ffn_dim, embed_dim)
        self.activation = activation

    def forward(self, x_BND: Tensor) -> Tensor:
        return self.down(self.activation(self.up(x_BND)))  # type: ignore[no-any-return]


class TransformerBlock(nn.Module):
    """One block on the residual stream.

    In training, each branch is left out of a sample with probability `drop_path`.
    Raises: ValueError if `drop_path` is not a probability below 1.
    """

    def __init__(
        self, embed_dim: int, block: Block, site: Site, drop_path: float = 0.0, projections: Projections = "shared"
    ) -> None:
        super().__init__()
        if not 0 <= drop_path < 1:
            raise ValueError(f"drop_path needs a probability of at least 0 and below 1, found {drop_path}")
        self.attention_norm = nn.LayerNorm(embed_dim)
        self.attention = Attention(
            embed_dim, block.attention, block.num_heads, block.head_dim, site, projections=projections
        )
        self.ffn_norm = nn.LayerNorm(embed_dim)
        self.ffn = FeedForward(embed_dim, block.ffn_dim)
        self.drop_path = drop_path

    def forward(self, x_BND: Tensor) -> Tensor:
        x_BND = self._add(x_BND, self.attention(self.attention_norm(x_BND)))
        return self._add(x_BND, self.ffn(self.ffn_norm(x_BND)))

    def _add(self, x_BND: Tensor, branch_BND: Tensor) -> Tensor:
        if not self.training or self.drop_path == 0:
            return x_BND + branch_BND
        keep = 1 - self.drop_path
        # kept branches grow by 1 / keep, so that their mean is that of evaluation
        scale_B11 = x_BND.new_empty(len(x_BND), 1, 1).bernoulli_(keep).div_(keep)
        return torch.addcmul(x_BND, branch_BND, scale_B11)
