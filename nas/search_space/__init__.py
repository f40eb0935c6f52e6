"""Architectures as values, and search spaces as functions from choices to architectures."""

from nas.search_space.architecture import Architecture, Block, Stack, architecture_id, from_json, to_json
from nas.search_space.space import Choose, Genes, Option, Space, uniform
from nas.search_space.transformer import SearchSpace, StackSpace

__all__ = [
    "Architecture",
    "Block",
    "Choose",
    "Genes",
    "Option",
    "SearchSpace",
    "Space",
    "Stack",
    "StackSpace",
    "architecture_id",
    "from_json",
    "to_json",
    "uniform",
]
