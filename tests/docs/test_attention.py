"""The guide to the attention kinds: its blocks and commands as they stand in it, its tables against the code."""

import contextlib
import dataclasses
import importlib
import io
import math
import re
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

import nas.models.attention as package
from nas.evaluators.flops import Flops, count_flops
from nas.experiment.overrides import apply_overrides
from nas.models.attention import AttentionKind, Fixation, Linear, Site, attention_kind, attention_kinds, build_attention
from nas.models.attention.base import Grid, _kind_class
from nas.models.attention.parts.causal import CHUNK
from nas.models.attention.parts.linear_mixer import LinearKind
from nas.search_space import Architecture, Block, SearchSpace, Stack, StackSpace
from nas.supernet import Supernet
from nas.tasks.digits import Digits
from tests.docs.guides import ROOT, blocks, commands, short, text_of

GUIDE = "attention.md"
TEXT = text_of(GUIDE)
CLIP = 14


def table(first: str) -> list[list[str]]:
    """Cells of the table whose first column has this title, without the title."""
    lines = TEXT.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def word(cell: str) -> str:
    return cell.strip("`")


def value(formula: str, **letters: float) -> float:
    """A formula of the guide: `2·N·K² + N·K`."""
    code = word(formula).replace("·", "*").replace("²", "**2")
    return float(eval(code, {"__builtins__": {}}, letters))


def flops(text: str, grid: Grid, width: int, heads: int, *, causal: bool = False) -> int:
    mixer = build_attention(text, heads, width, Site(grid, causal=causal)).eval()
    return count_flops(mixer, tuple(torch.zeros(3, 1, heads, math.prod(grid), width)))


KINDS = table("kind | weight of key j for query i")
VARIANTS = table("text")
SETTINGS = table("kind | setting")


@pytest.fixture
def own_kind(tmp_path: Path) -> Iterator[str]:
    """The text of the kind that the guide adds, while its file lies in a folder of kinds."""
    (code,) = (block for block in blocks(GUIDE, "python") if block.startswith("# nas/models/attention/"))
    file = tmp_path / Path(code.splitlines()[0]).name
    file.write_text(code, encoding="utf-8")
    package.__path__.append(str(tmp_path))
    importlib.invalidate_caches()
    yield file.stem
    package.__path__.remove(str(tmp_path))
    _kind_class.cache_clear()
    if sys.modules.pop(f"{package.__name__}.{file.stem}", None) is not None:
        delattr(package, file.stem)


def test_the_guides_blocks_run_in_their_order_and_print_what_it_says(own_kind: str) -> None:
    names: dict[str, object] = {}
    for block in blocks(GUIDE, "python"):
        if not block.startswith("# nas/"):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(block, names)
            assert printed.getvalue().splitlines() == re.findall("^# prints (.*)$", block, re.MULTILINE)


def test_the_guides_commands_run(command: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for words in commands(GUIDE):
        assert "networks" in command(*short(words))


def test_the_tables_name_every_kind() -> None:
    assert sorted(word(row[0]) for row in KINDS) == list(attention_kinds())
    assert {attention_kind(word(row[0])).name for row in VARIANTS} == set(attention_kinds())


def test_both_tables_have_the_same_costs() -> None:
    costs = {row[0]: row[2] for row in VARIANTS}
    assert {row[0]: row[3] for row in KINDS} == {row[0]: costs[row[0]] for row in KINDS}


@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: word(row[0]))
@pytest.mark.parametrize(("grid", "width", "heads"), [((6,), 8, 1), ((96,), 16, 2), ((5, 7), 16, 3)])
def test_multiply_adds_are_those_of_the_formula(row: list[str], grid: Grid, width: int, heads: int) -> None:
    expected = heads * value(row[2], N=math.prod(grid), K=width, A=len(grid), clip=CLIP)
    assert flops(word(row[0]), grid, width, heads) == expected


@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: word(row[0]))
def test_causal_multiply_adds_are_those_of_the_formula_but_for_the_first_chunks_sums(row: list[str]) -> None:
    chunk, width = int(re.findall(r"at most C = (\d+)", TEXT)[0]), 16
    assert chunk == CHUNK
    saved = []
    for chunks, heads in ((2, 1), (3, 1), (4, 3)):
        length = chunks * chunk
        formula = value(row[3], N=length, C=chunk, K=width, A=1, clip=CLIP)
        saved.append(heads * formula - flops(word(row[0]), (length,), width, heads, causal=True))
    assert len(set(saved)) == 1
    assert 0 <= saved[0] <= 2 * chunk * width * (width + 1)


def saves(cost: str, length: int, width: int) -> bool:
    """Whether a formula, which the tests above hold to what is counted, is below softmax's."""
    softmax, own = (value(formula, N=length, K=width, A=1, clip=CLIP) for formula in (VARIANTS[0][2], cost))
    return own < softmax


@pytest.mark.parametrize("row", KINDS, ids=lambda row: word(row[0]))
@pytest.mark.parametrize("width", [8, 64])
def test_break_even_is_where_the_count_falls_below_softmaxs(row: list[str], width: int) -> None:
    lengths = range(1, 4 * width)
    cheaper = [saves(row[3], length, width) for length in lengths]
    if row[4].startswith("`"):
        assert cheaper == [bool(value(row[4], N=length, K=width)) for length in lengths]
        assert any(cheaper)
    else:
        assert row[4] == ("" if row[0] == "`softmax`" else "never")
        assert not any(cheaper)


def test_at_64_tokens_and_heads_of_64_no_kind_counts_less_than_softmax() -> None:
    assert [row[0] for row in VARIANTS if saves(row[2], 64, 64)] == []


@pytest.mark.parametrize("row", VARIANTS[2:], ids=lambda row: word(row[0]))
def test_from_the_lengths_named_on_8_heads_of_64_count_less_than_softmax(row: list[str]) -> None:
    first, first_causal = int(row[4]), int(row[5])
    assert [saves(row[2], length, 64) for length in (first - 1, first)] == [False, True]
    # the tokens of a chunk, and so the cost, grow in steps of as many tokens as there are chunks
    lengths = [first_causal - 1, *range(first_causal, first_causal + math.ceil(first_causal / CHUNK))]
    cheaper = [
        flops(word(row[0]), (length,), 64, 8, causal=True) < 8 * value(VARIANTS[0][3], N=length, K=64)
        for length in lengths
    ]
    assert cheaper == [False] + [True] * (len(lengths) - 1)


@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: word(row[0]))
@pytest.mark.parametrize("grid", [(12,), (3, 4)])
def test_own_parameters_are_those_of_the_formula(row: list[str], grid: Grid) -> None:
    heads, width = 3, 16
    mixer = build_attention(word(row[0]), heads, width, Site(grid))
    own = sum(parameter.numel() for parameter in mixer.parameters())
    assert own == value(row[1], K=width, H=heads, A=len(grid), clip=CLIP)


def test_the_settings_are_the_fields_of_the_kinds_with_their_defaults_and_options() -> None:
    kinds = {name: type(attention_kind(name)) for name in attention_kinds()}
    fields = [(name, field) for name, kind in kinds.items() for field in dataclasses.fields(kind)]
    written = {(word(kind), word(setting)): row for kind, setting, *row in SETTINGS}
    assert sorted(written) == sorted((name, field.name) for name, field in fields)
    for name, field in fields:
        default, options, _ = written[name, field.name]
        assert word(default) == str(field.default)
        assert re.findall("`(.*?)`", options) == _options(kinds, typing.get_type_hints(kinds[name])[field.name])


def _options(kinds: dict[str, type[AttentionKind]], hint: typing.Any) -> list[str]:
    """Texts that a setting of the type takes; none if they are too many to name."""
    if typing.get_origin(hint) is typing.Literal:
        return list(map(str, typing.get_args(hint)))
    if hint is LinearKind:
        return [name for name, kind in kinds.items() if issubclass(kind, LinearKind) and kind is not Fixation]
    return ["True", "False"] if hint is bool else []


@pytest.mark.parametrize(("text", "site", "answer"), table("asked for"))
def test_what_has_no_meaning_is_refused_with_the_answer_that_is_written(text: str, site: str, answer: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(answer)}$"):
        build_attention(word(text), 4, 16, eval(word(site), {"Site": Site}))


def test_more_tokens_than_a_kind_was_made_for_are_refused() -> None:
    causal = Site((8,), causal=True)
    x_BHNK = torch.randn(1, 2, 9, 4)
    for text in ("cosformer", "lrpe(core=permutation)"):
        with pytest.raises(ValueError, match=r"for (up to )?8 tokens.* 9"):
            build_attention(text, 2, 4, causal)(x_BHNK, x_BHNK, x_BHNK)
    build_attention("cosformer", 2, 4, causal)(x_BHNK, x_BHNK, x_BHNK, span=9)
    cross = build_attention("cosformer", 2, 4, Site((8,), cross=True))
    with pytest.raises(ValueError, match="within a span"):
        cross.step(cross.start(x_BHNK, x_BHNK), x_BHNK[:, :, :1])


@pytest.mark.parametrize(
    ("text", "formula"), [("lrpe", "K²"), ("linear", "K² + K"), ("cosformer", "2·K² + 2·K"), ("softmax", "2·n·K")]
)
def test_decoding_keeps_as_many_numbers_of_a_head_as_is_written(text: str, formula: str) -> None:
    mixer = build_attention(text, 1, 4, Site((9,), causal=True))
    state = mixer.start()
    for n in range(1, 9):
        _, state = mixer.step(state, *torch.randn(3, 1, 1, 1, 4))
        assert sum(tensor.numel() for tensor in state.tensors) == value(formula, n=n, K=4)


@pytest.mark.parametrize("text", [word(row[0]) for row in VARIANTS if not word(row[0]).startswith("softmax")])
@pytest.mark.parametrize("causal", [False, True])
def test_linear_kinds_compute_in_float32_and_return_the_type_they_were_given(text: str, causal: bool) -> None:
    mixer = build_attention(text, 2, 16, Site((2_000,), causal=causal)).eval()
    half = torch.randn(3, 1, 2, 2_000, 16).bfloat16()
    expected = mixer(*half.float()).bfloat16()
    assert torch.equal(mixer(*half), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(mixer(*half), expected)


def test_no_cost_depends_on_whose_the_projections_are() -> None:
    (name, chosen) = re.findall(r"`--task\.(\w+) (\w+)`", TEXT)[0]
    architecture, shared = _network("softmax", "linear"), Digits(patch_size=2)
    separate = apply_overrides(shared, {name: chosen})
    assert separate == Digits(patch_size=2, projections="separate")
    assert Flops()(shared, architecture) == Flops()(separate, architecture)
    networks = [task.build(architecture) for task in (shared, separate)]
    first, second = (sum(weight.numel() for weight in network.parameters()) for network in networks)
    assert first == second


def _network(*kinds: str) -> Architecture:
    return Architecture(Stack(16, tuple(Block(kind, num_heads=2, head_dim=8, ffn_dim=16) for kind in kinds)))


def test_a_kind_added_in_one_file_is_its_papers_formula_and_decodes_what_the_whole_pass_gives(own_kind: str) -> None:
    torch.manual_seed(0)
    mixer = build_attention(own_kind, 2, 8, Site((12,), causal=True))
    q, k, v = torch.randn(3, 2, 2, 12, 8, dtype=torch.float64)
    phi_q, phi_k = (_sharpened(x) for x in (q, k))
    weights_BHNN = (phi_q @ phi_k.mT).tril()
    whole = mixer(q, k, v)
    assert_close(whole, weights_BHNN / weights_BHNN.sum(-1, keepdim=True).clamp_min(1e-6) @ v)
    state = mixer.start()
    for n in range(12):
        row, state = mixer.step(state, *(x[:, :, n : n + 1] for x in (q, k, v)))
        assert_close(row, whole[:, :, n : n + 1])


def _sharpened(x: torch.Tensor) -> torch.Tensor:
    """The paper's ||x|| x^3 / ||x^3|| of x = relu(x); zero where x is."""
    x = x.clamp_min(0)
    return x**3 * (x.norm(dim=-1) / (x**3).norm(dim=-1).clamp_min(1e-30)).unsqueeze(-1)


def test_a_kind_added_in_one_file_counts_as_linear_does(own_kind: str) -> None:
    task = Digits(patch_size=2)
    own, linear = (Flops()(task, _network(kind, "softmax")) for kind in (own_kind, "linear"))
    assert own == linear


def test_a_kind_added_in_one_file_is_trained_in_a_supernet_among_others(own_kind: str) -> None:
    torch.manual_seed(0)
    gated = str(Fixation(of=attention_kind(own_kind)))
    kinds = (own_kind, f"{own_kind}(power=5)", gated, str(Linear()), "softmax")
    stack = StackSpace((16,), (len(kinds),), (2,), kinds, head_dim=8, ffn_dim=(16,))
    task = Digits(patch_size=2)
    supernet = Supernet(task.build, SearchSpace(stack))
    path = supernet.path(_network(*kinds))
    batch = task.train_batch(step=0, batch_size=32, seed=0)
    before = task.loss(path(*batch.inputs), batch.targets)
    before.backward()
    for name, weight in path.parameters.items():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
    torch.optim.SGD(path.parameters.values(), lr=0.01).step()
    assert task.loss(path(*batch.inputs), batch.targets) < before
