import gzip
import lzma
from pathlib import Path

import pytest

from nas.tasks.base import DataError
from nas.tasks.texts.parallel_text import Pairs, count_lines, count_pairs, find_text, lines_of, read_parallel

LINES = ["Zwei Hunde.", "", "a\u2028b\x85c\x0bd\re", "„Ärger“ 😀"]
TEXT = "\n".join(LINES)


def write(path: Path, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes({".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)(data))
    return path


def error_of(source: Path, target: Path) -> str:
    with pytest.raises(DataError) as error:
        read_parallel(source, target)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_lines_are_read_plain_or_packed_and_need_no_last_newline(tmp_path, suffix, end):
    path = write(tmp_path / f"train.de{suffix}", TEXT + end)
    assert list(lines_of(path)) == LINES
    assert count_lines(path) == len(LINES)


def test_an_empty_last_line_counts_if_it_ends(tmp_path):
    path = write(tmp_path / "a.en", "one\n\n")
    assert list(lines_of(path)) == ["one", ""]
    assert count_lines(path) == 2


def test_line_ends_of_other_systems_are_dropped(tmp_path):
    assert list(lines_of(write(tmp_path / "a.en", "one\r\ntwo\r\n"))) == ["one", "two"]


def test_pairs_stand_row_by_row(tmp_path):
    source, target = write(tmp_path / "a.en.gz", "one\ntwo\n"), write(tmp_path / "a.de", "eins\nzwei")
    assert read_parallel(source, target) == Pairs(["one", "two"], ["eins", "zwei"])
    assert count_pairs(source, target) == len(read_parallel(source, target)) == 2


def test_pairs_of_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="found 1 and 2"):
        Pairs(["a"], ["b", "c"])


@pytest.mark.parametrize("source_is_longer", [True, False])
def test_unequal_numbers_of_lines_are_told(tmp_path, source_is_longer):
    files = [write(tmp_path / "a.en", "one\ntwo\nthree\n"), write(tmp_path / "a.de", "eins\nzwei\n")]
    source, target = files if source_is_longer else files[::-1]
    message = error_of(source, target)
    assert (
        f"{source} has {3 if source_is_longer else 2} lines and {target} has {2 if source_is_longer else 3};" in message
    )
    with pytest.raises(DataError, match="the same sentence on the same line"):
        count_pairs(source, target)


def test_empty_files_are_told(tmp_path):
    source, target = write(tmp_path / "a.en", ""), write(tmp_path / "a.de", "")
    with pytest.raises(DataError, match="are empty"):
        count_pairs(source, target)


def test_a_missing_file_is_named(tmp_path):
    there = write(tmp_path / "a.en", "one\n")
    assert error_of(there, tmp_path / "a.de").startswith(f"no file {tmp_path / 'a.de'}")


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    source = write(tmp_path / "a.en.gz", "one\ntwo\n")
    target = write(tmp_path / "a.de.gz", b"eins\nz\xe4hlen\n")
    assert f"{target}, line 2 is not UTF-8" in error_of(source, target)


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("damage", ["cut short", "changed", "another kind"])
def test_a_damaged_archive_is_named(tmp_path, suffix, damage):
    source = write(tmp_path / "a.en", "one\n" * 2_000)
    target = write(tmp_path / f"a.de{suffix}", "".join(f"{number}\n" for number in range(2_000)))
    whole = target.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 20]) + whole[middle + 20 :]
    target.write_bytes({"cut short": whole[:middle], "changed": changed, "another kind": b"<html>"}[damage])
    assert f"{target} is damaged" in error_of(source, target)


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_a_text_is_found_plain_or_packed(tmp_path, suffix):
    path = write(tmp_path / f"train.de{suffix}", TEXT)
    assert find_text(tmp_path, "train", "de") == path


def message_for(folder: Path, language: str) -> str:
    with pytest.raises(DataError) as error:
        find_text(folder, "train", language)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_an_unknown_language_is_told_which_there_are(tmp_path):
    for name in ("train.en.gz", "train.de", "train.domain.xz", "train.pt_BR", "newstest2014.fr"):
        write(tmp_path / name, TEXT)
    assert message_for(tmp_path, "xx") == f"no file train.xx in {tmp_path}; there are the languages: de, en, pt_BR"


def test_a_folder_without_the_text_is_told_with_what_it_holds(tmp_path):
    assert message_for(tmp_path, "de") == f"no file train.de in {tmp_path}; there are the files: none"
    write(tmp_path / "readme.txt", "")
    assert message_for(tmp_path, "de").endswith("there are the files: readme.txt")
    assert "there is no such folder" in message_for(tmp_path / "none", "de")
