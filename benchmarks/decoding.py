"""How fast translations are decoded: beside the usual loop, Hugging Face's generate and CTranslate2.

    python benchmarks/decoding.py [--out FILE] [--widths 128 512] [--seconds 60] [--quick]

Encoder and decoder of 6 layers, a vocabulary of 8,000, float32, random weights; a source has as many tokens as are
decoded, and every contender decodes exactly so many, whatever it finds. The usual loop and CTranslate2 have our
weights; Hugging Face runs MarianMT of the same size. Contenders take turns, forwards in one round and backwards in the
next, and a ratio is that of a round, shown as median and quartiles over the rounds. One thread, CPU time of the
process; freed memory stays with the process, for all sides alike (`nas.system.devices.keep_freed_memory`).

`transformers` and `ctranslate2` are no part of this project: what is not installed is left out.

About an hour with all points; with --quick a minute, for figures that mean nothing.
"""

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from parts.decoding_rivals import (
    VOCABULARY,
    WIDTHS,
    Contender,
    PlainLoop,
    ctranslate2,
    hugging_face,
    missing,
    network,
    ours,
)
from parts.report import heading, parser, publish, section
from parts.timing import quartiles

from nas.models.seq2seq import END
from nas.system.devices import keep_freed_memory

LENGTHS, BATCHES, BEAMS = (30, 300), (1, 32), (1, 5)
ROUNDS = (3, 15)
"""Fewest and most rounds; of what takes longer than the seconds given for a point there is one."""
RIVALS = {"Hugging Face": ("transformers", hugging_face), "CTranslate2": ("ctranslate2", ctranslate2)}
KINDS = {"softmax": "softmax", "linear": "linear", "lrpe": "linear", "cosformer": "cosformer"}
"""Attention kinds of a decoder to the tokens before, and to the source."""


class Point(NamedTuple):
    """What is decoded."""

    width: int
    batch: int
    length: int
    beam: int

    @property
    def source_BS(self) -> torch.Tensor:
        return sources(self.batch, self.length)


def sources(batch: int, length: int) -> torch.Tensor:
    return torch.randint(END + 1, VOCABULARY, (batch, length))


def contenders(width: int) -> dict[str, Contender]:
    model = network(width)
    rivals = {name: made(model) for name, (package, made) in RIVALS.items() if not missing(package)}
    return {"ours": ours(model), "usual loop": PlainLoop(model), **rivals}


def in_turn(sides: Mapping[str, Contender], point: Point, seconds: float) -> dict[str, Any]:
    """Seconds of each side in each round."""
    source_BS = point.source_BS
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side(source_BS[:, :4], 4, point.beam)
    rounds, number = 1, 0
    while number < rounds:
        for name in list(sides) if number % 2 else reversed(list(sides)):
            samples[name].append(cpu_seconds(sides[name], source_BS, point))
        if number == 0:
            taken = sum(times[0] for times in samples.values())
            rounds = 1 if taken > seconds else max(ROUNDS[0], min(ROUNDS[1], math.ceil(seconds / taken)))
        number += 1
    return {name: np.array(times) for name, times in samples.items()}


def cpu_seconds(side: Contender, source_BS: torch.Tensor, point: Point) -> float:
    start = time.process_time()
    found = side(source_BS, point.length, point.beam)
    taken = time.process_time() - start
    # the end is not given back by all sides
    assert all(len(tokens) in (point.length, point.length - 1) for tokens in found)
    return taken


def comparison(widths: Sequence[int], lengths: Sequence[int], seconds: float) -> Iterator[str]:
    """Tokens a second of all sides, and ratios of their times."""
    speeds, ratios = [], []
    for width in widths:
        sides = contenders(width)
        for length, batch, beam in product(lengths, BATCHES, BEAMS):
            point = Point(width, batch, length, beam)
            times = in_turn(sides, point, seconds)
            said = ", ".join(f"{name} {np.median(taken):.2f} s" for name, taken in times.items())
            print(f"{point}: {said}", file=sys.stderr, flush=True)
            cells = [str(value) for value in point] + [str(len(times["ours"]))]
            speeds.append(cells + [f"{batch * length / np.median(taken):,.0f}" for taken in times.values()])
            ratios.append(cells + ratio_cells(times))
    names = tuple(sides)
    first = ("width", "batch", "tokens", "beam", "rounds")
    yield from section(
        "Tokens of translations a second, sentences times tokens, by the median.", (*first, *names), speeds, ()
    )
    caption = (
        "Time of each over ours; the share is how much of the usual loop's distance to CTranslate2 is left to ours, in "
        "seconds."
    )
    columns = (*first, *(f"{name} / ours" for name in names[1:]), *(["share"] if "CTranslate2" in names else []))
    yield from section(caption, columns, ratios, ())


def ratio_cells(times: Mapping[str, Any]) -> list[str]:
    cells = [quartiles(taken / times["ours"]) for name, taken in times.items() if name != "ours"]
    if "CTranslate2" in times:
        best = times["CTranslate2"]
        cells.append(quartiles((times["ours"] - best) / (times["usual loop"] - best)))
    return cells


def kinds(width: int, lengths: Sequence[int], seconds: float) -> Iterator[str]:
    """Time of a token by attention kind, at both lengths."""
    rows = []
    short, long = lengths
    for kind, across in KINDS.items():
        model = network(width, kind, across)
        # of sources of one length, so that what is decoded alone differs
        sides = {str(length): of_length(ours(model), length) for length in lengths}
        times = in_turn(sides, Point(width, 1, short, 1), seconds / len(KINDS))
        each = {length: 1e3 * times[str(length)] / length for length in lengths}
        target = "" if kind == "softmax" else "1.1"
        cells = (*(quartiles(each[length]) for length in lengths), quartiles(each[long] / each[short]), target)
        rows.append([f"`{kind}`", f"`{across}`", *cells])
    columns = ("tokens before", "source", *(f"{length} tokens, ms" for length in lengths), "long / short", "at most")
    caption = f"Milliseconds a token by attention kind, width {width}, batch 1, greedy, a source of {short} tokens."
    yield from section(caption, columns, rows, ("tokens before", "source"))


def of_length(side: Contender, length: int) -> Contender:
    """The contender, decoding so many tokens whatever it is asked for."""
    return lambda source_BS, tokens, beam: [found[:tokens] for found in side(source_BS, length, beam)]


def lines(widths: Sequence[int], seconds: float, quick: bool) -> Iterator[str]:
    lengths = (3, 6) if quick else LENGTHS
    keep_freed_memory()
    yield from heading("How fast translations are decoded", "float32", "CPU time")
    absent = [name for name, (package, _) in RIVALS.items() if missing(package)]
    if absent:
        yield from ("", f"Not installed, and left out: {', '.join(absent)}.")
    if quick:
        yield from ("", "**Made with --quick: short sentences, few rounds, no figure worth reading.**")
    yield from comparison(widths, lengths, seconds)
    yield from kinds(widths[0], lengths, seconds)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--widths", type=int, nargs="+", choices=tuple(WIDTHS), default=list(WIDTHS))
    options.add_argument("--seconds", type=float, default=60.0, help="CPU time for a point, if three rounds fit in it")
    options.add_argument("--quick", action="store_true", help="short sentences, few rounds: does everything run?")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    publish(list(lines(chosen.widths, 0.0 if chosen.quick else chosen.seconds, chosen.quick)), chosen.out)


if __name__ == "__main__":
    main()
