"""The guide's files and commands, as they stand in it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nas.experiment.loading import load
from nas.models.layout import Layout, layouts_of
from nas.runs.run import Run
from nas.supernet import Supernet
from tests.docs.guides import blocks, commands, short, text_of

GUIDE = "bring-your-own-model.md"


def code_lines(text: str) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's files; blocks of one file are joined."""
    folder = tmp_path_factory.mktemp("guide")
    for block in blocks(GUIDE, "python"):
        if not block.startswith("# "):
            continue
        name = block.splitlines()[0].removeprefix("# ")
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(block)
    return folder


def test_a_model_becomes_a_supernet_in_the_lines_that_are_promised() -> None:
    promised = re.search(r"Those (\d+) lines", text_of(GUIDE))
    assert promised is not None
    assert code_lines(blocks(GUIDE, "python")[0]) == int(promised[1]) < 30


def test_the_declared_layers_are_cut_as_the_table_says() -> None:
    (block,) = (block for block in blocks(GUIDE, "python") if "slicing" in block)
    names: dict[str, Any] = {}
    exec(block, names)
    assert dict(layouts_of(names["qkv"], "weight")) == {0: Layout("grouped", 3)}
    assert dict(layouts_of(names["conv"], "weight")) == {2: Layout("centred"), 3: Layout("centred")}


def test_every_network_of_the_space_equals_its_path_through_the_supernet(written: Path) -> None:
    experiment = load(f"{written / 'my_experiment.py'}").experiment
    promised = re.search(r"of all (\d+) networks", text_of(GUIDE))
    assert promised is not None
    assert experiment.space.size() == int(promised[1])
    supernet = Supernet(experiment.task.build, experiment.space).eval()
    (inputs,) = next(experiment.task.batches("search", 4)).inputs
    with torch.no_grad():
        for architecture in experiment.space.enumerate():
            outputs = supernet(inputs, architecture=architecture)
            assert torch.equal(supernet.subnet(architecture)(inputs), outputs)


def test_costs_are_those_of_the_convolutions(written: Path) -> None:
    # 8 x 8 pixels, stride 2: 16 places; 3 x 3 kernels; the head is linear
    experiment = load(f"{written / 'my_experiment.py'}").experiment
    architecture = experiment.space.sample(np.random.default_rng(0))
    channels = architecture.channels
    blocks_flops = sum(2 * 16 * 9 * channels * hidden for hidden in architecture.hidden)
    flops = experiment.costs[0](experiment.task, architecture)
    assert flops == 16 * 9 * channels + blocks_flops + 10 * channels


@pytest.mark.slow
def test_the_guides_commands_run_in_their_order(
    written: Path, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written)
    printed = ""
    for words in commands(GUIDE):
        if words[0] == "python":
            printed += subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True).stdout
        else:
            printed += command(*short(words))
    run = Run(Path("results/my_experiment"))
    assert len(run.trials()) == run.experiment.evaluations
    assert (run.report_folder / "index.html").is_file()
    assert "exports  none: the networks of task conv_digits come from a builder of its own" in printed
    assert printed.splitlines()[-1].startswith("ConvNet(channels=")
