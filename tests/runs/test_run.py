import json
from pathlib import Path

import numpy as np
import pytest

from nas.experiment.costs import feasible_space
from nas.experiment.loading import load
from nas.runs.manifest import fingerprint
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.strategies.base import Trial
from nas.system.files import read_lines
from nas.system.invocation import given


def create(folder: Path, **overrides: str) -> Run:
    return Run.create(folder, load("tiny.py"), "tiny.py", overrides, None, "nas run tiny.py")


def some_trial(run: Run, number: int) -> Trial:
    space = feasible_space(run.experiment)
    architecture = space.sample(np.random.default_rng(number))
    return Trial(number, architecture, space.cost(architecture), 0.1 + 0.2, 0.0, 1.5)


def test_a_run_opened_again_is_the_same_experiment(tiny: Path) -> None:
    made = create(Path("out"), seed="3", evaluations="7")
    # the run keeps the experiment as it was, whatever becomes of the file
    source = tiny.read_text()
    tiny.write_text("nonsense(")
    opened = Run(Path("out"))
    assert (opened.experiment.seed, opened.experiment.evaluations) == (3, 7)
    assert opened.manifest == made.manifest
    assert Path("out/experiment.py").read_text() == source
    assert opened.name == "tiny"
    assert (opened.trials(), opened.anchors(), opened.retrained(), opened.has_supernet()) == ([], [], [], False)


def test_a_run_is_gone_on_with_only_under_the_same_settings(tiny: Path) -> None:
    begun = create(Path("out")).manifest
    assert create(Path("out")).manifest == begun
    assert create(Path("out"), evaluations="10").manifest == begun, "10 is what the file says"
    with pytest.raises(ValueError, match=r"other settings \(limits.flops: 12000 there, 9000.0 asked; seed: 0 there, 1"):
        create(Path("out"), **{"limits.flops": "9e3", "seed": "1"})
    tiny.write_text(tiny.read_text().replace("steps=40", "steps=50"))
    with pytest.raises(ValueError, match=r"supernet.steps: 40 there, 50 asked\); name another folder with --out"):
        create(Path("out"))


def test_settings_younger_than_the_run_are_what_they_are_by_default(tiny: Path) -> None:
    path = create(Path("out")).folder / "run.json"
    manifest = json.loads(path.read_text())
    # as a version wrote it that knew neither
    del manifest["settings"]["random_searches"], manifest["settings"]["costs"][0]["target_length"]
    path.write_text(json.dumps(manifest))
    create(Path("out"))
    with pytest.raises(ValueError, match=r"other settings \(random_searches: 1 there, 3 asked\)"):
        create(Path("out"), random_searches="3")
    # what was written down holds, whatever the default is now
    manifest["settings"]["anchors"] = 99
    path.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="anchors: 99 there, 2 asked"):
        create(Path("out"))


@pytest.mark.parametrize("text", ['{"name": "ti', ""])
def test_a_damaged_manifest_is_said(tiny: Path, text: str) -> None:
    create(Path("out"))
    Path("out/run.json").write_text(text)
    with pytest.raises(ValueError, match=r"out/run.json is damaged"):
        Run(Path("out"))


def test_a_folder_without_a_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"no run in {tmp_path} .* start one with nas run EXPERIMENT --out"):
        Run(tmp_path)


def test_trials_are_read_as_they_were_appended(tiny: Path) -> None:
    run = create(Path("out"))
    trials, anchors = [some_trial(run, number) for number in range(3)], [some_trial(run, 3)]
    for trial in trials:
        run.append_trial(trial)
    run.append_anchor(anchors[0])
    opened = Run(Path("out"))
    assert opened.trials() == trials
    assert opened.anchors() == anchors
    lines = [json.loads(line) for line in Path("out/trials.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [architecture_id(trial.architecture) for trial in trials]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"quality": None}, None),
        ({"architecture": {"encoder": 5}}, r"Architecture.encoder: expected the fields \['embed_dim', 'blocks'\]"),
        ({"architecture": None}, "expected the fields"),
    ],
)
def test_a_line_that_is_no_trial_is_said_with_its_number(
    tiny: Path, changed: dict[str, object], said: str | None
) -> None:
    run = create(Path("out"))
    for number in range(3):
        run.append_trial(some_trial(run, number))
    lines = [json.loads(line) for line in Path("out/trials.jsonl").read_text().splitlines()]
    lines[1] |= changed
    Path("out/trials.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if said is None:
        assert run.trials()[1].quality is None
        return
    with pytest.raises(ValueError, match=rf"trials.jsonl, line 2 is no trial of this experiment: .*{said}"):
        run.trials()


def test_a_phase_adds_up_its_time_also_when_it_is_interrupted(tiny: Path) -> None:
    run = create(Path("out"))
    with pytest.raises(KeyboardInterrupt), run.phase("search"):
        raise KeyboardInterrupt
    run.manifest["phases"]["search"]["seconds"] = 100.0
    Path("out/run.json").write_text(json.dumps(run.manifest))
    with run.phase("search"):
        pass
    found = Run(Path("out"))
    assert 100 <= found.phase_seconds()["search"] < 200
    assert {"commits", "ended", "device", "torch"} <= found.manifest["phases"]["search"].keys()


def test_two_commands_cannot_be_in_a_phase_of_one_run(tiny: Path) -> None:
    first, second = create(Path("out")), create(Path("out"))
    with first.phase("search"), pytest.raises(ValueError, match="another command is at work in out"):
        second.phase("retrain").__enter__()
    assert list(Run(Path("out")).manifest["phases"]) == ["search"]


def test_a_phase_keeps_what_it_read_and_the_command_that_it_was_given(tiny: Path) -> None:
    run = create(Path("out"))
    for _ in range(2):
        with given("nas search out --workers 1"), run.phase("search"):
            pass
    with given("nas report out"):
        run.note_command("report")
    phase = Run(Path("out")).manifest["phases"]["search"]
    assert phase["data"] == fingerprint(run.experiment.task)
    assert phase["data"]["train"]["size"] == 897
    assert {"python", "torch", "ray", "device", "system"} <= set(phase)
    assert run.commands() == ["nas run tiny.py", "nas search out --workers 1", "nas report out"]
    assert [line["phase"] for line in read_lines(Path("out/commands.jsonl"))] == ["search", "report"]


def test_a_run_without_a_list_of_commands_has_the_one_that_began_it(tiny: Path) -> None:
    with create(Path("out")).phase("search"):
        pass
    assert Run(Path("out")).commands() == ["nas run tiny.py"]
    assert not Path("out/commands.jsonl").exists()


def test_the_front_is_that_of_the_search_or_of_given_trials_against_the_first_cost(finished: Path) -> None:
    run = Run(finished)
    trials, front = run.trials(), run.front()
    assert front
    for member in front:
        assert not any(
            other.violation == 0 and other.costs["flops"] <= member.costs["flops"] and other.quality > member.quality
            for other in trials
            if other.quality is not None
        )
    assert [trial.costs["flops"] for trial in front] == sorted(trial.costs["flops"] for trial in front)
    assert run.front(trials[:1]) == trials[:1]
