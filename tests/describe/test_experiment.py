import re
from dataclasses import replace
from pathlib import Path

import pytest

from nas.describe.experiment import describe_experiment
from nas.evaluators.flops import Flops
from nas.experiment.loading import load
from nas.tasks.base import DataError
from nas.tasks.cifar10 import Cifar10


def test_a_description_says_size_costs_limits_plan_and_data(tiny: Path) -> None:
    printed = list(describe_experiment(load("tiny.py").experiment, "tiny", 2))
    lines = dict(line.split(maxsplit=1) for line in printed)
    assert lines["experiment"] == "tiny"
    assert lines["task"].startswith("digits; costs at 4 tokens (8 x 8 pixels in patches of 4)")
    # two widths; in each layer two kinds, two numbers of heads and two FFNs; one to three layers
    assert lines["space"] == f"{2 * (8 + 8**2 + 8**3):,} networks"
    flops = next(line for line in printed if line.startswith("cost        flops"))
    assert flops.endswith("multiply-adds; limit <= 12,000, which binds")
    assert 0 < float(lines["inside"].split("%")[0]) < 100
    assert lines["supernet"] == "40 steps of 16, single_path"
    assert lines["search"] == "10 evaluations by Evolution, then 10 finalists on fresh data"
    assert lines["beside"] == "2 networks of each of 2 kinds, 1 random search of equal budget"
    assert lines["retrain"] == "10 steps of 16 for 1 of the front, 1 seeds, arms scratch and inherited"
    assert lines["data"] == "digits of scikit-learn: 897 train, 350 search, 200 select and 350 test images"
    assert re.fullmatch(r"about \d+ s with 2 workers: supernet \d+ s, search \d+ s, retrain \d+ s", lines["time"])


def test_limits_that_do_not_bind_or_cannot_be_met_are_said(tiny: Path) -> None:
    experiment = load("tiny.py").experiment
    wide = "\n".join(describe_experiment(replace(experiment, limits={"flops": 1e9}), "tiny", 2))
    assert "limit <= 1,000,000,000, which does not bind: no network is outside" in wide
    least = f"{Flops()(experiment.task, experiment.space.smallest()):,.0f}"
    with pytest.raises(ValueError, match=f"limit flops <= 10 cannot be met: the smallest architecture needs {least}"):
        list(describe_experiment(replace(experiment, limits={"flops": 10}), "tiny", 2))


def test_missing_data_is_said_after_all_else(tiny: Path) -> None:
    experiment = replace(load("tiny.py").experiment, task=Cifar10(patch_size=8, root=Path("none")), limits={})
    lines = []
    with pytest.raises(DataError, match="no folder none; --data needs"):
        lines.extend(describe_experiment(experiment, "tiny", 2))
    assert [line.split()[0] for line in lines] == [
        "experiment", "task", "smallest", "largest", "space", "cost", "cost", "supernet", "search", "beside", "retrain",
        "device",
    ]  # fmt: skip
