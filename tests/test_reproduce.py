import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nas.cli import main
from nas.runs.run import Run
from nas.system.files import read_json, read_lines, write_json

Found = tuple[int, list[str]]


@pytest.fixture
def reproduced(capsys: pytest.CaptureFixture[str]) -> Callable[..., Found]:
    """Runs nas reproduce; returns its exit code and the lines that it printed."""

    def run(*arguments: object) -> Found:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["reproduce", *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return ended.value.code, capsys.readouterr().out.splitlines()

    return run


def retrained_id(folder: Path) -> str:
    return Run(folder).retrained()[0].id


def change(folder: Path, name: str, value: Any, identifier: str) -> None:
    """A field of the network's lines among trials and anchors."""
    for path in (folder / "trials.jsonl", folder / "anchors.jsonl"):
        lines = read_lines(path)
        for line in lines:
            if line["id"] == identifier:
                line[name] = value(line[name])
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        # a line that does not fit its sum is refused
        path.with_suffix(".sums").unlink(missing_ok=True)


def test_every_figure_of_a_run_agrees_where_it_was_made(finished: Path, reproduced: Callable[..., Found]) -> None:
    identifier = retrained_id(finished)
    code, lines = reproduced(finished, "--id", identifier)
    assert code == 0
    checked = {line.split(maxsplit=1)[1].split(":")[0] for line in lines if line.startswith("agrees")}
    both = ("scratch-0", "inherited-0")
    assert checked == {
        "data", "flops", "parameters", "inherited accuracy, search split", "inherited accuracy, select split",
        *(f"{which} accuracy, {split} split" for which in both for split in ("test", "search")),
    }  # fmt: skip
    assert all(", exactly" in line or "equal hashes" in line for line in lines if line.startswith("agrees"))
    assert lines[-1] == f"network {identifier} of {finished}: 9 agree, 0 differ"
    assert "none: machine, versions and code are the run's own" in lines[-3]


@pytest.mark.parametrize("name", ["quality", "costs"])
def test_a_figure_that_was_changed_differs(finished_copy: Path, reproduced: Callable[..., Found], name: str) -> None:
    identifier = retrained_id(finished_copy)
    wrong = {"quality": lambda value: value * 1.001, "costs": lambda value: {**value, "flops": value["flops"] + 1}}[
        name
    ]
    change(finished_copy, name, wrong, identifier)
    code, lines = reproduced(finished_copy, "--id", identifier)
    assert code == 1
    (differs,) = [line for line in lines if line.startswith("differs")]
    assert {"quality": "inherited accuracy, search split", "costs": "flops"}[name] in differs
    assert differs.endswith("must be equal")


def test_other_versions_are_said_and_allow_a_little(finished_copy: Path, reproduced: Callable[..., Found]) -> None:
    identifier, manifest = retrained_id(finished_copy), read_json(finished_copy / "run.json")
    manifest["phases"]["search"]["torch"] = "2.0.0"
    write_json(finished_copy / "run.json", manifest)
    change(finished_copy, "quality", lambda value: value * 1.001, identifier)
    code, lines = reproduced(finished_copy, "--id", identifier)
    assert code == 0
    assert any(line.endswith("; within 0.5 %") for line in lines)
    assert any(line.startswith("tolerance    up to 0.5 %") and "torch 2.0.0 there" in line for line in lines)
    change(finished_copy, "quality", lambda value: value * 1.1, identifier)
    assert reproduced(finished_copy, "--id", identifier)[0] == 1


def test_other_data_is_found_out(finished_copy: Path, reproduced: Callable[..., Found]) -> None:
    manifest = read_json(finished_copy / "run.json")
    for phase in manifest["phases"].values():
        phase["data"]["select"]["sha256"] = "0" * 64
    write_json(finished_copy / "run.json", manifest)
    code, lines = reproduced(finished_copy, "--id", retrained_id(finished_copy))
    assert code == 1
    assert "differs      data: other hashes of select" in lines


def test_what_cannot_be_checked_is_said_with_the_command_that_makes_it(
    finished_copy: Path, reproduced: Callable[..., Found]
) -> None:
    identifier = retrained_id(finished_copy)
    (finished_copy / "supernet.safetensors").unlink()
    weights = {path: path.read_bytes() for path in finished_copy.glob("subnets/*/*/weights.safetensors")}
    for path in weights:
        path.unlink()
    manifest = read_json(finished_copy / "run.json")
    for phase in manifest["phases"].values():
        del phase["data"]
    write_json(finished_copy / "run.json", manifest)
    code, lines = reproduced(finished_copy, "--id", identifier)
    assert code == 0
    assert lines[-1].endswith("2 agree, 0 differ, 7 could not be checked")
    text = "\n".join(lines)
    assert text.count(f"nas train {finished_copy} makes it") == 2
    assert text.count(f"nas reproduce {finished_copy} --id {identifier} --retrain makes them") == 4
    assert "the run recorded no hashes of it" in text

    # trained again, the network from scratch has the same figures, and its weights are back
    code, lines = reproduced(finished_copy, "--id", identifier, "--retrain")
    assert code == 0
    assert sum("trained again" in line and line.startswith("agrees") and "exactly" in line for line in lines) == 2
    kept = {path for path in weights if path.exists()}
    assert [path.parent.name for path in kept] == ["scratch-0"]
    assert all(path.read_bytes() == weights[path] for path in kept)
    assert not any((finished_copy / "reproduced").rglob("*.safetensors"))


def test_costs_are_checked_without_the_data(translator: Path, tmp_path: Path, reproduced: Callable[..., Found]) -> None:
    folder = shutil.copytree(translator, tmp_path / "run")
    write_json(folder / "run.json", {**read_json(folder / "run.json"), "data": str(tmp_path / "none")})
    code, lines = reproduced(folder, "--id", retrained_id(folder))
    assert code == 0
    assert any(line.startswith("not checked  data and all qualities: no folder") for line in lines)


def test_figures_of_a_translation_agree(translator: Path, reproduced: Callable[..., Found]) -> None:
    code, lines = reproduced(translator, "--id", retrained_id(translator))
    assert code == 0
    assert any(line.startswith("agrees       scratch-0 bleu, test split") for line in lines)
    assert any("not evaluated in it" in line for line in lines)


def test_an_interrupted_repetition_goes_on_and_leaves_the_run_as_it_was(
    finished_copy: Path, monkeypatch: pytest.MonkeyPatch, reproduced: Callable[..., Found]
) -> None:
    identifier, real = retrained_id(finished_copy), shutil.rmtree
    monkeypatch.setattr("nas.reproduce.shutil.rmtree", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
    assert reproduced(finished_copy, "--id", identifier, "--retrain")[0] == 130
    checkpoint = finished_copy / "reproduced" / identifier
    assert any(checkpoint.rglob("checkpoint.safetensors"))
    monkeypatch.setattr("nas.reproduce.shutil.rmtree", real)
    code, lines = reproduced(finished_copy, "--id", identifier, "--retrain")
    assert code == 0
    assert sum("trained again" in line for line in lines) == 4
    assert not any(checkpoint.rglob("checkpoint.safetensors"))


def test_mistakes_are_one_line(finished: Path, mistake: Callable[..., str]) -> None:
    assert "no network 'abc' among the trials of" in mistake("reproduce", finished, "--id", "abc")
    assert "--id" in mistake("reproduce", finished)
    assert "no run in none" in mistake("reproduce", "none", "--id", "abc")
