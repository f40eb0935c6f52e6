"""Every variant of every attention kind, at every place where it has a meaning, exported and run again.

Many variants stand in one program: exporting takes a second for each program, and some tenths for each variant.
"""

from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from nas.export.write.checks import PROGRAM
from nas.export.write.programs import Program, read_pt2, write_onnx, write_pt2
from nas.models.attention import AttentionKind, attention_kinds
from tests.models.attention.variants import SEQUENCE, VARIANTS, WIDTH, made, site, sites

TOGETHER = 16
LONGEST = 100
GRID = (3, 4)


def has_a_program_of_its_own(kind: AttentionKind) -> bool:
    """Whether no other variant is computed alike: fixed frequencies do not depend on the basis, nor shifts on gates."""
    text = str(kind)
    if "learn_theta=False" in text:
        return "basis=" not in text and "learn_reflection" not in text
    return "gate=unshared" not in text or "shift=" not in text


# what axes share does not depend on the basis, and makes no difference on one axis
ON_AN_AXIS = [kind for kind in VARIANTS if "axes=" not in str(kind)]
ON_TWO = [kind for kind in VARIANTS if "axes=shared" not in str(kind) or "basis" not in str(kind)]
KINDS_AT = {
    "image": [str(kind) for kind in ON_TWO if 2 in sites(kind) and has_a_program_of_its_own(kind)],
    # padding is treated alike in all variants of a kind
    "self": list(SEQUENCE),
    # where frequencies come from is no matter of the place
    "causal": [str(kind) for kind in ON_AN_AXIS if "causal" in sites(kind).get(1, ()) and "theta" not in str(kind)],
    "cross": ["softmax", "linear", "cosformer", "lrpe(across=True)", "lrpe(core=complex,basis=fourier,across=True)"],
}
"""Kinds by the place of the layer."""
GROUPS = [
    pytest.param(mode, kinds[first : first + TOGETHER], id=f"{mode}-{first}")
    for mode, kinds in KINDS_AT.items()
    for first in range(0, len(kinds), TOGETHER)
]


class Mixers(nn.Module):
    """Layers side by side, which are handed what a network hands them there."""

    def __init__(self, kinds: list[str], mode: str) -> None:
        super().__init__()
        where = site("self", GRID) if mode == "image" else site(mode, (LONGEST,))
        self.mixers = nn.ModuleList(made(kind, where, torch.float32) for kind in kinds)
        self.names = MORE[mode]

    def forward(self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, more: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        named = dict(zip(self.names, more, strict=True))
        return tuple(mixer(q_BHNK, k_BHMK, v_BHMK, named.get("keep"), named.get("span")) for mixer in self.mixers)


MORE = {"image": (), "self": ("keep",), "causal": ("span",), "cross": ("keep", "span")}
"""Padding where a layer sees all of a text, a span where its length may be unknown."""


def given(mode: str, batch: int, queries: int, keys: int) -> tuple[Any, ...]:
    queries = 12 if mode == "image" else queries
    keys = keys if mode == "cross" else queries
    qkv = [torch.randn(batch, 2, length, WIDTH) for length in (queries, keys, keys)]
    keep = torch.arange(keys) < torch.randint(1, keys + 1, (batch, 1))
    more = {"keep": keep, "span": torch.full((batch,), LONGEST)}
    return (*qkv, tuple(more[name] for name in MORE[mode]))


def program(kinds: list[str], mode: str) -> Program:
    batch, queries = Dim("batch", max=64), Dim("queries", max=LONGEST)
    keys = Dim("keys", max=LONGEST) if mode == "cross" else queries
    of_queries, of_keys = ({0: batch} if mode == "image" else {0: batch, 2: length} for length in (queries, keys))
    more = {"keep": {0: batch, 1: keys}, "span": {0: batch}}
    return Program(
        "mixers",
        Mixers(kinds, mode),
        given(mode, 2, 7, 9),
        (of_queries, of_keys, of_keys, tuple(more[name] for name in MORE[mode])),
        ["q", "k", "v", *MORE[mode]],
        [f"mixed_{number}" for number in range(len(kinds))],
    )


def test_all_kinds_are_tried() -> None:
    for mode in ("image", "self", "causal"):
        assert {kind.split("(")[0] for kind in KINDS_AT[mode]} == set(attention_kinds())


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "kinds"), GROUPS)
def test_every_variant_is_exported(mode: str, kinds: list[str], tmp_path: Path) -> None:
    torch.manual_seed(0)
    written = program(kinds, mode)
    write_pt2(written, tmp_path / "mixers.pt2")
    write_onnx(written, tmp_path / "mixers.onnx")
    pt2, session = read_pt2(tmp_path / "mixers.pt2"), onnxruntime.InferenceSession(tmp_path / "mixers.onnx")
    for batch, queries, keys in ((1, 1, 4), (3, 12, 12), (2, 70, 90)):
        inputs = given(mode, batch, queries, keys)
        flat = [*inputs[:3], *inputs[3]]
        named = {name: x.numpy() for name, x in zip(written.input_names, flat, strict=True)}
        with torch.no_grad():
            found = zip(kinds, written.module(*inputs), pt2(*inputs), session.run(None, named), strict=True)
            for kind, expected, by_pt2, by_onnx in found:
                for form in (by_pt2, torch.from_numpy(by_onnx)):
                    assert (form - expected).abs().max() <= PROGRAM, kind
