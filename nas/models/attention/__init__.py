"""Attention kinds: one file each, looked up by name; and the ready ones as values for search spaces."""

from nas.models.attention.base import (
    AttentionKind,
    Mixer,
    Site,
    State,
    attention_kind,
    attention_kinds,
    build_attention,
    grows_linearly,
)
from nas.models.attention.cosformer import Cosformer
from nas.models.attention.fixation import Fixation
from nas.models.attention.linear import Linear
from nas.models.attention.lrpe import Lrpe
from nas.models.attention.softmax import Softmax
from nas.models.attention.softmax_relative import SoftmaxRelative

__all__ = [
    "AttentionKind",
    "Cosformer",
    "Fixation",
    "Linear",
    "Lrpe",
    "Mixer",
    "Site",
    "Softmax",
    "SoftmaxRelative",
    "State",
    "attention_kind",
    "attention_kinds",
    "build_attention",
    "grows_linearly",
]
