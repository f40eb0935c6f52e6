import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

import nas
from nas.evaluators.flops import Flops
from nas.experiment.loading import load
from nas.export.write.whole import export, formats_here, is_exported
from nas.parallel.map import Workers
from nas.retrain.choose import choose
from nas.retrain.retrain import retrain
from nas.runs.run import Run
from nas.search.loop import search
from nas.supernet.train import train
from nas.system.redaction import shared_path
from nas.system.tensors import write_tensors
from nas.tasks.digits import Digits
from nas.tasks.phrases import Phrases


@pytest.fixture
def exported(finished_copy: Path) -> Path:
    """The export of the finished run's network."""
    run = Run(finished_copy)
    return export(run, run.retrained()[0].id, formats=())


def test_an_export_computes_what_the_network_did_without_its_run(exported: Path, tmp_path: Path) -> None:
    run = Run(exported.parents[1])
    best = max(run.retrained(), key=lambda result: result.search_quality)
    task, quality = run.experiment.task, run.experiment.quality
    network = task.build(best.architecture)
    network.load_state_dict(run.subnet_weights(best))
    shutil.move(exported, tmp_path / "elsewhere")
    shutil.rmtree(run.folder)

    loaded = nas.load(tmp_path / "elsewhere")
    assert not loaded.training
    inputs = next(task.batches("test", 50)).inputs
    with torch.no_grad():
        assert_close(loaded(*inputs), network.eval()(*inputs), rtol=0, atol=0)
    assert quality(task, loaded, "test") == best.quality


def test_an_export_says_what_it_is(exported: Path) -> None:
    run = Run(exported.parents[1])
    best = max(run.retrained(), key=lambda result: result.search_quality)
    config = json.loads((exported / "config.json").read_text())
    assert config["id"] == best.id == exported.name
    assert config["results"] == {"test_accuracy": best.quality, "search_accuracy": best.search_quality}
    assert config["training"]["arm"] == best.arm
    assert config["costs"]["flops"] == run.experiment.costs[0](run.experiment.task, best.architecture)
    assert config["preprocessing"]["image_size"] == 8
    card = (exported / "README.md").read_text()
    assert f"| accuracy, test split | {best.quality:.4f} |" in card
    assert f"| flops | {config['costs']['flops']:,.0f} " in card
    assert card.count("softmax") + card.count("linear") == len(best.architecture.encoder.blocks)


def test_an_export_of_a_translator_computes_what_the_network_did_without_its_run(
    translator: Path, tmp_path: Path
) -> None:
    run = Run(translator)
    (result,) = run.retrained()
    task = run.experiment.task
    network = task.build(result.architecture)
    network.load_state_dict(run.subnet_weights(result))
    loaded = nas.load(shutil.copytree(run.export_folder(result.id), tmp_path / "elsewhere"))
    assert not loaded.training
    source, target = next(task.batches("test", 50)).inputs
    with torch.no_grad():
        assert_close(loaded(source, target), network.eval()(source, target), rtol=0, atol=0)
    measured = run.experiment.tested.measure(task, loaded, "test")
    assert (measured.value, measured.details) == (result.quality, result.details)


def test_an_export_of_a_translator_says_what_it_is(translator: Path) -> None:
    run = Run(translator)
    (result,) = run.retrained()
    folder, task = run.export_folder(result.id), run.experiment.task
    config = json.loads((folder / "config.json").read_text())
    assert config["decoding"] == asdict(run.experiment.tested.decoding)
    assert config["results"] == {
        "test_bleu": result.quality,
        "search_log_likelihood": result.search_quality,
        "details": result.details,
    }
    assert (folder / "subwords.model").read_bytes() == task.corpus().subwords.model
    assert config["preprocessing"] == {"subwords": "subwords.model", "sha256": task.corpus().subwords.sha256}
    assert config["costs"]["setting"] == "30 tokens to 30 tokens"


def test_the_card_of_a_translator_names_every_kind_and_how_it_was_measured(translator: Path) -> None:
    run = Run(translator)
    (result,) = run.retrained()
    folder = run.export_folder(result.id)
    encoder, decoder = result.architecture.encoder.blocks[0], result.architecture.decoder.blocks[0]
    own, across = decoder.self_attention, decoder.cross_attention
    card = (folder / "README.md").read_text()
    for said in (
        f"| BLEU, test split | {result.quality:.2f} |",
        f"| log-likelihood, search split | {result.search_quality:.4f} |",
        f"| 1 | {encoder.attention} | {encoder.num_heads} x {encoder.head_dim} | {encoder.ffn_dim} |",
        f"| 1 | {own.kind} | {own.num_heads} x {own.head_dim} | {across.kind} | {across.num_heads} x {across.head_dim} "
        f"| {across.encoder_layers} | {decoder.ffn_dim} |",
        f"beam 4 and length penalty 0.6; signatures: `{result.details['signature']}`",
        "Costs are quoted at 30 tokens to 30 tokens",
        f"nas predict {shared_path(folder)} < text",
    ):
        assert said in card


def test_an_export_is_written_anew(exported: Path) -> None:
    before = {path.name: path.read_bytes() for path in exported.iterdir()}
    (exported / "model.safetensors").write_bytes(b"torn")
    export(Run(exported.parents[1]), exported.name, formats=())
    assert {path.name: path.read_bytes() for path in exported.iterdir()} == before


def test_what_is_exported_is_known_by_its_training_its_formats_and_the_code(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, identifier = Run(exported.parents[1]), exported.name
    assert is_exported(run, identifier, ())
    assert not is_exported(run, identifier, ("pt2",))
    # a training that is better now
    best = max(run.retrained(), key=lambda result: result.search_quality)
    run.save_subnet(replace(best, seed=7, search_quality=1.0), run.subnet_weights(best))
    assert not is_exported(run, identifier, ())
    shutil.rmtree(run.subnet_folder(best.architecture, best.arm, 7))
    assert is_exported(run, identifier, ())
    monkeypatch.setattr("nas.export.write.whole.commit", lambda: "another")
    assert not is_exported(run, identifier, ())
    (exported / "config.json").write_text("{}")
    assert not is_exported(run, identifier, ())


def test_of_several_trainings_the_best_on_the_search_split_is_exported(finished_copy: Path) -> None:
    run = Run(finished_copy)
    other, best = sorted(run.retrained(), key=lambda result: result.search_quality)
    assert other.search_quality < best.search_quality
    # the better one on the test split is not to be preferred
    for result, quality in ((other, 0.9), (best, 0.8)):
        run.save_subnet(replace(result, quality=quality), run.subnet_weights(result))
    config = json.loads((export(run, best.id, formats=()) / "config.json").read_text())
    assert config["training"]["arm"] == best.arm


def test_a_network_that_was_not_retrained_is_refused_with_those_that_were(finished_copy: Path) -> None:
    run = Run(finished_copy)
    with pytest.raises(ValueError, match=f"no retrained network 'abc' in .*; there are: {run.retrained()[0].id}"):
        export(run, "abc")
    result = run.retrained()[0]
    for training in run.retrained():
        (run.subnet_folder(training.architecture, training.arm, training.seed) / "weights.safetensors").unlink()
    with pytest.raises(ValueError, match=r"weights\.safetensors is missing; nas reproduce .* --retrain makes it again"):
        export(run, result.id)
    assert not run.export_folder(result.id).exists()


def test_networks_of_a_users_own_builder_are_refused(own_model: Path) -> None:
    run = Run.create(Path("run"), load(str(own_model)), str(own_model), {}, None, "nas run")
    train(run)
    search(run, Workers(1))
    retrain(run, choose(run, run.experiment.selection), 1, run.experiment.selection)
    identifier = run.retrained()[0].id
    with pytest.raises(ValueError, match="networks of task digits come from a builder of its own"):
        export(run, identifier)
    assert not run.export_folder(identifier).exists()


def test_a_family_that_is_not_known_is_named(exported: Path) -> None:
    path = exported / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "family": "perceptron"}))
    with pytest.raises(ValueError, match=r"config\.json: no family 'perceptron'; there are: seq2seq, vision_transf"):
        nas.load(exported)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"family": None}, "ValueError: no family None"),
        ({"settings": {"image_size": 8}}, "TypeError: "),
        ({"architecture": {"encoder": {}}}, r"ValueError: Architecture.encoder: expected the fields"),
    ],
)
def test_a_config_that_is_no_export_s_is_refused(exported: Path, changed: dict[str, Any], said: str) -> None:
    path = exported / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(ValueError, match=rf"config\.json is not that of an export of this version \({said}"):
        nas.load(exported)


@pytest.mark.parametrize("text", ["{}", "[1]", "3"])
def test_a_config_of_another_form_is_refused(exported: Path, text: str) -> None:
    (exported / "config.json").write_text(text)
    said = r"config\.json is (not that of an export of this version|damaged .* not an object)"
    with pytest.raises(ValueError, match=said):
        nas.load(exported)


def test_damaged_or_missing_files_are_refused(exported: Path, tmp_path: Path) -> None:
    weights = exported / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged"):
        nas.load(exported)
    write_tensors(weights, {"other": torch.zeros(2)}, {})
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged: its sha256 is"):
        nas.load(exported)
    config = json.loads((exported / "config.json").read_text())
    del config["files"]["model.safetensors"]
    (exported / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"the weights in .* do not fit its config\.json"):
        nas.load(exported)
    weights.unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is missing; write the export again"):
        nas.load(exported)
    (exported / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        nas.load(str(exported))
    with pytest.raises(ValueError, match=r"no export in .*: it has no config\.json; write one with nas export RUN ID"):
        nas.load(tmp_path)


def test_an_export_has_every_form_and_says_what_each_costs(classifier: Path) -> None:
    config = json.loads((classifier / "config.json").read_text())
    written = {path.name: path.read_bytes() for path in classifier.iterdir()}
    assert set(written) == {"config.json", "README.md", *config["files"]}
    assert set(config["files"]) == {"model.safetensors", "model.pt2", "model.onnx", "model.int8.onnx"}
    for name, file in config["files"].items():
        assert file == {"bytes": len(written[name]), "sha256": sha256(written[name]).hexdigest()}
    card = written["README.md"].decode()
    times = config["latency_ms"]
    for key, words in (("eager", "PyTorch, eager"), ("onnx", "ONNX Runtime"), ("int8", "ONNX Runtime, 8 bits")):
        assert 0 < times[key]["low_ms"] <= times[key]["median_ms"] <= times[key]["high_ms"]
        assert f"| {words} | {times[key]['median_ms']:.3f} |" in card
    assert config["int8"]["float32"] == config["results"]["search_accuracy"]
    assert f"| int8 | {len(written['model.int8.onnx']):,} | {config['int8']['int8']:.4f} |" in card
    assert f"| ONNX against the reloaded network | {config['checks']['onnx']:.2g} |" in card
    assert "CC BY 4.0" in card


def test_the_card_quotes_flops_at_other_lengths_too(exported: Path) -> None:
    run = Run(exported.parents[1])
    (architecture,) = {result.architecture for result in run.retrained()}
    card = (exported / "README.md").read_text()
    for tokens in (4, 16, 64):
        assert f"| {Flops(tokens)(run.experiment.task, architecture):,.0f} |" in card


def test_the_lengths_of_a_translator_are_those_that_it_is_made_for(translator: Path) -> None:
    # its sentences have at most 30 subwords
    assert Run(translator).experiment.task.quoted_lengths() == [(30, 30)]
    assert Phrases().quoted_lengths() == [(30, 30), (60, 60)]
    assert Digits(patch_size=2).quoted_lengths() == [(16,), (64,), (256,)]


def test_ids_front_and_formats_are_chosen_on_the_command_line(
    finished_copy: Path, command: Callable[..., str], mistake: Callable[..., str]
) -> None:
    (identifier,) = {result.id for result in Run(finished_copy).retrained()}
    printed = command("export", finished_copy, "--front", "--formats", "pt2")
    assert printed.startswith(f"export  {finished_copy}/exports/{identifier}\n")
    names = {path.name for path in (finished_copy / "exports" / identifier).iterdir()}
    assert names == {"config.json", "README.md", "model.safetensors", "model.pt2"}
    for arguments, said in (
        (("--formats", "pt3"), "no format 'pt3'; there are: pt2, onnx"),
        (("--formats", "pt2", "--int8"), "weights of 8 bits are written as ONNX, which is not among the formats pt2"),
        ((identifier, "--front"), "name networks by their ids, or all of the front with --front, not both"),
        (("abc",), f"no retrained network 'abc' in {finished_copy}; there are: {identifier}"),
    ):
        assert mistake("export", finished_copy, *arguments) == said


def test_without_the_packages_of_onnx_the_rest_is_written_unless_onnx_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert formats_here(None) == ("pt2", "onnx")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    said = "ONNX needs onnxscript: pip install 'attention-nas[export]'"
    with caplog.at_level("INFO", logger="nas"):
        assert formats_here(None) == ("pt2",)
    assert [record.message for record in caplog.records] == [f"{said}; the exports are written without it"]
    with pytest.raises(ValueError, match=re.escape(said)):
        formats_here(["onnx"])
    assert formats_here(["pt2"]) == ("pt2",)
    assert formats_here([]) == ()


def test_a_kill_in_the_middle_leaves_the_export_of_before_and_the_next_one_clears_up(exported: Path) -> None:
    left = exported.with_name(f".{exported.name}.1.new")
    left.mkdir()
    (left / "model.safetensors").write_bytes(b"torn")
    export(Run(exported.parents[1]), exported.name, formats=())
    assert list(exported.parent.iterdir()) == [exported]
