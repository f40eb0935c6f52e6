from pathlib import Path

import pytest

from nas.tasks.base import DataError
from nas.tasks.texts.corpus_source import SPLITS, FileSplit, PairsInMemory, ParallelFiles
from nas.tasks.texts.parallel_text import Pairs


def write(folder: Path, count: int) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    for code in ("en", "de"):
        (folder / f"a.{code}").write_text("".join(f"{code} {number}\n" for number in range(count)))
    return folder / "a.en", folder / "a.de"


def in_files(folder: Path, count: int = 10) -> ParallelFiles:
    files = write(folder, count)
    return ParallelFiles({name: FileSplit(*files) for name in SPLITS})


def in_memory(**changes: Pairs) -> PairsInMemory:
    splits = {name: Pairs([f"{name} {number}" for number in range(4)], ["x"] * 4) for name in SPLITS}
    return PairsInMemory({**splits, **changes})


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_search_and_select_share_out_the_lines_two_to_one(tmp_path, count):
    files = write(tmp_path, count)
    search, select = FileSplit(*files, (0, 1)), FileSplit(*files, (2,))
    rows = [int(source.split()[1]) for each in (search, select) for source, _ in each.pairs()]
    assert sorted(rows) == list(range(count))
    assert [source for source, _ in select.pairs()] == [f"en {number}" for number in range(2, count, 3)]
    assert (search.count(), select.count()) == (len(list(search.pairs())), len(list(select.pairs())))


def test_files_are_the_same_texts_wherever_they_lie(tmp_path):
    one, other = in_files(tmp_path / "one"), in_files(tmp_path / "other")
    assert one.identity() == other.identity()
    assert one.count("test") == len(list(one.pairs("test"))) == 10


def test_other_texts_or_other_lines_of_them_are_another_identity(tmp_path):
    source = in_files(tmp_path)
    before = source.identity()
    fewer = ParallelFiles({**source.splits, "test": FileSplit(*write(tmp_path, 10), (0, 1))})
    write(tmp_path, 11)
    swapped = ParallelFiles({**source.splits, "test": FileSplit(tmp_path / "a.de", tmp_path / "a.en")})
    assert len({before, source.identity(), fewer.identity(), swapped.identity()}) == 4


def test_files_are_read_when_they_are_asked_for(tmp_path):
    source = in_files(tmp_path)
    (tmp_path / "a.de").unlink()
    with pytest.raises(DataError, match=r"no file .*a\.de"):
        source.count("train")
    with pytest.raises(DataError, match=r"no file .*a\.de"):
        source.identity()


def test_pairs_in_memory_are_known_by_their_texts():
    assert in_memory().identity() == in_memory().identity()
    assert in_memory(test=Pairs(["a"], ["b"])).identity() != in_memory().identity()
    assert list(in_memory(test=Pairs(["a"], ["b"])).pairs("test")) == [("a", "b")]
    assert in_memory().count("train") == 4


def test_a_text_of_two_lines_is_refused():
    with pytest.raises(ValueError, match=r"one line, found 'a\\nb' in split test"):
        in_memory(test=Pairs(["c"], ["a\nb"]))
