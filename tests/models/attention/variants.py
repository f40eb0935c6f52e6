"""Every variant of every attention kind, and the places where each has a meaning.

`VARIANTS` has them all, for tests that are quick; `KINDS` those that differ most, for contracts of many tests.
"""

import itertools
import math

import torch
from torch import Tensor

from nas.models.attention import (
    AttentionKind,
    Cosformer,
    Fixation,
    Linear,
    Lrpe,
    Mixer,
    Site,
    Softmax,
    SoftmaxRelative,
    attention_kind,
    attention_kinds,
)

FEATURE_MAPS = ("elu_plus_one", "relu", "relu_shifted", "squared_relu", "softplus")


def lrpe_variants() -> list[Lrpe]:
    """Every core with every basis that goes with it."""
    variants = []
    for core, axes in itertools.product(("rotation", "mixed", "permutation", "complex"), ("split", "shared")):
        for learn_theta in (True,) if core == "permutation" else (True, False):
            plain = ("identity", "dct", "odd_even", *(["fourier"] if core == "complex" else []))
            bases = [*((basis, False) for basis in plain), ("householder", False), ("householder", True)]
            variants += [Lrpe(core, basis, learn_theta, learned, axes) for basis, learned in bases]
    return variants


def fixation_variants() -> list[Fixation]:
    of = (Linear("relu_shifted"), Cosformer(), Lrpe(), Lrpe("complex", "fourier"))
    shifts = (("none", 4), ("temporal", 4), ("temporal", 8), ("spatial", 4))
    gates = ("shared", "unshared")
    return [Fixation(kind, gate, *shift) for kind, gate, shift in itertools.product(of, gates, shifts)]


VARIANTS = [
    Softmax(),
    SoftmaxRelative(),
    SoftmaxRelative(clip=1),
    SoftmaxRelative(clip=2),
    *map(Linear, FEATURE_MAPS),
    Cosformer(),
    Cosformer(axes="flat"),
    *lrpe_variants(),
    *(Lrpe(feature_map=feature_map) for feature_map in FEATURE_MAPS[1:]),
    *fixation_variants(),
]


def channels(kind: AttentionKind, axes: int) -> int:
    """Heads of this many channels, or a multiple of it, suit the kind on so many axes."""
    if isinstance(kind, Lrpe):
        together = {"rotation": 2, "mixed": 4, "permutation": 1, "complex": 1}[kind.core]
        return together * (axes if kind.axes == "split" else 1)
    if isinstance(kind, Fixation):
        return math.lcm(channels(kind.of, axes), {"none": 1, "temporal": kind.fold, "spatial": 16}[kind.shift])
    return axes if isinstance(kind, Cosformer) and kind.axes == "split" else 1


def sites(kind: AttentionKind) -> dict[int, tuple[str, ...]]:
    """Numbers of axes on which the kind has a meaning, and what sequences may see there."""
    shift = kind.shift if isinstance(kind, Fixation) else "none"
    if shift != "none":
        return dict.fromkeys((1, 3) if shift == "temporal" else (2, 3), ("self",))
    across = isinstance(kind, Softmax | Linear | Cosformer | Lrpe)
    return {1: ("self", "causal", "cross") if across else ("self", "causal"), 2: ("self", "causal"), 3: ("self",)}


KINDS = (
    *attention_kinds(),
    "softmax_relative(clip=2)",
    "cosformer(axes=flat)",
    "linear(feature_map=relu)",
    "lrpe(core=mixed,basis=dct)",
    "lrpe(core=permutation,basis=odd_even)",
    "lrpe(core=complex,basis=fourier,across=True)",
    "lrpe(core=complex,learn_theta=False)",
    "lrpe(learn_reflection=True,axes=shared)",
    "lrpe(across=True)",
    "fixation(of=cosformer,gate=unshared)",
    "fixation(of=lrpe)",
    "fixation(shift=temporal)",
    "fixation(shift=spatial)",
)
# that the others are refused is tested beside each kind
SEQUENCE = [kind for kind in KINDS if "spatial" not in kind]
CAUSAL = [kind for kind in KINDS if "shift" not in kind]
CROSS = [kind for kind in KINDS if "across" in kind or not kind.startswith(("softmax_relative", "lrpe", "fixation"))]
MODES = [
    *((kind, "self") for kind in SEQUENCE),
    *((kind, "causal") for kind in CAUSAL),
    *((kind, "cross") for kind in CROSS),
]
"""Kinds of sequences, and what a sequence may see."""
GRIDS = [
    *((kind, (12,)) for kind in SEQUENCE),
    *((kind, (3, 4)) for kind in KINDS if "temporal" not in kind),
]
"""Kinds and grids of 12 tokens."""
GRID_OF = dict(GRIDS)
"""One of these for each kind."""
WIDTH = 16


def site(mode: str, grid: tuple[int, ...] = (12,)) -> Site:
    return Site(grid, causal=mode == "causal", cross=mode == "cross")


def sites_on(kind: str, grid: tuple[int, ...]) -> list[Site]:
    """Not causal, and causal where the kind can be."""
    return [Site(grid), *([Site(grid, causal=True)] if kind in CAUSAL else [])]


def made(kind: str, where: Site, dtype: torch.dtype = torch.float64) -> Mixer:
    """Two heads of 16 channels, away from initial values."""
    torch.manual_seed(0)
    mixer = attention_kind(kind).build(2, WIDTH, where).to(dtype)
    for parameter in mixer.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return mixer


def inputs(queries: int, keys: int | None = None, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Queries, keys and values of three samples."""
    lengths = (queries, keys or queries, keys or queries)
    return [torch.randn(3, 2, length, WIDTH, dtype=dtype) for length in lengths]


def padded_to_twelve(lengths: tuple[int, ...], side: str) -> tuple[list[slice], Tensor]:
    """Where each sequence lies in twelve tokens with padding on that side, and the mask."""
    rows = [slice(0, length) if side == "right" else slice(12 - length, 12) for length in lengths]
    keep = torch.zeros(len(lengths), 12, dtype=torch.bool)
    for sample, kept in enumerate(rows):
        keep[sample, kept] = True
    return rows, keep
