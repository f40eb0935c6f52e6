"""The guide's file and commands, as they stand in it."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nas.evaluators.flops import Flops
from nas.experiment.loading import load
from nas.search_space import presets
from nas.tasks.parallel_folder import MULTI30K
from tests.docs.guides import ROOT, blocks, commands, short, table_rows

GUIDE = "translation.md"
PRESETS = ("tiny_translation", "small_translation", "hat_wmt14", "mixformer_wmt14")


@pytest.fixture
def _talks(folder: Path, parallel_root: Path) -> None:
    """The guide's file in the working directory, with texts in two languages."""
    (folder / "talks.py").write_text(blocks(GUIDE, "python")[0], encoding="utf-8")
    (folder / "talks").mkdir()
    for path in parallel_root.iterdir():
        language = {"en": "fr", "de": "it"}[path.suffix[1:]]
        shutil.copyfile(path, folder / "talks" / f"{path.stem}.{language}")


def test_the_table_of_spaces_is_what_the_presets_have() -> None:
    rows = table_rows(GUIDE)
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


@pytest.mark.usefixtures("_talks")
def test_the_guide_s_experiment_reads_the_guide_s_files() -> None:
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
@pytest.mark.usefixtures("_talks")
def test_the_guide_s_commands_run_in_their_order(
    folder: Path,
    parallel_root: Path,
    have_run: Callable[[str], None],
    command: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    have_run("phrases")
    # files of the names and languages of Multi30k, with few sentences
    (folder / "DATA" / MULTI30K.folder).mkdir(parents=True)
    for path in parallel_root.iterdir():
        stem = {"train": MULTI30K.train, "val": MULTI30K.validation, "test": MULTI30K.test}[path.stem]
        shutil.copyfile(path, folder / "DATA" / MULTI30K.folder / f"{stem}{path.suffix}")
    for words in commands(GUIDE):
        if "|" in words:
            _, said, bar, *words = words
            assert bar == "|"
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said.encode())))
        few = ["--task.vocabulary", "500"] if "multi30k" in " ".join(words) else []
        printed = command(*short(words), *few)
        if words[1] == "predict":
            assert printed.count("\n") == 1
    assert "sacreBLEU" in Path("results/talks/report/index.html").read_text(encoding="utf-8")
    assert "phrase table" in Path("results/phrases/report/bleu.md").read_text(encoding="utf-8")
