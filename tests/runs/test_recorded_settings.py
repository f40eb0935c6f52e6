"""A run is held to the settings that it was begun with, whatever the defaults are in today's code."""

import json
from pathlib import Path
from typing import Any

import pytest

from nas.experiment import Selection
from nas.experiment.loading import load
from nas.experiment.settings import describe, lost
from nas.parallel.map import Workers
from nas.runs.run import Run
from nas.search.loop import search
from nas.supernet.train import train

RESULTS = Path(__file__).parents[2] / "results"

STRATEGY = """
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mine(Evolution):
    population_size: int = 4
    parents: int = 2


experiment = replace(experiment, strategy=Mine())
"""


@pytest.fixture
def begun(tiny: Path) -> Run:
    """A run whose strategy takes its settings from the defaults of its class."""
    tiny.write_text(tiny.read_text() + STRATEGY)
    return Run.create(Path("out"), load("tiny.py"), "tiny.py", {"supernet.steps": "5"}, None, "nas run tiny.py")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_default_that_changes_in_the_code_changes_no_run(begun: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = describe(begun.experiment)
    edit(begun.experiment_file, "population_size: int = 4", "population_size: int = 3")
    # as if it had changed in the package
    monkeypatch.setattr(Selection.__init__, "__defaults__", (9, False, False, 3, 2, ("inherited",)))
    opened = Run(begun.folder)
    assert describe(opened.experiment) == describe(opened.recipe.experiment()) == expected
    assert vars(opened.experiment.strategy)["population_size"] == 4
    opened.check_settings()


def test_a_search_goes_on_as_it_was_begun_after_a_default_has_changed(begun: Run, tmp_path: Path) -> None:
    train(begun)
    search(begun, Workers(1))
    again = Run.create(Path("again"), load("tiny.py"), "tiny.py", {"supernet.steps": "5"}, None, "nas run tiny.py")
    edit(again.experiment_file, "population_size: int = 4", "population_size: int = 9")
    edit(again.experiment_file, "parents: int = 2", "parents: int = 5")
    # as an earlier version wrote it, which did not hold a run to the text of its experiment
    manifest = json.loads(again.manifest_file.read_text())
    del manifest["source"]
    again.manifest_file.write_text(json.dumps(manifest))
    again = Run(again.folder)
    train(again)
    search(again, Workers(1))
    assert [trial.architecture for trial in again.trials()] == [trial.architecture for trial in begun.trials()]


def recorded(run: Run, **changed: Any) -> Run:
    """The run as if its manifest had recorded other settings."""
    manifest = json.loads(run.manifest_file.read_text())
    manifest["settings"] |= changed
    run.manifest_file.write_text(json.dumps(manifest))
    return Run(run.folder)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"vanished": 7}, "vanished: 7 recorded, None today"),
        ({"strategy": {"type": "Forgotten", "speed": 2}}, "strategy: Forgotten recorded, Mine today"),
        ({"evaluations": -5}, "evaluations: -5 recorded, 10 today"),
    ],
)
def test_settings_without_a_place_in_the_code_are_read_and_not_gone_on_with(
    begun: Run, changed: dict[str, Any], said: str
) -> None:
    run = recorded(begun, **changed)
    assert run.trials() == []
    assert run.experiment.space.size() > 0
    with pytest.raises(
        ValueError, match=rf"out began with settings .* cannot use \({said}\); go on with the version that"
    ):
        train(run)
    assert not run.supernet_log.exists()


def test_an_override_that_names_no_setting_any_more_is_read_and_not_gone_on_with(begun: Run) -> None:
    manifest = json.loads(begun.manifest_file.read_text())
    manifest["overrides"]["supernet.vanished"] = "3"
    manifest["settings"]["supernet"]["vanished"] = 3
    begun.manifest_file.write_text(json.dumps(manifest))
    run = Run(begun.folder)
    assert run.experiment.supernet.steps == 5
    with pytest.raises(ValueError, match=r"supernet.vanished: 3 recorded, None today"):
        train(run)


def test_a_space_that_is_no_dataclass_is_gone_on_with(tiny: Path) -> None:
    tiny.write_text(
        tiny.read_text()
        + """
from dataclasses import replace
from nas.search_space import Space


class Plain(Space):
    def __init__(self, inner):
        self.inner = inner
        self.architecture_type = inner.architecture_type

    def build(self, choose):
        return self.inner.build(choose)

    def lookup(self, architecture, name):
        return self.inner.lookup(architecture, name)


experiment = replace(experiment, space=Plain(experiment.space))
"""
    )
    for _ in range(2):
        run = Run.create(Path("out"), load("tiny.py"), "tiny.py", {}, None, "nas run tiny.py")
        run.check_settings()


@pytest.mark.parametrize("name", sorted(path.parent.name for path in RESULTS.glob("*/run.json")))
def test_every_committed_run_opens_with_todays_code(name: str) -> None:
    run = Run(RESULTS / name)
    trials, anchors, scores = run.trials(), run.anchors(), run.scores()
    assert len(trials) == run.experiment.evaluations
    assert anchors
    assert run.retrained()
    assert {trial.architecture for trial in (*trials, *anchors)} <= {architecture for architecture, _ in scores}
    assert all(run.space.contains(trial.architecture) for trial in trials)
    # cifar10-cpu was begun when `strategy` was Evolution by default, and its file does not name one
    expected = ["strategy: Evolution recorded, Guided today"] if name == "cifar10-cpu" else []
    assert lost(run.experiment, run.manifest["settings"]) == expected
