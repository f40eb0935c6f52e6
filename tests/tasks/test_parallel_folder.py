from pathlib import Path

import pytest

from nas.tasks.base import DataError
from nas.tasks.parallel_folder import MULTI30K, ParallelFolder
from nas.tasks.texts.corpus_source import SPLITS

SMALL = ParallelFolder("small_en_de")


def write(folder: Path, names: list[str], count: int = 6) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("".join(f"{name} {number}\n" for number in range(count)))
    return folder


def error_of(folder: ParallelFolder, root: Path) -> str:
    with pytest.raises(DataError) as error:
        folder.files(root)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_folder_is_found_by_itself_and_in_a_folder_of_data_sets(tmp_path):
    folder = write(tmp_path / "small_en_de", SMALL.names())
    assert SMALL.find(folder) == SMALL.find(tmp_path) == folder
    assert SMALL.files(folder).identity() == SMALL.files(tmp_path).identity()


def test_each_split_has_its_lines(tmp_path):
    files = SMALL.files(write(tmp_path, SMALL.names()))
    rows = {name: [int(source.split()[1]) for source, _ in files.pairs(name)] for name in SPLITS}
    everything = [0, 1, 2, 3, 4, 5]
    assert rows == {"train": everything, "search": [0, 1, 3, 4], "select": [2, 5], "test": everything}
    assert next(iter(files.pairs("test"))) == ("test.en 0", "test.de 0")
    assert next(iter(files.pairs("search"))) == ("val.en 0", "val.de 0")


def test_the_direction_may_be_turned(tmp_path):
    turned = ParallelFolder("small_en_de", source="de", target="en")
    files = turned.files(write(tmp_path, SMALL.names()))
    assert next(iter(files.pairs("train"))) == ("train.de 0", "train.en 0")


def test_a_language_that_is_not_there_is_told_which_are(tmp_path):
    write(tmp_path, SMALL.names())
    message = error_of(ParallelFolder("small_en_de", target="xx"), tmp_path)
    assert message == f"no file train.xx in {tmp_path}; there are the languages: de, en"


def test_a_missing_file_is_named(tmp_path):
    write(tmp_path, SMALL.names())
    (tmp_path / "val.de").unlink()
    assert error_of(SMALL, tmp_path).startswith(f"no file val.de in {tmp_path}; ")


def test_a_folder_without_the_data_is_told_what_it_needs(tmp_path):
    needed = "--data needs the folder with train.en, train.de, val.en, val.de, test.en, test.de, or the folder in which"
    assert error_of(SMALL, tmp_path).startswith(f"no small_en_de in {tmp_path}; {needed}")
    assert error_of(SMALL, tmp_path / "none").startswith(f"no folder {tmp_path / 'none'}; {needed}")


def test_multi30k_is_read_as_it_is_published(multi30k_folder):
    files = MULTI30K.files(multi30k_folder)
    assert [files.count(name) for name in SPLITS] == [29_000, 676, 338, 1_000]
    first = next(iter(files.pairs("test")))
    assert first == (
        "A man in an orange hat starring at something.",
        "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt.",
    )
