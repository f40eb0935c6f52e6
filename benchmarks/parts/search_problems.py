"""The problems of benchmarks/search.py: spaces whose networks' quality is known without training any.

All are made of tables of trained networks; benchmarks/tables/README.md names where each comes from. Two tables hold
every network of their space. That of this project's own networks holds a random thousand of five million: there a model
of the table stands for the rest (trained_table.py).
"""

import csv
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from nas.search_space import Space
from nas.search_space.feasible.space import FeasibleSpace
from nas.search_space.limits import Window
from nas.strategies.pareto import hypervolume
from parts.table_spaces import BLOCKS, OPERATIONS, Cell, CellSpace, Chain, MacroSpace, cell_flops
from parts.trained_table import TrainedTable, read

TABLES = Path(__file__).parents[1] / "tables"
MOST_KNOWN = 20_000
"""Networks of a space that are all looked at to know its front."""
LIMITS: dict[str, dict[str, Window]] = {
    "cifar10-small": {"all": Window(at_most=1_200_608), "14 %": Window(at_most=312_560), "0.01 %": Window(1_140_000)},
    "cifar10-rugged": {"all": Window(at_most=1_200_608)},
    "macro": {"all": Window(at_most=105_660_928), "14 %": Window(at_most=39_918_080)},
    "nats": {"all": Window(at_most=220_119_640)},
}
"""FLOPs by the share of random draws that are inside; for all, up to those of the dearest network."""


@dataclass(frozen=True)
class Problem:
    """What is searched, and the corner from which hypervolume is measured."""

    space: FeasibleSpace
    quality: Callable[[Any], float]
    corner: tuple[float, float]
    """The dearest network's FLOPs, or the limit; the worst quality in the table."""
    best: float | None
    """Hypervolume of all networks inside; None where there are too many to know."""


@dataclass(frozen=True)
class Known:
    """A space whose every network has costs and a quality."""

    space: Space
    costs: Callable[[Any], dict[str, float]]
    quality: Callable[[Any], float]
    least_quality: float


def cifar10_small() -> Known:
    table = trained_table()
    return Known(table.space, table.costs, table.quality, table.least_quality)


def cifar10_rugged() -> Known:
    table = trained_table()
    return Known(table.space, table.costs, table.rugged_quality, table.least_quality)


def macro() -> Known:
    rows = {Chain(tuple(BLOCKS[int(digit)] for digit in row["blocks"])): row for row in _rows("nas_bench_macro")}
    costs = {each: {name: float(row[name]) for name in ("flops", "parameters")} for each, row in rows.items()}
    return _known(MacroSpace(), costs, {each: float(row["accuracy"]) / 100 for each, row in rows.items()})


def nats() -> Known:
    rows = {Cell(tuple(OPERATIONS[int(digit)] for digit in row["edges"])): row for row in _rows("nats_topology")}
    costs = {each: {"flops": cell_flops(each)} for each in rows}
    return _known(CellSpace(), costs, {each: float(row["cifar100"]) / 100 for each, row in rows.items()})


TITLES = {
    "cifar10-small": "Vision Transformers on CIFAR-10, expected accuracy",
    "cifar10-rugged": "the same, each network with its own rest",
    "macro": "NAS-Bench-Macro, CIFAR-10",
    "nats": "NATS-Bench topologies, CIFAR-100",
}
_MAKERS = {"cifar10-small": cifar10_small, "cifar10-rugged": cifar10_rugged, "macro": macro, "nats": nats}


@cache
def problem(name: str, share: str) -> Problem:
    """The problem under the limit on FLOPs that a share of random draws meets, as in `LIMITS`."""
    known = _MAKERS[name]()
    window = LIMITS[name][share]
    space = FeasibleSpace(known.space, known.costs, {} if share == "all" else {"flops": window})
    corner = window.at_most or dearest(name), known.least_quality
    best = None
    if known.space.size() <= MOST_KNOWN:
        inside = (each for each in space.enumerate() if space.contains(each))
        best = hypervolume([(known.costs(each)["flops"], known.quality(each)) for each in inside], corner)
    return Problem(space, known.quality, corner, best)


@lru_cache(maxsize=1)
def trained_table() -> TrainedTable:
    return read(TABLES / "cifar10_small.csv")


def dearest(name: str) -> float:
    """FLOPs of the dearest network."""
    most = LIMITS[name]["all"].at_most
    assert most is not None
    return most


def _known(space: Space, costs: dict[Any, dict[str, float]], qualities: dict[Any, float]) -> Known:
    return Known(space, costs.__getitem__, qualities.__getitem__, min(qualities.values()))


def _rows(name: str) -> list[dict[str, str]]:
    with gzip.open(TABLES / f"{name}.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))
