import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nas.tasks.base import DataError
from nas.tasks.texts.corpus import Corpus, pairs_to_prepare, prepare
from nas.tasks.texts.corpus_files import CorpusSettings
from nas.tasks.texts.corpus_source import SPLITS, FileSplit, PairsInMemory, ParallelFiles
from nas.tasks.texts.parallel_text import Pairs

WORDS = {"hund": "dog", "häuser": "houses", "straße": "road", "größe": "size", "„zitat“": '"quote"', "2014": "2014"}
SETTINGS = CorpusSettings(vocabulary=400, most_tokens=40)


def sentences(count: int, seed: int) -> Pairs:
    rng = random.Random(seed)
    drawn = [rng.choices(list(WORDS), k=rng.randint(1, 12)) for _ in range(count)]
    return Pairs([" ".join(WORDS[word] for word in row) for row in drawn], [" ".join(row) for row in drawn])


def source_of(count: int = 3_000, **changes: Pairs) -> PairsInMemory:
    sizes = {"train": count, "search": 20, "select": 10, "test": 30}
    splits = {name: sentences(size, seed) for seed, (name, size) in enumerate(sizes.items())}
    return PairsInMemory({**splits, **changes})


SOURCE = source_of()


def silent(done: int, words: str) -> None:
    """Progress that nobody watches."""


def made(cache: Path, source=SOURCE, settings: CorpusSettings = SETTINGS) -> Corpus:
    return prepare(source, settings, cache, silent)


def contents(cache: Path) -> dict[str, bytes]:
    """All files but those that a kill left beside."""
    paths = (path for path in cache.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(cache)): path.read_bytes() for path in paths}


def error_of(action: Callable[[], object]) -> str:
    with pytest.raises(DataError) as error:
        action()
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The cache of one corpus, not to be written to."""
    cache = tmp_path_factory.mktemp("undisturbed")
    made(cache)
    return cache


@pytest.fixture
def copied(undisturbed, tmp_path) -> Path:
    """The same, as a copy that a test may change."""
    return shutil.copytree(undisturbed, tmp_path / "copied")


def test_tokens_are_those_of_the_texts_row_by_row(undisturbed):
    corpus = made(undisturbed)
    for name in SPLITS:
        pairs, texts = corpus.split(name), SOURCE.splits[name]
        assert len(pairs) == len(texts)
        assert [pairs.source(row).tolist() for row in range(len(pairs))] == corpus.subwords.encode(texts.source)
        assert [pairs.target(row).tolist() for row in range(len(pairs))] == corpus.subwords.encode(texts.target)
        assert pairs.source_lengths.tolist() == [len(pairs.source(row)) for row in range(len(pairs))]
        assert pairs.target_lengths.tolist() == [len(pairs.target(row)) for row in range(len(pairs))]


def test_texts_of_evaluations_are_kept_exactly(tmp_path):
    odd = Pairs(["two  spaces ", "a\u2028b", " tab\t"], ["ä\r…", "x\x0by", "😀"])
    assert made(tmp_path, source_of(test=odd)).texts("test") == odd


def test_texts_of_training_pairs_are_not_kept(undisturbed):
    with pytest.raises(ValueError, match="no texts of the training pairs"):
        made(undisturbed).texts("train")


def test_tokens_cannot_be_written_to(undisturbed):
    with pytest.raises(ValueError, match="read-only"):
        made(undisturbed).split("train").source(0)[0] = 1


def test_a_prepared_corpus_is_opened_without_work(undisturbed):
    before = contents(undisturbed)

    def refuse(done: int, words: str) -> None:
        raise AssertionError

    assert pairs_to_prepare(SOURCE, SETTINGS, undisturbed) == 0
    assert prepare(SOURCE, SETTINGS, undisturbed, refuse).summary == made(undisturbed).summary
    assert contents(undisturbed) == before


def test_other_texts_and_other_settings_are_prepared_apart(tmp_path):
    small = source_of(50)
    settings = (SETTINGS, replace(SETTINGS, most_tokens=39), replace(SETTINGS, train_pairs=20))
    folders = {made(tmp_path, small, each).folder for each in settings} | {made(tmp_path, source_of(51)).folder}
    assert len(folders) == len(list(tmp_path.iterdir())) == 4


def test_progress_goes_up_to_the_number_of_pairs(tmp_path):
    total = pairs_to_prepare(SOURCE, SETTINGS, tmp_path)
    told: list[int] = []
    prepare(SOURCE, SETTINGS, tmp_path, lambda done, words: told.append(done))
    assert told == sorted(told)
    assert told[-1] == total == 3_060
    assert 1_000 in told


def test_training_pairs_of_no_use_are_skipped_and_counted(tmp_path):
    good, long = sentences(500, 0), "dog " * 41
    source = [*good.source, "", "dog", " ", long, "dog", "dog dog"]
    target = [*good.target, "hund", "\u00a0", "hund", "hund", "hund " * 13, "hund " * 14]
    corpus = made(tmp_path, source_of(train=Pairs(source, target)))
    assert len(corpus.split("train")) == 501
    assert corpus.split("train").target_lengths[-1] == 14
    skipped = "3 empty, 1 too long, 1 target too long for its source skipped"
    assert corpus.summary.startswith(f"501 train pairs ({skipped}), 20 search, 10 select, 30 test; ")


def test_of_evaluation_pairs_only_empty_ones_are_skipped(tmp_path):
    corpus = made(tmp_path, source_of(test=Pairs(["dog", "", "dog " * 50], ["hund " * 50, "hund", "hund"])))
    assert corpus.texts("test") == Pairs(["dog", "dog " * 50], ["hund " * 50, "hund"])
    assert corpus.split("test").source_lengths.tolist() == [1, 50]
    assert "2 test (1 empty skipped); " in corpus.summary


def test_the_summary_says_the_vocabulary(undisturbed):
    corpus = made(undisturbed)
    end = f"; {corpus.subwords.size:,} subwords, sha256 {corpus.subwords.sha256[:8]}"
    # the few short sentences of six words occur again
    assert corpus.summary.startswith(f"3,000 train pairs, 20 search, 10 select, 30 test{end}")


def test_test_lines_that_were_seen_before_are_counted(tmp_path):
    train, search = sentences(500, 0), sentences(20, 1)
    fresh = "dog size " * 20
    test = Pairs([train.source[3].upper(), f"  {train.source[9]} ", fresh, search.source[2]], ["hund"] * 4)
    known = {line.lower() for line in train.source}
    count = 2 + (search.source[2] in known)
    corpus = made(tmp_path, source_of(train=train, search=search, test=test))
    assert f"; of 4 test sources {count} are in train and 1 is in validation" in corpus.summary


def test_a_test_of_the_validation_pairs_is_refused(tmp_path):
    search, select = sentences(20, 1), sentences(10, 2)
    test = Pairs([*search.source, *select.source], [line.upper() for line in (*search.target, *select.target)])
    message = error_of(lambda: made(tmp_path, source_of(search=search, select=select, test=test)))
    assert "test pairs are validation pairs too, by which networks are chosen; test with pairs of their own" in message
    assert not list(tmp_path.rglob("*.model"))


def test_fewer_training_pairs_are_spread_evenly(tmp_path):
    corpus = made(tmp_path, settings=replace(SETTINGS, train_pairs=30))
    pairs, texts = corpus.split("train"), SOURCE.splits["train"].source[99::100]
    assert corpus.subwords.decode([pairs.source(row) for row in range(len(pairs))]) == texts


def test_more_training_pairs_than_there_are_is_a_mistake(tmp_path):
    message = error_of(lambda: made(tmp_path, settings=replace(SETTINGS, train_pairs=3_001)))
    assert message.startswith("asked for 3,001 training pairs, found 3,000")


def test_a_split_with_nothing_left_is_told_with_what_was_skipped(tmp_path):
    source = source_of(train=Pairs(["dog houses"] * 9, ["hund"] * 9))
    message = error_of(lambda: made(tmp_path, source, CorpusSettings(vocabulary=400, most_tokens=1)))
    assert message.startswith("no train pairs are left: 9 too long skipped")


def test_a_damaged_text_is_named_and_prepared_once_it_is_whole(tmp_path, undisturbed):
    splits = {}
    for name, pairs in SOURCE.splits.items():
        files = tmp_path / f"{name}.en", tmp_path / f"{name}.de"
        for path, lines in zip(files, (pairs.source, pairs.target), strict=True):
            path.write_text("".join(f"{line}\n" for line in lines))
        splits[name] = FileSplit(*files)
    whole = (tmp_path / "train.de").read_bytes()
    (tmp_path / "train.de").write_bytes(b"\xff" + whole)
    files = ParallelFiles(splits)
    assert f"{tmp_path / 'train.de'}, line 1 is not UTF-8" in error_of(lambda: made(tmp_path / "cache", files))
    (tmp_path / "train.de").write_bytes(whole)
    corpus = made(tmp_path / "cache", files)
    assert contents(corpus.folder) == contents(made(undisturbed).folder)


def run_until(cache: Path, advance: Callable[[int, str], None], seconds: float | None = None) -> int:
    """Prepares in a process of its own, killed after `seconds`; its exit code."""
    process = multiprocessing.get_context("fork").Process(target=prepare, args=(SOURCE, SETTINGS, cache, advance))
    process.start()
    process.join(seconds)
    if seconds is not None:
        process.kill()
    process.join()
    return process.exitcode


@pytest.mark.parametrize("calls", range(1, 10))
def test_preparing_killed_at_any_step_goes_on_to_the_same_bytes(tmp_path, undisturbed, calls):
    told = 0

    def die(done: int, words: str) -> None:
        nonlocal told
        told += 1
        if told == calls:
            os.kill(os.getpid(), signal.SIGKILL)

    assert run_until(tmp_path, die) == -signal.SIGKILL
    made(tmp_path)
    assert contents(tmp_path) == contents(undisturbed)


def test_preparing_killed_at_random_moments_again_and_again_ends_in_the_same_bytes(tmp_path, undisturbed):
    rng = random.Random(0)
    started = time.perf_counter()
    assert run_until(tmp_path / "whole", silent) == 0
    seconds = time.perf_counter() - started
    for number in range(6):
        cache = tmp_path / str(number // 3)
        run_until(cache, silent, rng.uniform(0, seconds))
        if number % 3 == 2:
            made(cache)
            assert contents(cache) == contents(undisturbed)


def test_what_was_finished_before_a_kill_is_kept(tmp_path):
    def die(done: int, words: str) -> None:
        if words == "test encoded":
            os.kill(os.getpid(), signal.SIGKILL)

    assert run_until(tmp_path, die) == -signal.SIGKILL
    (folder,) = tmp_path.iterdir()
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    made(tmp_path)
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"corpus.json"}


def test_a_file_lost_before_the_end_is_made_again(copied, undisturbed):
    folder = made(copied).folder
    for name in ("subwords.model", "train.json", "train.source.tokens", "test.target.txt", "search.source.offsets"):
        (folder / "corpus.json").unlink()
        (folder / name).unlink()
        made(copied)
        assert contents(copied) == contents(undisturbed)


def test_two_processes_may_prepare_the_same_corpus_at_once(tmp_path, undisturbed):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=prepare, args=(SOURCE, SETTINGS, tmp_path, silent)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert contents(tmp_path) == contents(undisturbed)
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("name", ["train.source.tokens", "test.target.txt", "search.target.offsets"])
def test_a_file_of_another_size_is_named(copied, name):
    folder = made(copied).folder
    size = (folder / name).stat().st_size
    os.truncate(folder / name, 10)
    expected = f"{folder / name} is damaged: 10 bytes instead of {size:,}; delete {folder} to prepare it again"
    assert error_of(lambda: made(copied)) == expected
    (folder / name).unlink()
    assert error_of(lambda: made(copied)) == f"{folder / name} is missing; delete {folder} to prepare it again"


def test_a_changed_vocabulary_is_found(copied, tmp_path):
    folder = made(copied).folder
    other = made(tmp_path / "other", source_of(200)).folder
    (folder / "subwords.model").write_bytes((other / "subwords.model").read_bytes())
    message = error_of(lambda: made(copied))
    assert message.startswith(f"{folder / 'subwords.model'} is damaged: its sha256 is ")
    assert message.endswith(f"; delete {folder} to prepare it again")


@pytest.mark.parametrize("damage", [b"", b"abc"])
def test_a_damaged_vocabulary_is_named(copied, damage):
    folder = made(copied).folder
    (folder / "subwords.model").write_bytes(damage)
    message = error_of(lambda: made(copied))
    assert str(folder / "subwords.model") in message
    assert message.endswith(f"delete {folder} to prepare it again")


@pytest.mark.parametrize("damage", ['{"splits": ', "{}", "[]", json.dumps({"splits": {"train": {}}}), '{"splits": 1}'])
def test_a_damaged_record_is_named(copied, damage):
    folder = made(copied).folder
    (folder / "corpus.json").write_text(damage)
    message = error_of(lambda: made(copied))
    assert message.startswith(f"{folder / 'corpus.json'} ")
    assert message.endswith(f"; delete {folder} to prepare it again")
