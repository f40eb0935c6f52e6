"""The contract of an attention kind, and the one place where a kind is looked up.

All kinds of a layer share the projections of queries, keys, values and outputs; a kind owns its mixing and its own
small parameters. A kind is one file of this folder, named as the kind, that defines `build(num_heads, head_dim,
grid)`.
"""

import importlib
import pkgutil
from functools import cache

from torch import Tensor, nn

Grid = tuple[int, ...]
"""Length of each axis of positions: (64,) for a text of 64 tokens, (8, 8) for an image of 8 x 8 patches."""


class AttentionKind(nn.Module):
    """Mixes values by the similarity of queries and keys.

    Shapes: B batch, H heads, N tokens, K head width.
    """

    def forward(self, q_BHNK: Tensor, k_BHNK: Tensor, v_BHNK: Tensor) -> Tensor:
        """Mixed values, BHNK."""
        raise NotImplementedError


@cache
def attention_kinds() -> tuple[str, ...]:
    """Names of all kinds: the files beside this one."""
    package = importlib.import_module("nas.models.attention")
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "base"))


def build_attention(kind: str, num_heads: int, head_dim: int, grid: Grid) -> AttentionKind:
    """A fresh module of the named kind.

    Raises: ValueError if there is no such kind.
    """
    if kind not in attention_kinds():
        raise ValueError(f"no attention kind {kind!r}; there are: {', '.join(attention_kinds())}")
    module = importlib.import_module(f"nas.models.attention.{kind}")
    built = module.build(num_heads, head_dim, grid)
    assert isinstance(built, AttentionKind)
    return built
