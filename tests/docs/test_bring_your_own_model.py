"""The guide's files and commands, as they stand in it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nas.experiment.loading import load
from nas.runs.run import Run
from nas.supernet import Supernet

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "bring-your-own-model.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def code_lines(text: str) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's files; blocks of one file are joined."""
    folder = tmp_path_factory.mktemp("guide")
    for block in blocks("python"):
        name = block.splitlines()[0].removeprefix("# ")
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(block)
    return folder


def test_a_model_becomes_a_supernet_in_the_lines_that_are_promised() -> None:
    promised = re.search(r"Those (\d+) lines", GUIDE)
    assert promised is not None
    assert code_lines(blocks("python")[0]) == int(promised[1]) < 30


def test_every_network_of_the_space_equals_its_path_through_the_supernet(folder: Path) -> None:
    experiment = load(f"{folder / 'my_experiment.py'}").experiment
    promised = re.search(r"of all (\d+) networks", GUIDE)
    assert promised is not None
    assert experiment.space.size() == int(promised[1])
    supernet = Supernet(experiment.task.build, experiment.space).eval()
    (inputs,) = next(experiment.task.batches("search", 4)).inputs
    with torch.no_grad():
        for architecture in experiment.space.enumerate():
            outputs = supernet(inputs, architecture=architecture)
            assert torch.equal(supernet.subnet(architecture)(inputs), outputs)


def test_costs_are_those_of_the_convolutions(folder: Path) -> None:
    # 8 x 8 pixels, stride 2: 16 places; 3 x 3 kernels; the head is linear
    experiment = load(f"{folder / 'my_experiment.py'}").experiment
    architecture = experiment.space.sample(np.random.default_rng(0))
    channels = architecture.channels
    blocks_flops = sum(2 * 16 * 9 * channels * hidden for hidden in architecture.hidden)
    flops = experiment.costs[0](experiment.task, architecture)
    assert flops == 16 * 9 * channels + blocks_flops + 10 * channels


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_guides_commands_run_in_their_order(folder: Path) -> None:
    printed = ""
    for command in "".join(blocks("sh")).splitlines():
        program, *arguments = shlex.split(command)
        assert program in ("nas", "python")
        whole = [sys.executable, *(["-m", "nas"] if program == "nas" else []), *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        printed += done.stdout
    run = Run(folder / "results" / "my_experiment")
    assert len(run.trials()) == run.experiment.evaluations
    assert (run.report_folder / "index.html").is_file()
    assert "exports  none: the networks of task conv_digits come from a builder of its own" in printed
    assert printed.splitlines()[-1].startswith("ConvNet(channels=")


def test_files_that_the_guide_links_to_exist() -> None:
    assert [link for link in re.findall(r"\]\(([^)#]+)\)", GUIDE) if not (ROOT / "docs" / link).exists()] == []
