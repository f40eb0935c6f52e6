"""Multiply-adds of every attention kind, derived by hand, beside what is counted from its trace.

Products are counted whole, masked or not. Of elementwise work (features, phases, rotations, division) nothing counts.
Letters: H heads, N tokens, K head width, of values too, F features of a query or key, J chunks of C tokens each.
"""

from collections.abc import Iterator
from math import ceil
from typing import get_args

import torch

from nas.evaluators.flops import count_flops
from nas.models.attention import Cosformer, Fixation, Linear, Lrpe, Site, Softmax, SoftmaxRelative
from nas.models.attention.base import AttentionKind
from nas.models.attention.parts.bases import Basis
from nas.models.attention.parts.causal import CHUNK
from nas.models.attention.parts.cores import Core
from parts.attention_work import HEAD_DIM as K
from parts.attention_work import HEADS as H
from parts.report import section

GRID = (14, 14)
TEXT_LENGTHS = (1, CHUNK, CHUNK + 1, 197, 1000)
GRID_LENGTHS = (196, 197)
SHOWN = 197
KINDS: tuple[AttentionKind, ...] = (
    Softmax(),
    SoftmaxRelative(),
    Linear(),
    Cosformer(),
    *(
        Lrpe(core=core, basis=basis)
        for core in get_args(Core)
        for basis in get_args(Basis)
        if basis != "fourier" or core == "complex"
    ),
    Fixation(),
    Fixation(gate="unshared"),
    Fixation(of=Cosformer()),
    Fixation(of=Lrpe()),
)


def by_hand(kind: AttentionKind, tokens: int, site: Site) -> int:
    """Multiply-adds of mixing, batch 1."""
    N = tokens
    if isinstance(kind, Softmax):
        return H * (N * N * K + N * N * K)
    if isinstance(kind, SoftmaxRelative):
        # on each axis, a query's products with the vectors of all distances; a class token is at no distance
        cells, distances = N - site.class_tokens(N), 2 * kind.clip + 1
        return H * (N * N * K + N * N * K + len(site.grid) * cells * distances * K)
    if isinstance(kind, Fixation):
        # a gate reads query, key and value
        gates = {"shared": 1, "unshared": 2}[kind.gate] * 3 * H * N * K * K
        return gates + by_hand(kind.of, N, site)
    product = causal_product if site.causal else full_product
    if isinstance(kind, Lrpe):
        wide = kind.core == "complex"
        # of each query and key: a dot product with the reflection's vector, or a product with a matrix
        basis = {"householder": K, "dct": K * K, "fourier": K * 2 * K}.get(kind.basis, 0)
        return 2 * H * N * basis + product(N, 2 * K if wide else K, normalised=False)
    return product(N, 2 * K if isinstance(kind, Cosformer) else K, normalised=True)


def full_product(N: int, F: int, normalised: bool) -> int:
    """Keys with values, then queries with that; and of each query with the keys' sum."""
    return H * (N * F * K + N * F * K + N * F * normalised)


def causal_product(N: int, F: int, normalised: bool) -> int:
    """The same in chunks: of H * J chunks, all but one read the sums of those before."""
    J = ceil(N / CHUNK)
    C = ceil(N / J)
    inside = H * J * (C * C * F + C * C * K)
    if J == 1:
        return inside
    # a head's first chunk reads zeros in place of the sums of the head before; the first head's has none before it
    return inside + H * J * C * F * K + (H * J - 1) * (C * F * K + C * F * normalised)


def counted(kind: AttentionKind, tokens: int, site: Site) -> int:
    inputs = tuple(torch.randn(1, H, tokens, K) for _ in range(3))
    return count_flops(kind.build(H, K, site), inputs)


def sites() -> Iterator[tuple[str, Site, tuple[int, ...]]]:
    """What to call a site, the site, and numbers of tokens for it."""
    longest = max(TEXT_LENGTHS)
    yield "not causal", Site((longest,)), TEXT_LENGTHS
    yield "causal", Site((longest,), causal=True), TEXT_LENGTHS
    yield "on a grid", Site(GRID), GRID_LENGTHS


def flops_section(quick: bool) -> list[str]:
    """Counts of every kind at every site, and whether all are as derived."""
    rows = []
    for kind in KINDS[:5] if quick else KINDS:
        row, wrong = [f"`{kind}`"], []
        for name, site, lengths in sites():
            for tokens in (SHOWN,) if quick else lengths:
                found, expected = counted(kind, tokens, site), by_hand(kind, tokens, site)
                if found != expected:
                    wrong.append(f"{name}, {tokens:,} tokens: {expected:,}, not {found:,}")
                if tokens == SHOWN:
                    row.append(f"{found:,}")
        rows.append([*row, "; ".join(wrong) or "equal"])
    columns = ("kind", *(f"{name}, {SHOWN} tokens" for name, _, _ in sites()), "by hand")
    caption = (
        "Multiply-adds of mixing, counted from the operators that run, and whether a derivation by hand comes to the "
        f"same, at {', '.join(f'{tokens:,}' for tokens in TEXT_LENGTHS)} tokens and on {' x '.join(map(str, GRID))} "
        "patches without and with a class token."
    )
    return section(caption, columns, rows, words=("kind", "by hand"))
