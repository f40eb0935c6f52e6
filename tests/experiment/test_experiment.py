from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas.evaluators.flops import Flops
from nas.evaluators.latency import Latency
from nas.experiment import Experiment, Selection
from nas.experiment.costs import feasible_space
from nas.experiment.loading import Recipe, load
from nas.experiment.settings import describe
from nas.search_space.limits import Window


def test_a_file_holds_an_experiment_and_its_variants(tiny: Path) -> None:
    tiny.write_text(
        tiny.read_text() + "\nimport dataclasses\n\nlong = dataclasses.replace(experiment, evaluations=99)\n"
    )
    loaded, variant = load("tiny.py"), load("tiny.py:long")
    assert (loaded.name, loaded.variable, loaded.experiment.evaluations) == ("tiny", "experiment", 10)
    assert (variant.name, variant.variable, variant.experiment.evaluations) == ("tiny-long", "long", 99)
    assert loaded.description == "A search of seconds on real digits."
    assert loaded.source == tiny.read_text()


@pytest.mark.parametrize("spec", ["none.py", "folder", "tiny.txt", "", ":long"])
def test_a_file_that_is_not_there_is_said(tiny: Path, spec: str) -> None:
    Path("folder").mkdir()
    Path("tiny.txt").touch()
    with pytest.raises(ValueError, match=r"no experiment '.*'; name a Python file, or a shipped experiment: cifar10"):
        load(spec)


def test_an_unknown_variant_is_said_with_those_that_there_are(tiny: Path) -> None:
    tiny.write_text(tiny.read_text() + "\nlong = short = experiment\n")
    with pytest.raises(ValueError, match=r"no experiment 'gpu' in tiny.py; there are: experiment, long, short"):
        load("tiny.py:gpu")
    with pytest.raises(ValueError, match=r"no experiment 'Digits' in tiny.py; there are: "):
        load("tiny.py:Digits")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("experiment = Experiment(", r"line 1: '\(' was never closed"),
        ("import nothing_like_it", "line 1: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("\n\nsteps = unknown", "line 3: NameError: name 'unknown' is not defined"),
        ("from nas.training.settings import Training\nTraining(stpes=5)", "line 2: TypeError: .*'stpes'"),
        ("from nas.tasks.digits import Digits\nDigits(patch_size=3)", "line 2: patch_size 3 does not divide 8"),
        ("", "no experiment 'experiment' in tiny.py; there are: none"),
    ],
)
def test_a_mistake_in_the_file_is_said_with_its_line(tiny: Path, line: str, said: str) -> None:
    tiny.write_text(line)
    with pytest.raises(ValueError, match=said):
        load("tiny.py")


def test_equal_experiments_have_equal_descriptions(tiny: Path) -> None:
    first, second = load("tiny.py").experiment, load("tiny.py").experiment
    assert describe(first) == describe(second)
    assert describe(first)["space"]["encoder"]["attention"] == ["softmax", "linear"]
    assert describe(first)["task"]["type"] == "Digits"


def test_the_space_of_an_experiment_is_inside_its_limits(tiny: Path) -> None:
    experiment = load("tiny.py").experiment
    space = feasible_space(experiment)
    assert space.limits == {"flops": Window(at_most=12_000)}
    smallest = experiment.space.smallest()
    assert space.cost(smallest) == {cost.name: cost(experiment.task, smallest) for cost in experiment.costs}


def test_measured_costs_are_asked_once_and_remembered(tiny: Path) -> None:
    asked = []

    def remember(name: str, architecture: Any, measure: Any) -> float:
        asked.append(name)
        return 7.0

    experiment = replace(load("tiny.py").experiment, costs=(Flops(), Latency()), limits={"latency": 8.0})
    space = feasible_space(experiment, remember)
    smallest = experiment.space.smallest()
    assert space.cost(smallest) == space.cost(smallest) == {"flops": Flops()(experiment.task, smallest), "latency": 7.0}
    assert asked == ["latency"]


def test_a_recipe_makes_the_same_experiment_anywhere(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = replace(load("tiny.py").experiment, seed=3, limits={"flops": 9e3})
    recipe = Recipe(Path("tiny.py").read_text(), "experiment", {"seed": "3", "limits.flops": "9e3"}, None)
    monkeypatch.chdir("/")
    assert recipe.experiment() == expected


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"evaluations": 0}, "evaluations needs a whole number from 1 to 10,000,000; found 0"),
        ({"generation": 0}, "generation needs a whole number from 1 to 100,000; found 0"),
        ({"seed": -1}, "seed needs a whole number from 0 to 4,294,967,295; found -1"),
        ({"limits": {"flops": "2e6..1e6"}}, "limit on flops: the ends of the window cross"),
        ({"limits": {"flops": "much"}}, "limit on flops: 'much' is no window"),
        ({"limits": {"latency": 3}}, "limit on 'latency', which is not among the costs: flops, parameters"),
        ({"strategy": "evolve"}, "no strategy 'evolve'; there are: guided"),
        ({"strategy": "evolution(minimize=(latency,))"}, "the strategy minimizes"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tiny: Path, changed: dict[str, Any], said: str) -> None:
    known = vars(load("tiny.py").experiment)
    with pytest.raises(ValueError, match=said):
        Experiment(**{**known, **changed})


def test_selections_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="top needs a whole number from 1 to 10,000; found 0"):
        Selection(top=0)
    with pytest.raises(ValueError, match=r"arms = \(\); name each once: scratch, inherited, or both"):
        Selection(arms=())
