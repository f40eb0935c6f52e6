"""The space of encoder-decoder Transformers, with a choice of attention kind at every site of every layer.

Sources of the gene set: HAT (arXiv:2005.14187), its translation spaces as released; mixFormer (arXiv:2207.13955), which
chooses attention kinds on images alone. The kind per site (encoder, decoder, across) is ours.
"""

from dataclasses import dataclass
from typing import Any

from nas.search_space.architecture import Stack
from nas.search_space.kind import Kind
from nas.search_space.space import Choose, Option, Space
from nas.search_space.transformer import Heads, HiddenWidth, Layers, StackSpace, Width, check_options, head_dim
from nas.system.ranges import check


@dataclass(frozen=True)
class SelfAttention:
    """A decoder layer's attention to the tokens before."""

    kind: str
    """Attention kind, as text."""
    num_heads: int
    head_dim: int
    """Width of one head."""


@dataclass(frozen=True)
class CrossAttention:
    """A decoder layer's attention to the source."""

    kind: str
    num_heads: int
    head_dim: int
    encoder_layers: int
    """How many of the encoder's last layers are seen; their tokens stand one after another."""


@dataclass(frozen=True)
class DecoderBlock:
    """One decoder layer: attention to the tokens before, attention to the source, a feed-forward network."""

    self_attention: SelfAttention
    cross_attention: CrossAttention
    ffn_dim: int
    """Hidden width of the feed-forward network."""


@dataclass(frozen=True)
class Decoder:
    """Decoder layers that share one residual stream."""

    embed_dim: int
    """Width of the residual stream."""
    blocks: tuple[DecoderBlock, ...]
    """Layers that exist; their number is the depth."""

    @property
    def depth(self) -> int:
        return len(self.blocks)


@dataclass(frozen=True)
class Seq2SeqArchitecture:
    """An encoder-decoder Transformer; equal networks are equal values."""

    encoder: Stack
    decoder: Decoder


@dataclass(frozen=True)
class DecoderSpace:
    """Options of the decoder; all but width and depth are chosen in every layer."""

    embed_dim: tuple[Width, ...]
    depth: tuple[Layers, ...]
    num_heads: tuple[Heads, ...]
    """Heads of the attention to the tokens before."""
    attention: tuple[str | Kind, ...]
    """Kinds of the attention to the tokens before; the first is the one that `smallest` and `largest` take."""
    cross_num_heads: tuple[Heads, ...]
    cross_attention: tuple[str | Kind, ...]
    """Kinds of the attention to the source."""
    cross_layers: tuple[Layers, ...]
    """How many of the encoder's last layers a decoder layer sees."""
    ffn_dim: tuple[HiddenWidth, ...]
    qkv_dim: Width | None = None
    """Width of queries, keys and values over all heads, whatever their number; or `head_dim`."""
    head_dim: Width | None = None
    """Width of a head, whatever their number."""

    def __post_init__(self) -> None:
        for name in ("attention", "cross_attention"):
            if isinstance(getattr(self, name), tuple):
                object.__setattr__(self, name, tuple(map(str, getattr(self, name))))
        check(self)
        for name in CHOICES:
            check_options(name, getattr(self, name))
        for heads in (*self.num_heads, *self.cross_num_heads):
            head_dim(heads, self.head_dim, self.qkv_dim)

    def build(self, choose: Choose, path: str, encoder_depth: int) -> Decoder:
        embed_dim, depth = choose(f"{path}.embed_dim", self.embed_dim), choose(f"{path}.depth", self.depth)
        blocks = (self._block(choose, f"{path}.blocks.{layer}", encoder_depth) for layer in range(depth))
        return Decoder(embed_dim, tuple(blocks))

    def _block(self, choose: Choose, path: str, encoder_depth: int) -> DecoderBlock:
        own, across = f"{path}.self_attention", f"{path}.cross_attention"
        kind, heads = choose(f"{own}.kind", self.attention), choose(f"{own}.num_heads", self.num_heads)
        seeing = SelfAttention(kind, heads, self._head_dim(heads))
        kind, heads = (
            choose(f"{across}.kind", self.cross_attention),
            choose(f"{across}.num_heads", self.cross_num_heads),
        )
        layers = choose(f"{across}.encoder_layers", self.layers_seen(encoder_depth))
        reading = CrossAttention(kind, heads, self._head_dim(heads), layers)
        return DecoderBlock(seeing, reading, choose(f"{path}.ffn_dim", self.ffn_dim))

    def layers_seen(self, encoder_depth: int) -> tuple[int, ...]:
        """Options of `cross_layers` that an encoder of this depth has."""
        return tuple(layers for layers in self.cross_layers if layers <= encoder_depth)

    def size(self, encoder_depth: int) -> int:
        """Number of different decoders beside an encoder of this depth."""
        own = len(self.attention) * len(self.num_heads)
        across = len(self.cross_attention) * len(self.cross_num_heads) * len(self.layers_seen(encoder_depth))
        block = own * across * len(self.ffn_dim)
        decoders: int = sum(block**depth for depth in self.depth)
        return len(self.embed_dim) * decoders

    def _head_dim(self, num_heads: int) -> int:
        return head_dim(num_heads, self.head_dim, self.qkv_dim)


CHOICES = (
    "embed_dim",
    "depth",
    "num_heads",
    "attention",
    "cross_num_heads",
    "cross_attention",
    "cross_layers",
    "ffn_dim",
)
"""Fields of a DecoderSpace that are options."""


@dataclass(frozen=True)
class Seq2SeqSpace(Space):
    """Encoder-decoder Transformers. Raises: ValueError if an encoder has fewer layers than a decoder layer must see."""

    encoder: StackSpace
    decoder: DecoderSpace

    architecture_type = Seq2SeqArchitecture

    def __post_init__(self) -> None:
        check(self)
        shallow = min(self.encoder.depth)
        if not self.decoder.layers_seen(shallow):
            least = min(self.decoder.cross_layers)
            raise ValueError(f"cross_layers needs an option of at most {shallow}, the encoder's depth; found {least}")

    def build(self, choose: Choose) -> Seq2SeqArchitecture:
        encoder = self.encoder.build(choose, "encoder")
        return Seq2SeqArchitecture(encoder, self.decoder.build(choose, "decoder", encoder.depth))

    def lookup(self, architecture: Any, name: str) -> Option:
        stack, *names = name.split(".")
        if stack == "encoder":
            return self.encoder.lookup(architecture.encoder, names)
        return super().lookup(architecture, name)

    def size(self) -> int:
        return sum(count * self.decoder.size(depth) for depth, count in self.encoder.size_by_depth().items())
