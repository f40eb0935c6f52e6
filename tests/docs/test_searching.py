"""The guide's files and commands, as they stand in it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.experiment.costs import feasible_space
from nas.experiment.loading import load
from nas.runs.run import Run
from nas.strategies.named import STRATEGIES
from tests.docs.guides import blocks, commands, short, text_of

GUIDE = "searching.md"


@pytest.fixture
def _limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory, with the guide's file; its blocks are joined."""
    (tmp_path / "limits.py").write_text("\n".join(blocks(GUIDE, "python")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_guide_names_every_strategy() -> None:
    table = "\n".join(line for line in text_of(GUIDE).splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", table.replace("`cmaes` knows", ""))) == set(STRATEGIES)


@pytest.mark.slow
@pytest.mark.usefixtures("_limits")
def test_the_limits_of_the_guide_let_some_networks_in_and_keep_some_out() -> None:
    space = feasible_space(load("limits.py").experiment)
    assert space.check_limits() == {"flops": True, "flops@256": True, "parameters": True}


@pytest.mark.slow
@pytest.mark.usefixtures("_limits")
def test_the_guides_commands_run_in_their_order(command: Callable[..., str]) -> None:
    for words in [*commands(GUIDE), ["nas", "run", "limits.py:cheapest"]]:
        command(*short(words))
    again, limits = Run(Path("results/again")), Run(Path("results/limits"))
    assert len(again.imported()) == len(limits.trials()) == limits.experiment.evaluations
    assert (limits.folder / "comparison" / "comparison.svg").is_file()
    cheapest = Run(Path("results/limits-cheapest"))
    assert len(cheapest.trials()) == cheapest.experiment.evaluations
