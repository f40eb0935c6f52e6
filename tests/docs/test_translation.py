"""The guide's file and commands, as they stand in it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nas.evaluators.flops import Flops
from nas.experiment.loading import load
from nas.search_space import presets
from nas.tasks.parallel_folder import MULTI30K

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "translation.md").read_text(encoding="utf-8")
# seconds instead of minutes
SHORT = "--supernet.steps 30 --supernet.warmup_steps 3 --evaluations 6 --anchors 1 --selection.top 1"
SHORT += " --retrain.steps 30 --retrain.warmup_steps 3 --retrain.average_every 2 --selection.homogeneous false"
PRESETS = ("tiny_translation", "small_translation", "hat_wmt14", "mixformer_wmt14")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parallel_root: Path) -> Path:
    """The working directory, with the guide's file and texts in two languages."""
    (tmp_path / "talks.py").write_text(blocks("python")[0], encoding="utf-8")
    (tmp_path / "talks").mkdir()
    for path in parallel_root.iterdir():
        language = {"en": "fr", "de": "it"}[path.suffix[1:]]
        (tmp_path / "talks" / f"{path.stem}.{language}").write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_that_the_guide_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_table_of_spaces_is_what_the_presets_have() -> None:
    rows = {
        cells[0]: cells[1:]
        for line in GUIDE.splitlines()
        if line.startswith("|")
        for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
    }
    assert rows[""] == [f"`{name}`" for name in PRESETS]
    spaces = [getattr(presets, name)() for name in PRESETS]

    def written(options: tuple[int, ...]) -> set[str]:
        whole = ", ".join(map(str, options))
        return {whole, f"{options[0]} to {options[-1]}"}

    for place, space in enumerate(spaces):
        assert rows["width of encoder and of decoder"][place] in written(space.encoder.embed_dim)
        assert rows["encoder layers"][place] in written(space.encoder.depth)
        assert rows["decoder layers"][place] in written(space.decoder.depth)
        assert rows["heads at each site"][place] in written(space.decoder.num_heads)
        assert rows["width of queries, keys, values"][place] == str(space.decoder.qkv_dim)
        assert rows["FFN"][place] in written(space.decoder.ffn_dim)
        seen = tuple(n for n in space.decoder.cross_layers if n <= max(space.encoder.depth))
        assert rows["encoder layers that a decoder layer sees"][place] in written(seen)


def test_the_guide_s_experiment_reads_the_guide_s_files(folder: Path) -> None:
    experiment = load("talks.py").experiment
    assert "300 train pairs" in experiment.task.with_data(Path()).prepare()
    names = [cost.name for cost in experiment.costs]
    assert names == ["body_flops", "flops@100", "flops@30-40", "body_parameters"]
    assert all(cost(experiment.task, experiment.space.smallest()) > 0 for cost in experiment.costs)


def test_every_variant_of_the_wmt14_experiment_is_one() -> None:
    for variant in ("cpu", "multi30k", "gpu", "paper"):
        experiment = load(str(ROOT / "experiments" / f"wmt14.py:{variant}")).experiment
        assert Flops(of="body")(experiment.task, experiment.space.smallest()) < 1.3e9


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_guide_s_commands_run_in_their_order(folder: Path, parallel_root: Path) -> None:
    (folder / "experiments").symlink_to(ROOT / "experiments")
    # files of the names and languages of Multi30k, with few sentences
    (folder / "DATA" / MULTI30K.folder).mkdir(parents=True)
    for path in parallel_root.iterdir():
        stem = {"train": MULTI30K.train, "val": MULTI30K.validation, "test": MULTI30K.test}[path.stem]
        (folder / "DATA" / MULTI30K.folder / f"{stem}{path.suffix}").write_bytes(path.read_bytes())
    for command in commands():
        done = subprocess.run(
            ["bash", "-c", in_short(command)], capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if "predict" in command:
            assert done.stdout.count("\n") == 1
    assert "sacreBLEU" in Path("results/talks/report/index.html").read_text(encoding="utf-8")
    assert "phrase table" in Path("results/phrases/report/bleu.md").read_text(encoding="utf-8")


def in_short(command: str) -> str:
    """The guide's command with few steps, and the id of a network that there is."""
    if "nas run" in command:
        command += f" {SHORT}"
    if "multi30k" in command:
        command += " --task.vocabulary 500"
    for found in Path("results/phrases/exports").glob("*"):
        command = command.replace("exports/ID", f"exports/{found.name}")
    return command.replace("nas ", f"{shlex.quote(sys.executable)} -m nas ")
