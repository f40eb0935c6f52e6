import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from nas.experiment import Selection
from nas.experiment.loading import load
from nas.experiment.overrides import apply_overrides
from nas.experiment.settings import describe
from nas.parallel.map import Workers
from nas.retrain.choose import Selected, choose
from nas.retrain.retrain import retrain
from nas.runs.run import Run
from nas.search.loop import finalists, search
from nas.search_space.patterns import homogeneous
from nas.supernet.train import train, trained_supernet
from nas.system.tensors import read_tensors

NOTED_SPLITS = """

class Noted(Digits):
    def batches(self, split, batch_size):
        with open("splits.txt", "a") as file:
            file.write(split + " ")
        return super().batches(split, batch_size)


experiment = replace(experiment, task=Noted(patch_size=4))
"""


def weights(run: Run) -> dict[str, dict[str, torch.Tensor]]:
    paths = sorted((run.folder / "subnets").glob("*/*/weights.safetensors"))
    return {str(path.relative_to(run.folder)): read_tensors(path)[0] for path in paths}


def test_the_test_split_is_read_by_retraining_alone_and_once_a_training(tiny: Path) -> None:
    tiny.write_text(tiny.read_text() + "\nfrom dataclasses import replace\n" + NOTED_SPLITS)
    run = Run.create(Path("run"), load("tiny.py"), "tiny.py", {}, None, "nas run tiny.py")
    train(run)
    assert not Path("splits.txt").exists(), "training the supernet reads neither"
    search(run, Workers(1))
    read = Path("splits.txt").read_text().split()
    # an anchor that was a trial is not evaluated again
    evaluated = {trial.architecture for trial in run.trials() + run.anchors()}
    drawn = {trial.architecture for trial in run.comparison("random-10-0")[0]} - evaluated
    splits = ["search"] * len(evaluated), ["select"] * len(finalists(run)), ["search"] * len(drawn)
    assert read == [split for each in splits for split in each]
    retrain(run, choose(run, run.experiment.selection), 1, run.experiment.selection)
    after = Path("splits.txt").read_text().split()[len(read) :]
    assert (after.count("test"), after.count("search")) == (len(run.retrained()), len(run.retrained())) == (2, 2)


def test_what_is_chosen_is_spread_along_the_front_with_the_best_always_in(finished: Path) -> None:
    run, scores = Run(finished), Run(finished).scores()
    # the front of the finalists' qualities on fresh data
    rescored = [
        dataclasses.replace(trial, quality=scores[trial.architecture, "select"].quality)
        for trial in run.trials()
        if (trial.architecture, "select") in scores
    ]
    front = [trial.architecture for trial in run.front(rescored)]
    assert len(front) >= 3
    assert front != [trial.architecture for trial in run.front()]
    chosen = {top: choose(run, Selection(top=top, homogeneous=False)) for top in (1, 2, 100)}
    assert chosen[1] == [Selected(front[-1], "front")]
    assert chosen[2] == [Selected(front[-1], "front"), Selected(front[0], "front")]
    assert chosen[100] == [Selected(architecture, "front") for architecture in reversed(front)]


def test_the_best_network_of_each_kind_is_chosen_too(finished: Path) -> None:
    run = Run(finished)
    chosen = choose(run, Selection(top=1, homogeneous=True))
    of_kind = {choice.origin: choice.architecture for choice in chosen if choice.origin != "front"}
    for kind in ("softmax", "linear"):
        all_of_kind = [
            trial
            for trial in run.trials() + run.anchors()
            if homogeneous(run.experiment.space, trial.architecture, kind) == trial.architecture
        ]
        best = max(all_of_kind, key=lambda trial: trial.quality or 0)
        assert of_kind.get(f"all {kind}", chosen[0].architecture) == best.architecture


def test_every_training_has_a_result_with_what_it_was(finished: Path) -> None:
    run = Run(finished)
    assert sorted((result.arm, result.seed, result.steps) for result in run.retrained()) == [
        ("inherited", 0, 10),
        ("scratch", 0, 10),
    ]
    for result in run.retrained():
        network = run.experiment.task.build(result.architecture)
        network.load_state_dict(run.subnet_weights(result))
        assert run.experiment.quality(run.experiment.task, network, "test") == result.quality
        assert run.experiment.quality(run.experiment.task, network, "search") == result.search_quality


def test_the_arms_start_where_they_say(finished_copy: Path) -> None:
    # one step at a rate of next to nothing leaves the weights where they started
    short = {"retrain.steps": "1", "retrain.learning_rate": "1e-12", "retrain.warmup_steps": "0"}
    settings = describe(apply_overrides(Run(finished_copy).experiment, short))
    manifest = json.loads((finished_copy / "run.json").read_text())
    (finished_copy / "run.json").write_text(json.dumps(manifest | {"overrides": short, "settings": settings}))
    # lines and weights of other settings are refused where they say of which they are
    for path in finished_copy.glob("*.sums"):
        path.unlink()
    run = Run(finished_copy)
    architecture = run.trials()[0].architecture
    selection = Selection(arms=("scratch", "inherited"), seeds=2)
    retrain(run, [Selected(architecture, "chosen")], 1, selection)
    found = {(result.arm, result.seed): run.subnet_weights(result) for result in run.retrained() if result.steps == 1}
    assert found.keys() == {(arm, seed) for arm in ("scratch", "inherited") for seed in (0, 1)}
    for seed in (0, 1):
        assert_close(found["inherited", seed], trained_supernet(run).subnet(architecture).state_dict())
        torch.manual_seed(seed)
        assert_close(found["scratch", seed], run.experiment.task.build(architecture).state_dict())


def test_only_what_has_no_result_is_trained_and_to_the_same_end(finished: Path, finished_copy: Path) -> None:
    run = Run(finished_copy)
    lost, kept = run.retrained()
    folder = run.subnet_folder(lost.architecture, lost.arm, lost.seed)
    (folder / "result.json").unlink()
    (folder / "weights.safetensors").unlink()
    untouched = run.subnet_folder(kept.architecture, kept.arm, kept.seed) / "weights.safetensors"
    before = untouched.stat().st_mtime_ns
    retrain(run, choose(run, run.experiment.selection), 1, run.experiment.selection)
    assert untouched.stat().st_mtime_ns == before
    assert_close(weights(run), weights(Run(finished)), rtol=0, atol=0)
    assert [replace(result, seconds=0.0) for result in run.retrained()] == [
        replace(result, seconds=0.0) for result in Run(finished).retrained()
    ]
    assert (folder / "log.jsonl").read_text().count("\n") == 1, "the lines of the lost training are gone"


def test_a_damaged_checkpoint_or_one_of_another_network_is_refused(finished_copy: Path) -> None:
    run = Run(finished_copy)
    result = run.retrained()[0]
    folder = run.subnet_folder(result.architecture, result.arm, result.seed)
    (folder / "result.json").unlink()
    (folder / "checkpoint.safetensors").write_bytes((folder / "weights.safetensors").read_bytes())
    choices, selection = choose(run, run.experiment.selection), run.experiment.selection
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors does not fit this experiment"):
        retrain(run, choices, 1, selection)
    (folder / "checkpoint.safetensors").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors is damaged .* delete it"):
        retrain(run, choices, 1, selection)
    (folder / "checkpoint.safetensors").unlink()
    retrain(run, choices, 1, selection)
    assert len(run.retrained()) == 2


def test_nothing_can_be_chosen_before_the_search(tiny: Path) -> None:
    run = Run.create(Path("run"), load("tiny.py"), "tiny.py", {}, None, "nas run tiny.py")
    with pytest.raises(ValueError, match="run has no evaluated network; run nas search run first"):
        choose(run, run.experiment.selection)


UNSTABLE = """

class Unstable(Accuracy):
    def __call__(self, task, model, split):
        return float("nan") if split == "test" else super().__call__(task, model, split)


experiment = replace(experiment, test_quality=Unstable())
"""


def test_a_test_quality_that_is_no_number_is_a_failed_training(tiny: Path) -> None:
    header = "\nfrom dataclasses import replace\nfrom nas.evaluators.accuracy import Accuracy\n"
    tiny.write_text(tiny.read_text() + header + UNSTABLE)
    run = Run.create(Path("run"), load("tiny.py"), "tiny.py", {}, None, "nas run tiny.py")
    train(run)
    smallest = Selected(run.experiment.space.smallest(), "chosen")
    with pytest.raises(ChildProcessError, match=r"1 of 1 trainings have no result; \w+ scratch: after training, "):
        retrain(run, [smallest], 1, Selection(top=1))
    assert run.retrained() == []
