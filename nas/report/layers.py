"""Layers of an architecture of any family: stacks of blocks, and the attention kind of each layer by site."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

ACROSS = "across"
"""Name of the site of a decoder's cross-attention."""

Sites = dict[str, tuple[str, ...]]
"""Attention kinds from the first layer to the last, by site: the name of a stack, or `across`."""


def stacks(architecture: Any, name: str = "") -> dict[str, Any]:
    """Parts of an architecture with attention blocks, by the names of their fields; none in another family."""
    if not is_dataclass(architecture):
        return {}
    blocks = getattr(architecture, "blocks", ())
    if isinstance(blocks, tuple) and blocks and all(map(_attends, blocks)):
        return {name: architecture}
    parts = {f"{name} {part.name}".strip(): getattr(architecture, part.name) for part in fields(architecture)}
    return {found: stack for path, part in parts.items() for found, stack in stacks(part, path).items()}


def sites(architecture: Any) -> Sites:
    """Attention kinds by site; none for an architecture of another family."""
    found: Sites = {}
    for name, stack in stacks(architecture).items():
        found[name] = tuple(str(own_attention(block, "kind")) for block in stack.blocks)
        across = cross_attention(stack.blocks, "kind")
        if across:
            found[ACROSS] = tuple(map(str, across))
    return found


def own_attention(block: Any, name: str) -> Any:
    """`kind` or `num_heads` of a block's self-attention; None where the block does not have it."""
    if hasattr(block, "self_attention"):
        return getattr(block.self_attention, name, None)
    return getattr(block, "attention" if name == "kind" else name, None)


def cross_attention(blocks: Sequence[Any], name: str) -> list[Any]:
    """A field of each block's cross-attention; empty where the blocks have none."""
    return [getattr(block.cross_attention, name) for block in blocks if hasattr(block, "cross_attention")]


def _attends(block: Any) -> bool:
    return own_attention(block, "kind") is not None
