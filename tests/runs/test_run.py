import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nas.experiment.costs import feasible_space
from nas.experiment.loading import load
from nas.runs.manifest import fingerprint
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.strategies.base import Trial
from nas.system.files import read_lines
from nas.system.invocation import given
from nas.system.tensors import write_tensors


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:14], "Unterminated string"),
        (lambda text: "", "Expecting value"),
        (lambda text: "[]", "the value is [], not an object"),
        (lambda text: text.replace('"phases"', '"other"'), "phases is missing"),
        (lambda text: text.replace('"variable": "experiment"', '"variable": null'), "variable is null, not a text"),
        (lambda text: text.replace('"seed": 0', '"seed": NaN'), "NaN is no number"),
        (lambda text: text.replace('"seed": 0', '"seed": 1e999'), "the number 1e999 is out of range"),
        (lambda text: text.replace('"seed": 0', f'"seed": {"[" * 100_000}'), "nested deeper than 100 levels"),
    ],
)
def test_a_damaged_manifest_is_said_and_never_asked_to_be_deleted(
    tiny: Path, change: Callable[[str], str], said: str
) -> None:
    path = create(Path("out")).manifest_file
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=r"out/run.json is damaged .*; restore it from a copy, or begin") as error:
        Run(Path("out"))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["trials.jsonl", "supernet.safetensors", "experiment.py", "report", "subnets"])
def test_a_folder_with_files_of_a_run_but_no_manifest_is_refused(tiny: Path, name: str) -> None:
    Path("out").mkdir()
    if "." in name:
        (Path("out") / name).write_text("mine\n")
    else:
        (Path("out") / name).mkdir()
    with pytest.raises(ValueError, match=rf"out holds {name}, but no run.json .* or name another folder with --out"):
        create(Path("out"))
    assert [path.name for path in Path("out").iterdir()] == [name]


def test_a_run_that_was_killed_while_it_began_begins_again(tiny: Path) -> None:
    Path("out").mkdir()
    (Path("out") / "experiment.py").write_text(tiny.read_text())
    assert create(Path("out")).name == "tiny"


def test_a_run_goes_on_only_with_the_code_that_it_began_with(tiny: Path) -> None:
    create(Path("out"))
    source = tiny.read_text()
    tiny.write_text("# a comment\n" + source)
    create(Path("out"))
    tiny.write_text(source + "\n\ndef helper():\n    return 1\n")
    with pytest.raises(
        ValueError, match=r"the code of tiny.py differs from out/experiment.py, .* nas run out; or name"
    ):
        create(Path("out"))


def test_a_phase_on_other_data_or_source_than_an_earlier_one_is_refused(tiny: Path) -> None:
    run = create(Path("out"))
    with run.phase("supernet"):
        pass
    manifest = json.loads(run.manifest_file.read_text())
    manifest["phases"]["supernet"]["data"]["select"]["sha256"] = "0" * 64
    run.manifest_file.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"the data of out changed since its phase supernet \(select\); restore"):
        Run(Path("out")).phase("search").__enter__()
    # as a version wrote it that kept no fingerprints
    del manifest["phases"]["supernet"]["data"], manifest["phases"]["supernet"]["source"]
    run.manifest_file.write_text(json.dumps(manifest))
    with Run(Path("out")).phase("search"):
        pass
    run.experiment_file.write_text(run.source + "\n")
    with pytest.raises(ValueError, match=r"out/experiment.py is not what the run began with; restore it"):
        Run(Path("out")).phase("search").__enter__()


def test_a_phase_removes_checkpoints_of_what_is_finished(tiny: Path) -> None:
    run = create(Path("out"))
    run.save_supernet({"a": torch.zeros(2)}, "{}")
    run.supernet_checkpoint.write_bytes(b"left by a kill")
    with run.phase("search"):
        assert not run.supernet_checkpoint.exists()


def written(run: Run, count: int) -> list[str]:
    for number in range(count):
        run.append_trial(some_trial(run, number))
    return run.trials_file.read_text().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0], *lines[2:]], r"line 2 is no trial .* number is 2 where 1 is due"),
        (lambda lines: [*lines, lines[1]], r"line 6 is no trial .* number is 1 where 5 is due"),
        (lambda lines: [*lines, lines[1].replace('"number": 1', '"number": 5')], "line 2 has the same network"),
        (lambda lines: [lines[0].replace('"seconds": 1.5', '"seconds": 2.5'), *lines[1:]], "line 1 was changed, or"),
    ],
)
def test_a_trial_that_is_out_of_place_repeated_or_changed_is_said(
    tiny: Path, change: Callable[[list[str]], list[str]], said: str
) -> None:
    run = create(Path("out"))
    run.trials_file.write_text("".join(change(written(run, 5))))
    with pytest.raises(ValueError, match=rf"trials.jsonl, .*{said}"):
        Run(Path("out")).trials()


def test_trials_cut_short_are_gone_on_with(tiny: Path) -> None:
    run = create(Path("out"))
    lines = written(run, 5)
    run.trials_file.write_text("".join(lines[:3]))
    again = replace(some_trial(run, 3), seconds=9.0)
    run.append_trial(again)
    assert Run(Path("out")).trials()[3:] == [again]


def test_trials_of_another_run_are_refused(tiny: Path) -> None:
    run, other = create(Path("out")), create(Path("other"), seed="1")
    written(run, 3)
    written(other, 4)
    shutil.copy(run.trials_file, other.trials_file)
    assert other.trials() == run.trials(), "equal lines at equal places are the run's own"
    shutil.copy(run.trials_file.with_suffix(".sums"), other.folder)
    with pytest.raises(ValueError, match=r"other/trials.jsonl, line 1 was changed, or comes from another run"):
        other.trials()


def test_trials_that_vanish_during_a_search_are_said(tiny: Path) -> None:
    run = create(Path("out"))
    written(run, 3)
    run.trials_file.unlink()
    with pytest.raises(ValueError, match=r"out/trials.jsonl has 0 lines and not 3: it was changed while this command"):
        run.append_trial(some_trial(run, 3))


def test_trials_of_an_earlier_version_have_no_sums_and_are_gone_on_with(tiny: Path) -> None:
    run = create(Path("out"))
    written(run, 3)
    run.trials_file.with_suffix(".sums").unlink()
    assert len(run.trials()) == 3
    run.append_trial(some_trial(run, 3))
    assert [trial.number for trial in Run(Path("out")).trials()] == [0, 1, 2, 3]


def test_a_supernet_of_other_settings_or_a_damaged_one_is_not_taken_for_the_runs_own(tiny: Path) -> None:
    run, other = create(Path("out")), create(Path("other"), seed="1")
    run.save_supernet({"a": torch.zeros(2)}, "{}")
    assert run.has_supernet()
    shutil.copy(run.supernet_file, other.folder)
    with pytest.raises(ValueError, match=r"other/supernet.safetensors was trained under other settings; restore"):
        other.has_supernet()
    write_tensors(other.supernet_file, {"a": torch.zeros(2)}, {"experiment": "as an earlier version wrote it"})
    assert other.has_supernet()
    run.supernet_file.write_bytes(run.supernet_file.read_bytes()[:-2])
    with pytest.raises(ValueError, match=r"out/supernet.safetensors is damaged"):
        run.has_supernet()


def test_a_folder_without_a_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"no run in {tmp_path} .* start one with nas run EXPERIMENT --out"):
        Run(tmp_path)


def test_trials_are_read_as_they_were_appended(tiny: Path) -> None:
    run = create(Path("out"))
    trials, anchors = [some_trial(run, number) for number in range(3)], [replace(some_trial(run, 3), number=0)]
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
        ({"architecture": None}, "architecture is null, not an object"),
        ({"quality": "high"}, 'quality is "high", not a number or null'),
        ({"costs": {"flops": None}}, "costs.flops is null, not a number"),
        ({"seconds": -1}, "seconds is -1, less than 0"),
        ({"number": 1e15}, "number is 1000000000000000.0, not a whole number"),
        ({"id": "0123456789"}, "id is 0123456789, but its architecture has the id"),
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
    # as a version wrote it that kept no sums
    Path("out/trials.sums").unlink()
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
