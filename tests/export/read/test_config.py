"""Exports from anybody: names that lead elsewhere, and files that are not what was written."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import nas
from nas.export.read.config import fingerprint, read_config
from nas.export.read.hub import HubNetwork
from nas.system.files import read_json, write_json
from nas.system.tensors import read_tensors, write_tensors


def changed(export: Path, **values: Any) -> Path:
    """The export with other entries in its config."""
    write_json(export / "config.json", {**read_json(export / "config.json"), **values})
    return export


@pytest.mark.parametrize("name", ["../conftest.py", "/etc/passwd", "a/b", "..", ".", "", "C:a", "a\\b", "a\0b"])
def test_a_name_that_leads_out_of_the_folder_is_refused_and_nothing_is_written(
    classifier_copy: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "conftest.py").write_text("outside")
    files = read_json(classifier_copy / "config.json")["files"]
    changed(classifier_copy, files={**files, name: {"bytes": 1, "sha256": "0" * 64}})
    for use in (nas.load, read_config, HubNetwork.from_pretrained):
        with pytest.raises(ValueError, match="is no plain name of a file in the export's folder"):
            use(classifier_copy)
    assert (tmp_path / "conftest.py").read_text() == "outside"


def test_a_link_out_of_the_folder_is_refused(classifier_copy: Path, tmp_path: Path) -> None:
    shutil.move(classifier_copy / "model.safetensors", tmp_path / "outside")
    (classifier_copy / "model.safetensors").symlink_to(tmp_path / "outside")
    with pytest.raises(ValueError, match=r"model\.safetensors is a link out of the export's folder"):
        nas.load(classifier_copy)


def test_weights_that_are_not_those_that_were_written_are_refused(classifier_copy: Path) -> None:
    path = classifier_copy / "model.safetensors"
    whole = path.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-5], whole + b"0"):
        path.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r"model\.safetensors is damaged: its sha256 is .*; write the export again"
        ):
            nas.load(classifier_copy)
    path.unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is missing; write the export again"):
        nas.load(classifier_copy)


def test_an_export_without_fingerprints_is_loaded_with_what_it_has(classifier_copy: Path) -> None:
    config = read_json(classifier_copy / "config.json")
    del config["files"]
    write_json(classifier_copy / "config.json", config)
    assert not nas.load(classifier_copy).training
    path = classifier_copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged.*; write the export again"):
        nas.load(classifier_copy)


def test_weights_that_are_not_finite_or_of_other_shapes_are_refused(classifier_copy: Path) -> None:
    path = classifier_copy / "model.safetensors"
    files = read_json(classifier_copy / "config.json")["files"]
    weights, metadata = read_tensors(path)
    name = next(iter(weights))
    for other, said in (
        ({**weights, name: weights[name] / 0}, f"are not all finite: {name}"),
        ({**weights, name: weights[name][:1]}, rf"do not fit its config\.json: {name} has the shape"),
        ({**weights, "more": weights[name]}, r"do not fit its config\.json: more has the shape"),
    ):
        write_tensors(path, other, metadata)
        changed(classifier_copy, files={**files, "model.safetensors": fingerprint(path)})
        with pytest.raises(ValueError, match=said):
            nas.load(classifier_copy)


def test_sizes_that_the_weights_do_not_have_are_refused_before_they_take_memory(classifier_copy: Path) -> None:
    architecture = read_json(classifier_copy / "config.json")["architecture"]
    architecture["encoder"]["embed_dim"] = 8 * 10**11
    with pytest.raises(ValueError, match=r"config\.json"):
        nas.load(changed(classifier_copy, architecture=architecture))


@pytest.mark.parametrize(
    "values",
    [{"architecture": []}, {"architecture": None}, {"settings": []}, {"settings": None}, {"files": []},
     {"files": {"a": 1}}, {"family": 1}],
)  # fmt: skip
def test_a_config_of_other_types_is_refused_in_one_line(classifier_copy: Path, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"config\.json is not that of an export of this version") as refused:
        nas.load(changed(classifier_copy, **values))
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("text", ["[" * 100_000, "1", "[]", "null", '"a"', "{", "", "9" * 10_000])
def test_a_file_that_is_no_config_is_refused_in_one_line(classifier_copy: Path, text: str) -> None:
    (classifier_copy / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json is (damaged|not that of an export)") as refused:
        nas.load(classifier_copy)
    assert "\n" not in str(refused.value)
