"""What attention kinds cost: time, memory, decoding and FLOPs at every length, beside softmax and beside a floor.

    python benchmarks/attention.py [--out FILE] [--figure FILE] [--quick]

4 heads of width 64, batch 1 unless a table says otherwise. Queries, keys and values are laid out as a block lays them
out, (B, N, H, K) seen as (B, H, N, K), and outputs are joined over the heads again; forward and backward gives the
gradients of all three and of the kind's own parameters. Whatever a ratio compares takes turns in every round, forwards
in one round and backwards in the next; the ratio is that of a round, shown as median and quartiles over the rounds.

On the CPU: one thread, CPU time of the process. Where there is a GPU, the same follows on it, timed by its own events,
with inputs of float32 and of bfloat16. glibc gives freed memory back to the kernel and faults it in again, page by
page, which at tensors of some MB can cost more than the arithmetic. So it is told to keep what is freed, up to blocks
of 32 MiB (M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD), for all sides alike.

About four minutes on one core; with --quick seconds, for figures that mean nothing.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from parts.attention_figure import Panel, figure
from parts.attention_flops import counted, flops_section
from parts.attention_work import (
    HEAD_DIM,
    HEADS,
    LINEAR_KINDS,
    Training,
    chunked,
    decoded,
    inference,
    mixer,
    softmax,
    textbook,
    training,
    two_products,
)
from parts.report import heading, parser, publish, section
from parts.timing import MIB, Bench, crossover, exponent, quartiles

from nas.evaluators.memory import LiveStorages
from nas.models.attention import Site, attention_kind
from nas.models.attention.parts.causal import CHUNK
from nas.system.devices import keep_freed_memory

SCALING_LENGTHS = (1024, 2048, 4096, 8192, 16384)
CAUSAL_LENGTHS = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192)
FULL_LENGTHS = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
COMPARED = 4096
SHORT_BATCH, SHORT_LENGTH = 16, 197
POSITIONS = (16, 4096)
CHUNKS = (16, 32, 48, 64, 96, 128, 192, 256)
FLOOR = "two products"
# kinds differ in whether angles learn: their gradient is a part of the time
BESIDE_FLOOR = {"linear": "1.15", "lrpe": "1.5", "lrpe(learn_theta=False)": "1.5", "cosformer": ""}

Curves = Mapping[tuple[str, int], Any]
"""Milliseconds of a kind at a length, by round."""


def scaling(bench: Bench) -> Iterator[str]:
    """Causal kinds at growing lengths: time, and what all tensors hold together at the worst moment."""
    lengths = [bench.tokens(length) for length in SCALING_LENGTHS]
    times, memory = [], []
    for kind in (*LINEAR_KINDS, "softmax"):
        steps = {length: training(bench, mixer(bench, kind, length, causal=True), length) for length in lengths}
        peaks = [peak_bytes(step) for step in steps.values()]
        target = "" if kind == "softmax" else "1.1"
        cells = (*(f"{peak / MIB:.2f}" for peak in peaks), f"{exponent(lengths, peaks):.3f}")
        memory.append([f"`{kind}`", *cells, target])
        if kind == "softmax":
            continue
        samples = bench.in_turn(steps, rounds=21)
        slopes = exponent(lengths, np.array([samples[length] for length in lengths]))
        times.append([f"`{kind}`", *(quartiles(each, 1) for each in samples.values()), quartiles(slopes, 3), target])
    columns = ("causal kind", *(f"{length:,} tokens" for length in lengths), "exponent", "at most")
    caption = "Milliseconds of forward and backward, and the power of the length that they grow with."
    yield from section(caption, columns, times, words=("causal kind",))
    caption = "The most that all tensors hold together during forward and backward, inputs included, MiB."
    yield from section(caption, columns, memory, words=("causal kind",))


def peak_bytes(work: Training) -> int:
    storages = LiveStorages()
    for x in (*work.x_BNHK, work.grad_BND):
        storages.follow(x)
    with storages:
        work()
    return storages.peak_bytes


def curves(bench: Bench, causal: bool, forward_alone: bool) -> Curves:
    """Times of softmax and the linear kinds at growing lengths."""
    measured = inference if forward_alone else training
    sides = {}
    for length in dict.fromkeys(bench.tokens(length) for length in (CAUSAL_LENGTHS if causal else FULL_LENGTHS)):
        sides["softmax", length] = measured(bench, softmax(causal), length)
        for kind in LINEAR_KINDS:
            sides[kind, length] = measured(bench, mixer(bench, kind, length, causal), length)
    return bench.in_turn(sides, rounds=11 if forward_alone else 15)


def beside_softmax(bench: Bench, causal: Curves) -> Iterator[str]:
    """How many times faster than softmax at a length where kinds differ, and from which length on."""
    compared = bench.tokens(COMPARED)
    rows = []
    for kind in LINEAR_KINDS:
        times = causal["softmax", compared], causal[kind, compared]
        rows.append([f"`{kind}`", *(quartiles(x, 1) for x in times), quartiles(times[0] / times[1]), "7"])
    caption = f"Causal, forward and backward, {compared:,} tokens: beside PyTorch's softmax attention."
    columns = ("kind", "softmax, ms", "the kind, ms", "softmax / kind", "at least")
    yield from section(caption, columns, rows, words=("kind",))
    yield from crossovers(bench, causal)


def crossovers(bench: Bench, causal: Curves) -> list[str]:
    """From which length on a kind is faster than softmax."""
    cases = {
        "causal, forward and backward": causal,
        "causal, forward alone": curves(bench, causal=True, forward_alone=True),
        "not causal, forward and backward": curves(bench, causal=False, forward_alone=False),
        "not causal, forward alone": curves(bench, causal=False, forward_alone=True),
    }
    rows = [[name, *(crossover_cell(case, kind) for kind in LINEAR_KINDS)] for name, case in cases.items()]
    caption = "Tokens from which on a kind is faster than softmax, by the median of the ratios (by their quartiles)."
    return section(caption, ("", *(f"`{kind}`" for kind in LINEAR_KINDS)), rows, words=("",))


def crossover_cell(times: Curves, kind: str) -> str:
    lengths = sorted({length for _, length in times})
    names = {0.0: f"below {lengths[0]:,}", math.inf: f"above {lengths[-1]:,}"}
    found = (break_even(times, kind, percentile) for percentile in (50, 25, 75))
    return "{} ({} to {})".format(*(names.get(tokens) or f"{math.ceil(tokens):,}" for tokens in found))


def break_even(times: Curves, kind: str, percentile: int = 50) -> float:
    """Tokens from which on a kind is faster than softmax, by so many per cent of the ratios at each length."""
    lengths = sorted({length for _, length in times})
    ratios = [np.percentile(times[kind, length] / times["softmax", length], percentile) for length in lengths]
    return crossover(lengths, ratios)


def beside_floor(bench: Bench) -> Iterator[str]:
    """Non-causal kinds beside two bare products and beside the formula as it is usually typed in."""
    rows = []
    for batch, length in ((1, bench.tokens(COMPARED)), (SHORT_BATCH, bench.tokens(SHORT_LENGTH))):
        mixes = {FLOOR: two_products, "textbook": textbook}
        mixes |= {kind: mixer(bench, kind, length, causal=False) for kind in BESIDE_FLOOR}
        samples = bench.in_turn({name: training(bench, mix, length, batch) for name, mix in mixes.items()}, rounds=41)
        floor, typed = samples.pop(FLOOR), samples["textbook"]
        for name, times in samples.items():
            cells = (quartiles(floor), quartiles(times), quartiles(times / floor), BESIDE_FLOOR.get(name, ""))
            rows.append([f"{length:,}", f"{batch}", f"`{name}`", *cells, quartiles(times / typed)])
    ratios = ("kind / products", "at most", "kind / textbook")
    columns = ("tokens", "batch", "kind", "products, ms", "the kind, ms", *ratios)
    caption = (
        "Not causal, forward and backward, beside two bare products of queries, keys and values as given: keys with "
        "values, then queries with that. `textbook` is elu + 1 of both, these two products, that of queries and the "
        "sum of keys, and a division, all typed in as einsums."
    )
    yield from section(caption, columns, rows, words=("kind",))


def decoding(bench: Bench) -> Iterator[str]:
    """A token at a time, early and late."""
    early, late = positions = tuple(bench.tokens(position) for position in POSITIONS)
    rows = []
    for kind in (*LINEAR_KINDS, "softmax"):
        steps, sizes = {}, []
        for position in positions:
            steps[position], size = decoded(bench, kind, position, longest=2 * late)
            sizes.append(f"{size:,}")
        samples = bench.in_turn(steps, rounds=21)
        ratio = quartiles(samples[late] / samples[early])
        cells = (*(quartiles(1e3 * samples[position], 0) for position in positions), ratio)
        rows.append([f"`{kind}`", *cells, "" if kind == "softmax" else "1.2", *sizes])
    columns = ("kind", f"after {early} tokens, us", f"after {late:,}, us", "late / early", "at most")
    columns = (*columns, f"bytes after {early}", f"bytes after {late:,}")
    yield from section("Decoding: one step, and bytes of the state before it.", columns, rows, words=("kind",))


def chunk_sizes(bench: Bench) -> Iterator[str]:
    """The causal product alone, in chunks of growing size."""
    length = bench.tokens(COMPARED)
    rows = []
    for width in (HEAD_DIM, 2 * HEAD_DIM):
        sides = {chunk: chunked(bench, width, chunk, length) for chunk in CHUNKS}
        samples = bench.in_turn(sides, rounds=15)
        rows.append([f"{width} features, ms", *(quartiles(samples[chunk], 1) for chunk in CHUNKS)])
        ratios = (quartiles(samples[chunk] / samples[CHUNK]) for chunk in CHUNKS)
        rows.append([f"{width} features, beside {CHUNK}", *ratios])
    caption = f"The causal product alone, forward and backward, {length:,} tokens, by most tokens of a chunk."
    yield from section(caption, ("", *map(str, CHUNKS)), rows, words=("",))


def panels(bench: Bench, causal: Curves) -> tuple[Panel, Panel]:
    """Times of the causal kinds, and multiply-adds of mixing in full."""
    kinds = ("softmax", *LINEAR_KINDS)
    timed = sorted({length for _, length in causal})
    times = {kind: [1e3 * np.median(causal[kind, length]) / length for length in timed] for kind in kinds}
    ratios = {kind: break_even(causal, kind) for kind in LINEAR_KINDS}
    lengths = [length for length in timed if length & (length - 1) == 0]
    flops = {
        kind: [counted(attention_kind(kind), length, Site((length,))) / length / 1e3 for length in lengths]
        for kind in kinds
    }
    fewer = {kind: crossover(lengths, np.divide(flops[kind], flops["softmax"])) for kind in LINEAR_KINDS}
    return (
        Panel("Time, causal, forward and backward", "microseconds a token", timed, times, ratios),
        Panel("Multiply-adds of mixing, not causal", "thousands a token", lengths, flops, fewer),
    )


def benches(quick: bool) -> Iterator[Bench]:
    yield Bench(torch.device("cpu"), quick=quick)
    if torch.cuda.is_available():
        for dtype in (torch.float32, torch.bfloat16):
            yield Bench(torch.device("cuda"), dtype, quick)


def lines(quick: bool, figure_file: Path | None) -> Iterator[str]:
    """All measurements in Markdown; the figure shows those of the CPU."""
    kept = (
        "stays with the process, for all sides alike (mallopt)" if keep_freed_memory() else "is the C library's affair"
    )
    yield from heading("What attention kinds cost")
    yield from ("", f"{HEADS} heads of width {HEAD_DIM}, batch 1 unless said otherwise; medians (quartiles) of rounds.")
    yield f"CPU time of the process, or a GPU's own time; freed memory {kept}."
    if quick:
        yield from ("", "**Made with --quick: short sequences, few rounds, no figure worth reading.**")
    for bench in benches(quick):
        yield from ("", f"## {bench.name}")
        causal = curves(bench, causal=True, forward_alone=False)
        yield from scaling(bench)
        yield from beside_softmax(bench, causal)
        yield from beside_floor(bench)
        yield from decoding(bench)
        yield from chunk_sizes(bench)
        if bench.device.type == "cpu" and figure_file is not None:
            figure_file.write_text(figure(panels(bench, causal)))
    yield from ("", "## FLOPs", *flops_section(quick))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--figure", type=Path, help="draw time and FLOPs against length in this SVG file")
    options.add_argument("--quick", action="store_true", help="few repeats, short sequences: does everything run?")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    publish(list(lines(chosen.quick, chosen.figure)), chosen.out)


if __name__ == "__main__":
    main()
