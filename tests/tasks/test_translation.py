"""What translation tasks share: batches of sentences, translation of lines, costs at lengths."""

import lzma
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nas.evaluators.flops import Flops
from nas.models.decoding import Decoding, decode
from nas.models.seq2seq import BEGIN, END, PAD
from nas.search_space.presets import tiny_translation
from nas.tasks.base import DataError
from nas.tasks.parallel import Parallel
from nas.tasks.parallel_folder import ParallelFolder
from nas.tasks.phrases import Phrases
from nas.tasks.texts.corpus_files import CorpusSettings
from nas.tasks.translate import translate
from nas.tasks.translation import TranslationTask
from nas.tasks.wmt14 import Wmt14


@pytest.fixture
def task(parallel_root: Path) -> TranslationTask:
    return Parallel(vocabulary=500).with_data(parallel_root)


def test_a_target_is_read_from_its_beginning_and_said_to_its_end(task):
    batch = task.train_batch(0, 200, seed=0)
    source, target = batch.inputs
    subwords = task.corpus().subwords
    for read, said in zip(target, batch.targets, strict=True):
        length = int((said != PAD).sum())
        assert read[0] == BEGIN
        assert said[length - 1] == END
        assert read[1:length].tolist() == said[: length - 1].tolist()
    assert all(END in row for row in source)
    english, german = subwords.decode(source.tolist()), subwords.decode(batch.targets.tolist())
    assert [line.replace("the number", "die Zahl").replace("of", "von") for line in english] == german


def test_an_epoch_reads_every_training_pair_once(task):
    subwords, seen, step = task.corpus().subwords, [], 0
    while len(seen) < 300:
        seen += subwords.decode(task.train_batch(step, 200, seed=1).inputs[0].tolist())
        step += 1
    assert len(seen) == len(set(seen)) == 300


def test_lines_are_translated_in_their_order_whatever_the_batches(task):
    torch.manual_seed(0)
    network, subwords = task.build(tiny_translation().smallest()).eval(), task.corpus().subwords
    lines = [*task.texts("test").source[:5], "", "of", "  "]
    decoding = Decoding(beam=2, most_tokens=6)
    found = translate(network, subwords, lines, decoding)
    assert found == translate(network, subwords, lines, decoding, batch_tokens=1)
    assert (found[5], found[7]) == ("", "")
    tokens = torch.tensor([[*subwords.encode([lines[3]])[0], END]])
    assert found[3] == subwords.decode(decode(network, tokens, decoding))[0]


def test_costs_are_quoted_at_30_tokens_unless_asked_otherwise(task):
    architecture = tiny_translation().smallest()
    assert task.cost_setting() == "30 tokens to 30 tokens"
    assert Flops(length=30)(task, architecture) == Flops()(task, architecture) < Flops(length=60)(task, architecture)
    assert Flops(length=30, target_length=20)(task, architecture) < Flops()(task, architecture)
    names = [Flops(length=30, target_length=20, of="body").name, Flops(length=60).name]
    assert names == ["body_flops@30-20", "flops@60"]


def test_costs_need_no_data():
    assert Flops()(Parallel(), tiny_translation().smallest()) > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing needs a number from 0 to below 1; found 1.0"),
        ({"quoted": (0, 3)}, "quoted needs a tuple of a whole number from 1 to 131,072 and"),
        ({"longest": 0}, "longest needs a whole number from 1 to 100,000; found 0"),
    ],
)
def test_settings_without_meaning_are_refused(task, change, message):
    with pytest.raises(ValueError, match=message):
        replace(task, **change)


def test_a_batch_below_the_longest_pair_is_refused(task):
    with pytest.raises(ValueError, match=r"a batch of 5 tokens cannot hold the .* tokens of the longest pair"):
        task.train_batch(0, 5, seed=0)


def test_a_task_without_a_folder_says_what_it_reads():
    with pytest.raises(DataError, match=r"task parallel reads train\.en, train\.de.* --data"):
        Parallel().prepare()


def test_an_unknown_language_says_which_there_are(parallel_root):
    task = Parallel(files=ParallelFolder("parallel", target="xx")).with_data(parallel_root)
    with pytest.raises(DataError, match=r"train\.xx.* de, en"):
        task.prepare()


def damage(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.de", b"eins\nzwei\n", "300"),
        ("val.en", b"\xff\xfe broken\n" * 30, "UTF-8"),
        ("test.de", b"", "30"),
    ],
)
def test_damaged_texts_are_one_clear_line(parallel_root, tmp_path, name, content, message):
    for path in parallel_root.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damage(tmp_path, name, content)
    with pytest.raises(DataError, match=message) as error:
        Parallel(vocabulary=500).with_data(tmp_path).prepare()
    assert "\n" not in str(error.value)


def test_what_training_skips_is_counted(parallel_root, tmp_path):
    for path in parallel_root.iterdir():
        text = path.read_text().removesuffix("\n")
        extra = ["", "one", "many " * 80] if path.name.endswith("en") else ["leer", "sehr " * 40, "viele " * 80]
        (tmp_path / path.name).write_text("\n".join([text, *extra]) if path.name.startswith("train") else text)
    line = Parallel(vocabulary=500, longest=60).with_data(tmp_path).prepare()
    assert "300 train pairs" in line
    for count in ("1 empty", "1 too long", "1 target too long for its source"):
        assert count in line


def test_wmt14_reads_a_part_of_the_training_pairs(translation_root):
    task = Wmt14(vocabulary=1_000, train_pairs=500).with_data(translation_root)
    assert task.corpus_settings() == CorpusSettings(1_000, 128, 500)
    line = task.prepare()
    assert "90,324 training pairs: a part of it" in line
    assert "2,000 search, 1,000 select, 3,003 test" in line
    with lzma.open(translation_root / "wmt14_en_de" / "train.en.xz", "rt", encoding="utf-8") as file:
        assert sum(1 for _ in file) == 90_324
    newstest = (translation_root / "wmt14_en_de" / "newstest2014.de").read_text(encoding="utf-8").split("\n")
    assert task.texts("test").target == newstest[:3_003]


def test_phrases_are_known_by_what_makes_them():
    source = Phrases().source()
    assert source.identity() == Phrases(dropout=0.1).source().identity()
    assert len(source.identity()) == 64
