import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nas.experiment.loading import load
from nas.models.attention import grows_linearly
from nas.parallel.map import Workers
from nas.retrain.choose import choose
from nas.runs.run import Run
from nas.search.loop import finalists, search
from nas.search.scoring import inherited
from nas.search_space.patterns import Hybrid, homogeneous, hybrid_of
from nas.supernet.train import train, trained_supernet


def lines(path: Path) -> list[dict[str, Any]]:
    """All that a search found, without the time that it took."""
    values = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in values]


def new_search(folder: Path, finished: Path, spec: str = "", **overrides: str) -> Run:
    """A run with the supernet of `finished` and nothing searched yet; `spec` names another experiment's file."""
    spec = spec or str(finished / "experiment.py")
    run = Run.create(folder, load(spec), spec, overrides, None, "nas search")
    run.save_supernet(Run(finished).supernet_state(), "{}")
    return run


def test_every_evaluated_network_is_new_and_inside_the_limits(finished: Path) -> None:
    run = Run(finished)
    trials, anchors = run.trials(), run.anchors()
    assert [trial.number for trial in trials] == list(range(10))
    assert len({trial.architecture for trial in trials}) == 10
    flops, parameters = run.experiment.costs
    for trial in trials + anchors:
        assert trial.costs == {
            "flops": flops(run.experiment.task, trial.architecture),
            "parameters": parameters(run.experiment.task, trial.architecture),
        }
        assert trial.costs["flops"] <= run.experiment.limits["flops"]
        assert trial.violation == 0
        # 350 images in the search split
        assert trial.quality is not None
        assert (trial.quality * 350) == pytest.approx(round(trial.quality * 350))


def test_networks_of_each_kind_are_measured_beside_the_search(finished: Path) -> None:
    run = Run(finished)
    anchors = [anchor.architecture for anchor in run.anchors()]
    of_kind = {
        kind: [a for a in anchors if homogeneous(run.experiment.space, a, kind) == a] for kind in ("softmax", "linear")
    }
    assert {kind: len(found) for kind, found in of_kind.items()} == {"softmax": 2, "linear": 2}
    assert len(set(anchors)) == 4


@pytest.mark.parametrize("torn", [b"", b'{"number": 3, "id": "12'])
def test_a_search_cut_anywhere_ends_as_one_that_was_not(finished: Path, finished_copy: Path, torn: bytes) -> None:
    whole = (finished / "trials.jsonl").read_bytes().splitlines(keepends=True)
    for kept in range(len(whole)):
        (finished_copy / "trials.jsonl").write_bytes(b"".join(whole[:kept]) + torn)
        shutil.copy(finished / "trials.sums", finished_copy)
        (finished_copy / "anchors.jsonl").unlink()
        search(Run(finished_copy), Workers(1))
        assert lines(finished_copy / "trials.jsonl") == lines(finished / "trials.jsonl"), f"cut after {kept} trials"
        assert lines(finished_copy / "anchors.jsonl") == lines(finished / "anchors.jsonl"), f"cut after {kept} trials"


def test_measured_anchors_are_kept(finished: Path, finished_copy: Path) -> None:
    whole = (finished / "anchors.jsonl").read_bytes().splitlines(keepends=True)
    (finished_copy / "anchors.jsonl").write_bytes(b"".join(whole[:3]) + whole[3][:20])
    search(Run(finished_copy), Workers(1))
    found = (finished_copy / "anchors.jsonl").read_bytes().splitlines(keepends=True)
    assert found[:3] == whole[:3]
    assert lines(finished_copy / "anchors.jsonl") == lines(finished / "anchors.jsonl")


def test_a_finished_search_changes_nothing(finished: Path, finished_copy: Path) -> None:
    search(Run(finished_copy), Workers(1))
    for name in ("trials.jsonl", "anchors.jsonl", "run.json"):
        assert (finished_copy / name).read_bytes() == (finished / name).read_bytes()


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers_also_with_classes_of_a_users_own(own_model: Path) -> None:
    one = Run.create(Path("one"), load(str(own_model)), str(own_model), {}, None, "nas run")
    train(one)
    shutil.copytree("one", "two")
    search(one, Workers(1))
    search(Run(Path("two")), Workers(2))
    assert len(lines(Path("one/trials.jsonl"))) == 10
    assert lines(Path("one/trials.jsonl")) == lines(Path("two/trials.jsonl"))
    assert one.anchors() == [], "there are no kinds in this space"


def test_the_seed_changes_what_is_tried(finished: Path, tmp_path: Path) -> None:
    tried = []
    for seed in ("0", "1"):
        run = new_search(tmp_path / seed, finished, seed=seed)
        search(run, Workers(1))
        tried.append([trial.architecture for trial in run.trials()])
    assert tried[0] == [trial.architecture for trial in Run(finished).trials()]
    assert tried[0] != tried[1]


def test_a_space_with_less_than_was_asked_for_is_searched_to_its_end(
    own_model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_model.write_text(own_model.read_text().replace("(4, 6, 8, 10)", "(4, 6)"))
    run = Run.create(Path("run"), load(str(own_model)), str(own_model), {"generation": "3"}, None, "nas run")
    train(run)
    with caplog.at_level("INFO"):
        search(run, Workers(1))
    assert "the space holds nothing more inside the limits; the search ends after 4 networks" in caplog.text
    assert len(run.trials()) == 2 * 2
    search(run, Workers(1))
    assert len(run.trials()) == 4


def test_a_search_without_a_supernet_or_with_a_damaged_one_is_refused(finished: Path, tmp_path: Path) -> None:
    run = new_search(tmp_path / "run", finished)
    path = run.folder / "supernet.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"supernet\.safetensors is damaged"):
        search(run, Workers(1))
    path.unlink()
    with pytest.raises(ValueError, match=r"has no trained supernet; run nas train .* first"):
        search(run, Workers(1))
    assert run.trials() == []


def test_a_supernet_of_another_space_is_refused(finished: Path, tmp_path: Path) -> None:
    run = new_search(tmp_path / "run", finished, **{"space.encoder.embed_dim": "8,12", "limits.flops": "9e3"})
    with pytest.raises(ValueError, match="is not of this experiment's space"):
        search(run, Workers(1))


def test_limits_that_cannot_be_met_are_refused_before_anything_is_evaluated(finished: Path, tmp_path: Path) -> None:
    run = new_search(tmp_path / "run", finished, **{"limits.flops": "100"})
    with pytest.raises(ValueError, match="limit flops <= 100 cannot be met"):
        search(run, Workers(1))
    assert not (run.folder / "trials.jsonl").exists()


FAILING = """
from dataclasses import dataclass
from nas.evaluators.accuracy import Accuracy

@dataclass(frozen=True)
class Fragile(Accuracy):
    def __call__(self, task, model, split):
        depth = len(model.blocks)
        if depth == 1:
            raise RuntimeError("out of\\n  memory")
        if depth == 3:
            return float("nan")
        return super().__call__(task, model, split)

experiment = replace(experiment, quality=Fragile(), evaluations=16)
"""


def test_networks_that_fail_are_recorded_and_the_search_goes_on(tiny: Path, finished: Path) -> None:
    tiny.write_text("from dataclasses import replace\n" + tiny.read_text() + FAILING)
    run = new_search(Path("run"), finished, spec="tiny.py")
    search(run, Workers(1))
    trials = run.trials()
    assert [trial.number for trial in trials] == list(range(16))
    said = {
        depth: {trial.failure for trial in trials if trial.architecture.encoder.depth == depth} for depth in (1, 2, 3)
    }
    assert said == {1: {"RuntimeError: out of memory (experiment.py, line 40)"}, 2: {None}, 3: {"accuracy is nan"}}
    assert all((trial.quality is None) == (trial.failure is not None) for trial in trials)
    # what failed is as lasting as what did not
    assert lines(run.folder / "trials.jsonl")[0].keys() >= {"failure", "quality"}
    assert Run(run.folder).trials() == trials


def failing(tiny: Path, changes: dict[str, str]) -> None:
    """Write the experiment whose quality fails, with other words in it."""
    text = "from dataclasses import replace\n" + tiny.read_text() + FAILING
    for old, new in changes.items():
        text = text.replace(old, new)
    tiny.write_text(text)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{}['x']", "KeyError: 'x' ("),
        ("[][0]", "IndexError: list index out of range ("),
        ("None + 1", "TypeError: unsupported operand type(s)"),
        ("1 / 0", "ZeroDivisionError: division by zero ("),
        ("'high'", "accuracy is no number but str"),
    ],
)
def test_any_error_of_a_network_is_its_failure_with_type_and_place(
    tiny: Path, finished: Path, wrong: str, said: str
) -> None:
    failing(tiny, {'raise RuntimeError("out of\\n  memory")': f"return {wrong}", "evaluations=16": "evaluations=6"})
    run = new_search(Path("run"), finished, spec="tiny.py", random_searches="0", anchors="0")
    search(run, Workers(1))
    failed = [trial for trial in run.trials() if trial.architecture.encoder.depth == 1]
    assert failed
    for trial in failed:
        assert trial.failure is not None
        assert trial.failure.startswith(said)
        assert not said.endswith("(") or trial.failure.endswith(" (experiment.py, line 40)")


@pytest.mark.parametrize("kind", ["numpy.float32", "torch.tensor", "numpy.asarray"])
def test_a_number_of_a_library_is_a_quality(tiny: Path, finished: Path, kind: str) -> None:
    returned = f"import numpy, torch\n        return {kind}(0.5)"
    failing(tiny, {"depth = len": f"{returned}\n        depth = len", "evaluations=16": "evaluations=4"})
    run = new_search(Path("run"), finished, spec="tiny.py", random_searches="0", anchors="0")
    search(run, Workers(1))
    assert [trial.quality for trial in run.trials()] == [0.5] * 4


def test_a_search_in_which_everything_fails_says_so_at_once_also_when_run_again(tiny: Path, finished: Path) -> None:
    failing(tiny, {"== 3": "!= 1"})
    run = new_search(Path("run"), finished, spec="tiny.py")
    for _ in range(2):
        with pytest.raises(
            ValueError, match=r"^all 4 networks failed, the last with .* remove the last 4 lines of run"
        ):
            search(Run(run.folder), Workers(1))
        assert len(run.trials()) == 4


def test_a_generation_in_which_everything_fails_ends_the_search(tiny: Path, finished: Path) -> None:
    begun = "from pathlib import Path\n        if len(Path('run/trials.jsonl').read_bytes().splitlines()) >= 4:"
    failing(tiny, {"if depth == 1:": begun, "== 3": "== 9"})
    run = new_search(Path("run"), finished, spec="tiny.py")
    run.trials_file.touch()
    for _ in range(2):
        with pytest.raises(ValueError, match="all 4 networks failed, the last with RuntimeError"):
            search(Run(run.folder), Workers(1))
        assert [trial.quality is None for trial in run.trials()] == [False] * 4 + [True] * 4


def test_finalists_that_all_failed_are_evaluated_again(tiny: Path, finished: Path) -> None:
    broken = "from pathlib import Path\n        if split == 'select' and Path('broken').exists():"
    failing(tiny, {"if depth == 1:": broken, "== 3": "== 9", "evaluations=16": "evaluations=4"})
    run = new_search(Path("run"), finished, spec="tiny.py")
    Path("broken").touch()
    for _ in range(2):
        with pytest.raises(ValueError, match="all 4 finalists failed on the split select, the last with RuntimeError"):
            search(Run(run.folder), Workers(1))
    Path("broken").unlink()
    search(Run(run.folder), Workers(1))
    assert all(run.scores()[architecture, "select"].quality is not None for architecture in finalists(run))
    assert choose(run, run.experiment.selection)


def test_finalists_are_the_fronts_and_have_a_score_on_fresh_data(finished: Path) -> None:
    run = Run(finished)
    chosen, scores = finalists(run), run.scores()
    front = run.front()
    assert {trial.architecture for trial in front} <= set(chosen)
    assert len(chosen) == len(set(chosen)) == 10
    assert [split for _, split in scores].count("select") == 10
    network = inherited(run.experiment, trained_supernet(run), chosen[0])
    assert scores[chosen[0], "select"].quality == run.experiment.quality(run.experiment.task, network, "select")


def test_finalists_that_were_scored_are_not_scored_again(finished: Path, finished_copy: Path) -> None:
    whole = (finished / "scores.jsonl").read_bytes().splitlines(keepends=True)
    (finished_copy / "scores.jsonl").write_bytes(b"".join(whole[:4]) + whole[4][:30])
    shutil.rmtree(finished_copy / "comparison")
    search(Run(finished_copy), Workers(1))
    found = (finished_copy / "scores.jsonl").read_bytes().splitlines(keepends=True)
    assert found[:4] == whole[:4]
    assert lines(finished_copy / "scores.jsonl") == lines(finished / "scores.jsonl")


def test_imported_trials_are_history_and_are_not_evaluated_again(finished: Path, tmp_path: Path) -> None:
    known = Run(finished).trials()[:3]
    run = new_search(tmp_path / "run", finished, generation="4")
    run.save_imported(known)
    search(run, Workers(1))
    trials = run.trials()
    assert trials[:3] == known
    assert len(trials) == 3 + 10
    assert len({trial.architecture for trial in trials}) == 13
    with pytest.raises(ValueError, match="has begun; import trials into a run without"):
        run.save_imported(known)


def test_a_search_with_imported_trials_cut_anywhere_ends_as_one_that_was_not(finished: Path, tmp_path: Path) -> None:
    run = new_search(tmp_path / "run", finished)
    run.save_imported(Run(finished).trials()[:3])
    search(run, Workers(1))
    path = run.folder / "trials.jsonl"
    whole, sums = path.read_bytes(), path.with_suffix(".sums").read_bytes()
    for kept in (1, 3, 5, 9):
        path.with_suffix(".sums").write_bytes(sums)
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:kept]))
        search(Run(run.folder), Workers(1))
        assert [line["id"] for line in lines(path)] == [json.loads(line)["id"] for line in whole.splitlines()]


def test_a_random_search_of_equal_budget_is_made_once_and_repeats_no_evaluation(finished: Path, tmp_path: Path) -> None:
    run = Run(finished)
    trials, _ = run.comparison("random-10-0")
    assert len({trial.architecture for trial in trials}) == 10
    qualities = {trial.architecture: trial.quality for trial in run.trials()}
    common = [trial for trial in trials if trial.architecture in qualities]
    assert all(trial.quality == qualities[trial.architecture] for trial in common)
    known = [*qualities, *(each.architecture for each in [*trials, *run.anchors()])]
    assert [split for _, split in run.scores()].count("search") == len(set(known))
    none = new_search(tmp_path / "none", finished, random_searches="0")
    search(none, Workers(1))
    assert not none.comparison_folder.exists()


DEEP = {"space.encoder.depth": "3,4", "space.encoder.attention": "softmax,linear", "limits.flops": "20e3"}


def test_hybrids_are_measured_where_networks_are_deep_enough(tiny: Path) -> None:
    run = Run.create(Path("deep"), load("tiny.py"), "tiny.py", DEEP, None, "nas run")
    train(run)
    search(run, Workers(1))
    patterns = [hybrid_of(run.experiment.space, anchor.architecture, grows_linearly) for anchor in run.anchors()]
    # two networks of each kind, then two with softmax in the fourth layer; no layer is an eighth
    assert patterns == [None] * 4 + [Hybrid(4, "linear")] * 2
    assert [choice.origin for choice in choose(run, run.experiment.selection)][1:] == ["softmax in 1 of 4, else linear"]
    whole = lines(run.folder / "anchors.jsonl")
    for kept in (2, 4, 5):
        path = run.folder / "anchors.jsonl"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
        search(Run(run.folder), Workers(1))
        assert lines(path) == whole


LATENCY = """
from nas.evaluators.flops import Flops
from nas.evaluators.latency import Latency

experiment = replace(experiment, costs=(Flops(), Latency(repeats=1, warmup=0)), limits={"latency": 1e4})
"""


def test_a_latency_is_measured_once_in_a_run(tiny: Path, finished: Path) -> None:
    tiny.write_text("from dataclasses import replace\n" + tiny.read_text() + LATENCY)
    run = new_search(Path("run"), finished, spec="tiny.py")
    search(run, Workers(1))
    latencies = {trial.architecture: trial.costs["latency"] for trial in run.trials()}
    again = Run(run.folder).space
    assert {architecture: again.cost(architecture)["latency"] for architecture in latencies} == latencies
