"""The space of Transformers: width and depth per network; attention kind, heads and FFN per layer or per network.

Sources of the gene set: AutoFormer (arXiv:2107.00651), mixFormer (arXiv:2207.13955).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from nas.search_space.architecture import Architecture, Block, Stack
from nas.search_space.kind import Kind
from nas.search_space.space import Choose, Option, Space
from nas.system.ranges import Range, check

Width = Annotated[int, Range(1, 100_000)]
HiddenWidth = Annotated[int, Range(1, 1_000_000)]
Layers = Annotated[int, Range(1, 1_000)]
Heads = Annotated[int, Range(1, 1_000)]


@dataclass(frozen=True)
class StackSpace:
    """Options of one stack of blocks. FFN widths are given either as `ffn_dim` or as `ffn_ratio`."""

    embed_dim: tuple[Width, ...]
    depth: tuple[Layers, ...]
    num_heads: tuple[Heads, ...]
    attention: tuple[str | Kind, ...]
    """Kinds to choose from, by name or as values with settings (`Lrpe(core="complex")`), which are kept as texts; the
    first is the one that `smallest` and `largest` take."""
    head_dim: Width | None = None
    """Width of a head, the same in every network, so that a slice of heads keeps its role; or `qkv_dim`."""
    qkv_dim: Width | None = None
    """Width of queries, keys and values over all heads, whatever their number, as in HAT."""
    ffn_dim: tuple[HiddenWidth, ...] = ()
    """Hidden widths of the FFN, absolute."""
    ffn_ratio: tuple[Annotated[float, Range(0, 1_000, without_least=True)], ...] = ()
    """Hidden widths of the FFN as multiples of `embed_dim`, rounded down."""
    per_network: tuple[Literal["attention", "num_heads", "ffn_dim", "ffn_ratio"], ...] = ()
    """Which of attention, num_heads, ffn_dim, ffn_ratio are chosen once for all layers."""

    def __post_init__(self) -> None:
        if isinstance(self.attention, tuple):
            object.__setattr__(self, "attention", tuple(map(str, self.attention)))
        check(self)
        if bool(self.ffn_dim) == bool(self.ffn_ratio):
            raise ValueError(f"give either ffn_dim or ffn_ratio, found {self.ffn_dim} and {self.ffn_ratio}")
        for name in ("embed_dim", "depth", "num_heads", "attention", self.ffn_name):
            check_options(name, getattr(self, name))
        for heads in self.num_heads:
            head_dim(heads, self.head_dim, self.qkv_dim)
        if self.ffn_ratio and int(min(self.ffn_ratio) * min(self.embed_dim)) < 1:
            raise ValueError(f"ffn_ratio {min(self.ffn_ratio)} of width {min(self.embed_dim)} leaves no hidden width")

    @property
    def ffn_name(self) -> str:
        return "ffn_dim" if self.ffn_dim else "ffn_ratio"

    def build(self, choose: Choose, path: str) -> Stack:
        embed_dim = choose(f"{path}.embed_dim", self.embed_dim)
        depth = choose(f"{path}.depth", self.depth)
        names = ("attention", "num_heads", self.ffn_name)
        common: dict[str, Any] = {
            name: choose(f"{path}.{name}", getattr(self, name)) for name in names if name in self.per_network
        }
        blocks = []
        for layer in range(depth):
            own = {
                name: choose(f"{path}.blocks.{layer}.{name}", getattr(self, name))
                for name in names
                if name not in common
            }
            blocks.append(self._block(embed_dim, {**common, **own}))
        return Stack(embed_dim, tuple(blocks))

    def _block(self, embed_dim: int, chosen: dict[str, Any]) -> Block:
        ffn_dim = chosen["ffn_dim"] if self.ffn_dim else int(chosen["ffn_ratio"] * embed_dim)
        heads = chosen["num_heads"]
        return Block(chosen["attention"], heads, head_dim(heads, self.head_dim, self.qkv_dim), ffn_dim)

    def lookup(self, stack: Stack, names: list[str]) -> Option:
        """The option that `stack` shows for a choice, given the parts of its name below the stack."""
        if names[-1] in ("embed_dim", "depth"):
            return int(getattr(stack, names[-1]))
        block = stack.blocks[int(names[1]) if names[0] == "blocks" else 0]
        if names[-1] != "ffn_ratio":
            return getattr(block, names[-1])  # type: ignore[no-any-return]
        # several ratios may round to one width: the first that does stands for all
        found = [ratio for ratio in self.ffn_ratio if int(ratio * stack.embed_dim) == block.ffn_dim]
        return found[0] if found else block.ffn_dim / stack.embed_dim

    def size(self) -> int:
        """Number of different stacks."""
        return sum(self.size_by_depth().values())

    def size_by_depth(self) -> dict[int, int]:
        """Number of different stacks of each depth."""
        total = dict.fromkeys(self.depth, 0)
        for embed_dim in self.embed_dim:
            ffn = len(self.ffn_dim) or len({int(ratio * embed_dim) for ratio in self.ffn_ratio})
            counts = {"attention": len(self.attention), "num_heads": len(self.num_heads), self.ffn_name: ffn}
            once = math.prod(count for name, count in counts.items() if name in self.per_network)
            each = math.prod(count for name, count in counts.items() if name not in self.per_network)
            for depth in self.depth:
                total[depth] += once * each**depth
        return total


@dataclass(frozen=True)
class SearchSpace(Space):
    """Transformers with an encoder."""

    encoder: StackSpace

    architecture_type = Architecture

    def __post_init__(self) -> None:
        check(self)

    def build(self, choose: Choose) -> Architecture:
        return Architecture(self.encoder.build(choose, "encoder"))

    def lookup(self, architecture: Architecture, name: str) -> Option:
        stack, *names = name.split(".")
        return self.encoder.lookup(getattr(architecture, stack), names)

    def size(self) -> int:
        return self.encoder.size()


def head_dim(num_heads: int, head_dim: int | None, qkv_dim: int | None) -> int:
    """Width of each head, given either that or the width of all together.

    Raises: ValueError if not one of them is given, or the heads do not share it out evenly.
    """
    if (head_dim is None) == (qkv_dim is None):
        raise ValueError(f"give either head_dim or qkv_dim, found {head_dim} and {qkv_dim}")
    if head_dim is not None:
        return head_dim
    assert qkv_dim is not None
    if num_heads < 1 or qkv_dim % num_heads:
        raise ValueError(f"qkv_dim = {qkv_dim} cannot be shared evenly by {num_heads} heads")
    return qkv_dim // num_heads


def check_options(name: str, options: Sequence[Option]) -> None:
    if not options:
        raise ValueError(f"{name} needs at least one option; found {options!r}")
    if len(set(options)) != len(options):
        raise ValueError(f"{name} names an option twice: {options}")
