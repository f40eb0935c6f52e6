"""Hugging Face's own mixin saves and loads exports; nothing here asks the network."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard, PyTorchModelHubMixin
from torch.testing import assert_close

import nas
from nas.export.read.hub import HubNetwork
from nas.tasks.digits import Digits


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_export_is_loaded_and_saved_whole_by_the_mixin(classifier: Path, tmp_path: Path) -> None:
    loaded = HubNetwork.from_pretrained(classifier)
    (images,) = next(Digits().batches("test", 20)).inputs
    with torch.no_grad():
        assert_close(loaded(images), nas.load(classifier)(images), rtol=0, atol=0)
    loaded.save_pretrained(tmp_path / "saved")
    assert contents(tmp_path / "saved") == contents(classifier)
    assert {"model.onnx", "model.int8.onnx", "model.pt2", "README.md"} < contents(classifier).keys()
    # what sends it is the mixin's own, which saves into a folder and uploads that
    assert HubNetwork.push_to_hub is PyTorchModelHubMixin.push_to_hub


def test_an_export_is_saved_over_itself(classifier_copy: Path) -> None:
    before = contents(classifier_copy)
    HubNetwork.from_pretrained(classifier_copy).save_pretrained(classifier_copy)
    assert contents(classifier_copy) == before


def test_what_was_downloaded_from_the_hub_is_a_whole_export(translator: Path, tmp_path: Path) -> None:
    (export,) = (translator / "exports").iterdir()
    # as the hub's client lays out what it has downloaded
    repository = tmp_path / "models--someone--translator"
    shutil.copytree(export, repository / "snapshots" / ("0" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    loaded = HubNetwork.from_pretrained("someone/translator", cache_dir=tmp_path, local_files_only=True)
    loaded.save_pretrained(tmp_path / "saved")
    assert contents(tmp_path / "saved") == contents(export)


def test_weights_that_changed_leave_what_was_measured_behind(translator: Path, tmp_path: Path) -> None:
    (export,) = (translator / "exports").iterdir()
    changed = HubNetwork.from_pretrained(export)
    with torch.no_grad():
        changed.network.decoder_norm.weight.add_(1)
    changed.save_pretrained(tmp_path / "saved")
    saved = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert {"results", "checks"} <= json.loads((export / "config.json").read_text()).keys() - saved.keys()
    assert set(saved["files"]) == {"model.safetensors", "subwords.model"}
    assert set(contents(tmp_path / "saved")) == {"config.json", "model.safetensors", "subwords.model", "README.md"}
    weights = nas.load(tmp_path / "saved").state_dict()
    assert_close(dict(weights), dict(changed.network.state_dict()), rtol=0, atol=0)


def test_what_belongs_to_other_weights_leaves_the_folder(classifier_copy: Path, tmp_path: Path) -> None:
    (classifier_copy / "notes.txt").write_text("mine")
    card = (classifier_copy / "README.md").read_text()
    trained = HubNetwork.from_pretrained(classifier_copy)
    with torch.no_grad():
        next(trained.network.parameters()).add_(1)
    trained.save_pretrained(classifier_copy)
    assert set(contents(classifier_copy)) == {"config.json", "model.safetensors", "README.md", "notes.txt"}
    assert (classifier_copy / "README.md").read_text() != card
    assert_close(dict(nas.load(classifier_copy).state_dict()), dict(trained.network.state_dict()), rtol=0, atol=0)


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "model.onnx").symlink_to(tmp_path / "mine")
    HubNetwork.from_pretrained(classifier).save_pretrained(tmp_path / "saved")
    assert (tmp_path / "mine").read_text() == "mine"
    assert contents(tmp_path / "saved") == contents(classifier)


def test_the_card_says_to_the_hub_what_it_is(classifier: Path) -> None:
    card = ModelCard.load(classifier / "README.md")
    assert card.data.library_name == "attention-nas"
    assert card.data.pipeline_tag == "image-classification"
    assert "neural-architecture-search" in card.data.tags


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no export in .*: it has no config\.json"):
        HubNetwork.from_pretrained(tmp_path)
