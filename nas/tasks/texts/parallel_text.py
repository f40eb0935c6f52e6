"""Parallel texts: two files with a sentence a line, the same sentence on the same line; plain, .gz or .xz, UTF-8."""

import gzip
import lzma
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import IO, cast

from nas.tasks.base import DataError

SUFFIXES = ("", ".gz", ".xz")
LANGUAGE = re.compile("[a-z]{2,3}([-_][A-Za-z]{2,4})?")
CHUNK = 1 << 20
MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some programs write before UTF-8; it is no part of the text."""


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations, row by row."""

    source: list[str]
    target: list[str]

    def __post_init__(self) -> None:
        if len(self.source) != len(self.target):
            raise ValueError(
                f"pairs need as many targets as sources, found {len(self.source):,} and {len(self.target):,}"
            )

    def __len__(self) -> int:
        return len(self.source)


def read_parallel(source: Path, target: Path) -> Pairs:
    """All pairs of two files. Raises: DataError, also if one file has more lines."""
    pairs = list(lines_of_both(source, target))
    return Pairs([each for each, _ in pairs], [each for _, each in pairs])


def lines_of_both(source: Path, target: Path) -> Iterator[tuple[str, str]]:
    """The pairs one by one, for files that are larger than memory. Raises: DataError as `read_parallel`."""
    for one, other in zip_longest(lines_of(source), lines_of(target)):
        if one is None or other is None:
            count_pairs(source, target)
            raise DataError(f"{source} and {target} were changed while they were read; start again")
        yield one, other


def lines_of(path: Path) -> Iterator[str]:
    """Lines without their ends. Raises: DataError if the file is missing, damaged or not UTF-8."""
    with _opened(path) as file:
        # a file of bytes is cut at "\n" alone, where text would also be cut at "\r", and splitlines() at U+2028
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = line.removeprefix(MARK)
                _check_ends(line, path)
            try:
                yield line.rstrip(b"\r\n").decode("utf-8")
            except UnicodeDecodeError as error:
                what = f"{path}, line {number:,} is not UTF-8 ({error.reason} at byte {error.start})"
                raise DataError(f"{what}; convert the file to UTF-8") from error


def _check_ends(first: bytes, path: Path) -> None:
    """Raises: DataError if the first line is the whole file, with lines that end in carriage returns alone."""
    if not first.endswith(b"\n") and b"\r" in first.rstrip(b"\r"):
        what = f"{path} has carriage returns and no line feed"
        raise DataError(f"{what}; end its lines with line feeds: tr '\\r' '\\n'")


def count_pairs(source: Path, target: Path) -> int:
    """Lines of each of both files. Raises: DataError if one has more, or if there are none."""
    counts = count_lines(source), count_lines(target)
    if counts[0] != counts[1]:
        what = f"{source} has {counts[0]:,} lines and {target} has {counts[1]:,}"
        raise DataError(f"{what}; parallel files need the same sentence on the same line")
    if not counts[0]:
        raise DataError(f"{source} and {target} are empty; parallel files need a sentence a line")
    return counts[0]


def count_lines(path: Path) -> int:
    """Raises: DataError if the file is missing or damaged."""
    count, last = 0, b"\n"
    with _opened(path) as file:
        while chunk := file.read(CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked. Raises: DataError if it is missing, or if reading it finds it damaged."""
    try:
        with _unpacked(path) as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise DataError(f"no file {path}; name a folder that holds it") from error
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        found = f"{path.stat().st_size:,} bytes, {' '.join(str(error).split())}"
        raise DataError(f"{path} is damaged: {found}; put a whole copy in its place") from error


def _unpacked(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb")


def find_text(folder: Path, stem: str, language: str) -> Path:
    """The file `stem.language` of a folder, plain or packed. Raises: DataError that says what there is instead."""
    for suffix in SUFFIXES:
        path = folder / f"{stem}.{language}{suffix}"
        if path.is_file():
            return path
    missing = f"no file {stem}.{language} in {folder}"
    if not folder.is_dir():
        raise DataError(f"{missing}: there is no such folder; name one that holds it")
    if languages := _languages(folder, stem):
        raise DataError(f"{missing}; there are the languages: {', '.join(languages)}")
    names = sorted(path.name for path in folder.iterdir())
    raise DataError(f"{missing}; there are the files: {', '.join(names[:12]) or 'none'}{', …' * (len(names) > 12)}")


def _languages(folder: Path, stem: str) -> list[str]:
    """Codes of the files that are called `stem.code`, plain or packed."""
    names = (path.name.removesuffix(".gz").removesuffix(".xz") for path in folder.glob(f"{stem}.*"))
    codes = {name.removeprefix(f"{stem}.") for name in names}
    return sorted(code for code in codes if LANGUAGE.fullmatch(code))
