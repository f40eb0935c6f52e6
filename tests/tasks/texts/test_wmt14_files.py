import shutil
import sys
from pathlib import Path

import pytest

from nas.tasks.base import DataError
from nas.tasks.texts.corpus import prepare
from nas.tasks.texts.corpus_files import CorpusSettings
from nas.tasks.texts.corpus_source import SPLITS
from nas.tasks.texts.parallel_text import read_parallel
from nas.tasks.texts.wmt14_files import WMT14, download, verify, write_missing, write_rows

ROWS = [
    {"translation": {"de": "Zwei\r\nZeilen „hier“", "en": "Two lines"}},
    {"translation": {"de": "", "en": "x\u2028y"}},
]


@pytest.fixture
def folder(wmt14_folder, tmp_path) -> Path:
    """The real newstests, and of the training pairs a few of their own; a test may change each."""
    for name in ("newstest2013.en", "newstest2013.de", "newstest2014.en", "newstest2014.de"):
        (tmp_path / name).write_bytes((wmt14_folder / name).read_bytes())
    for language in ("en", "de"):
        (tmp_path / f"train.{language}").write_text("a b c\n" * 5)
    return tmp_path


def error_of(folder: Path) -> str:
    with pytest.raises(DataError) as error:
        verify(folder)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_part_of_the_training_pairs_is_said_to_be_one(folder):
    expected = "5 training pairs: a part of it; newstest2013 and newstest2014 (3,003 lines) verified"
    assert verify(folder) == expected


def test_a_missing_last_newline_is_the_same_text(folder):
    path = folder / "newstest2014.de"
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    assert "verified" in verify(folder)


def test_the_smaller_official_test_set_is_known(folder, wmt14_folder):
    rows = [int(row) for row in (wmt14_folder / "newstest2014.filtered_2737.txt").read_text().split()]
    for language in ("en", "de"):
        path = folder / f"newstest2014.{language}"
        lines = path.read_text().split("\n")
        path.write_text("".join(f"{lines[row]}\n" for row in rows))
    assert "newstest2014 (2,737 lines) verified" in verify(folder)


def test_a_changed_test_set_is_refused(folder):
    path = folder / "newstest2014.de"
    path.write_text(path.read_text().replace("Gutach", "gutach", 1))
    message = error_of(folder)
    assert message.startswith(f"{path} is not newstest2014: its lines have the sha256 ")
    assert "instead of ae5d1104; put the plain text of newstest2014 in its place" in message


def test_a_test_set_of_another_length_is_refused(folder):
    for language in ("en", "de"):
        path = folder / f"newstest2014.{language}"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:100]))
    found = f"{folder / 'newstest2014.en'} is not newstest2014: 100 lines instead of 3,003 or 2,737; "
    assert error_of(folder).startswith(found)


def test_languages_that_were_swapped_are_found(folder):
    shutil.move(folder / "newstest2013.en", folder / "english")
    shutil.move(folder / "newstest2013.de", folder / "newstest2013.en")
    shutil.move(folder / "english", folder / "newstest2013.de")
    assert error_of(folder).startswith(f"{folder / 'newstest2013.en'} is not newstest2013: ")


def test_a_missing_newstest_is_named(folder):
    (folder / "newstest2013.de").unlink()
    assert error_of(folder).startswith(f"no file newstest2013.de in {folder}; there are the languages: en")


def test_the_newstests_are_split_and_prepared(folder, tmp_path):
    corpus = prepare(WMT14.files(folder), CorpusSettings(vocabulary=300), tmp_path / "cache", lambda done, words: None)
    assert [len(corpus.split(name)) for name in SPLITS] == [5, 2_000, 1_000, 3_003]
    assert corpus.texts("test") == read_parallel(folder / "newstest2014.en", folder / "newstest2014.de")
    assert corpus.texts("select").source == read_parallel(*WMT14.paths(folder, "newstest2013")).source[2::3]


def test_downloaded_rows_are_written_a_line_each(tmp_path):
    write_rows(ROWS, tmp_path / "new", "train")
    pairs = read_parallel(tmp_path / "new" / "train.en", tmp_path / "new" / "train.de")
    assert (pairs.source, pairs.target) == (["Two lines", "x\u2028y"], ["Zwei  Zeilen „hier“", ""])


def test_a_download_goes_on_with_the_part_at_which_it_was(tmp_path):
    loaded: list[str] = []

    def load(part: str):
        loaded.append(part)
        return ROWS

    for stem in ("newstest2014", "newstest2013"):
        write_missing(tmp_path, stem, load)
    (tmp_path / "newstest2013.de").unlink()
    for stem in ("newstest2014", "newstest2013", "train"):
        write_missing(tmp_path, stem, load)
    assert loaded == ["test", "validation", "validation", "train"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(WMT14.names())


def test_a_download_that_breaks_off_leaves_nothing_that_looks_whole(tmp_path):
    def rows():
        yield ROWS[0]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        write_rows(rows(), tmp_path, "train")
    assert not list(tmp_path.iterdir())


def test_without_the_package_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as error:
        download(tmp_path)
    how = 'pip install "attention-nas[data]" downloads it, or name a folder that holds it with --data FOLDER'
    assert str(error.value) == f"no wmt14_en_de in {tmp_path}; {how}"
    assert not list(tmp_path.iterdir())
