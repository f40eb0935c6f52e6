"""The benchmark of searches runs, and its tables are what their sources say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    """Benchmarks are scripts, which find their parts beside themselves."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.mark.slow
def test_quick_writes_a_table_for_each_searcher(tmp_path):
    out = tmp_path / "search.md"
    command = [sys.executable, "benchmarks/search.py", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert [name for name in ("guided", "random", "Optuna NSGA-II") if f"| {name} | 2 |" in out.read_text()] == [
        "guided", "random", "Optuna NSGA-II",
    ]  # fmt: skip


def test_flops_of_cells_are_those_of_the_paper():
    from parts.table_spaces import Cell, cell_flops

    # NAS-Bench-201's all-3x3 network, and its best on CIFAR-10: 220.12 and 153.27 million
    assert cell_flops(Cell(("nor_conv_3x3",) * 6)) == pytest.approx(220.12e6, rel=1e-4)
    best = ("nor_conv_3x3", "nor_conv_3x3", "nor_conv_3x3", "skip_connect", "nor_conv_3x3", "nor_conv_1x1")
    assert cell_flops(Cell(best)) == pytest.approx(153.27e6, rel=1e-4)


@pytest.mark.parametrize(("name", "size"), [("macro", 3**8), ("nats", 5**6)])
def test_tables_hold_every_network_of_their_space(name, size):
    from parts.search_problems import problem

    searched = problem(name, "all")
    qualities = [searched.quality(each) for each in searched.space.enumerate()]
    assert len(qualities) == size
    assert 0 < min(qualities) < max(qualities) < 1
    assert searched.corner == (max(searched.space.cost(each)["flops"] for each in searched.space.enumerate()),
                               min(qualities))  # fmt: skip


def test_evaluations_to_a_target_are_counted_from_one():
    import search

    assert search.evaluations_to(np.array([0.1, 0.2, 0.2, 0.5]), 0.2) == 2
    assert search.evaluations_to(np.array([0.1, 0.2]), 0.3) == np.inf
