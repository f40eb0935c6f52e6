"""WMT14 English-German as files: found, downloaded, and verified.

Source: Bojar et al. 2014, "Findings of the 2014 Workshop on Statistical Machine Translation". A BLEU on any other text
than newstest2014 compares with nobody's, so newstest2013 and newstest2014 are checked word for word; of the training
pairs any part will do, and how many there are is said.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from nas.system.files import replacing
from nas.tasks.base import DataError
from nas.tasks.parallel_folder import ParallelFolder
from nas.tasks.texts.parallel_text import count_pairs, find_text, lines_of

Rows = Iterable[Mapping[str, Mapping[str, str]]]
"""As the `datasets` package gives them: `{"translation": {"de": ..., "en": ...}}`."""

DEFAULT_ROOT = Path("data")
"""Where the data is looked for, and downloaded to, if no folder is named."""
WMT14 = ParallelFolder("wmt14_en_de", validation="newstest2013", test="newstest2014")
TRAIN_PAIRS = 4_508_785
DATASET, CONFIGURATION = "wmt/wmt14", "de-en"
PARTS = {"train": "train", "newstest2013": "validation", "newstest2014": "test"}
"""Names of the stems in the `datasets` package."""
SHA256: dict[str, dict[int, dict[str, str]]] = {
    "newstest2013": {
        3_000: {
            "en": "ace268a1d9724ca76f6d8e5c720ffdc08f01bdce45630ed8b269dc7918e1c16e",
            "de": "d7ea35ab91ff3709e03ad9cb6bf5b4f2cc775cd2d72efd5254c4aec5e69663ca",
        },
    },
    "newstest2014": {
        3_003: {
            "en": "7294bccf2879a97b3706b95c9595f1459617a8ee7130d5d8581c910e69736971",
            "de": "ae5d110486bc33d7175e9e28c7d0051eb3e5fcd2166dd93371089852c091a20e",
        },
        2_737: {
            "en": "aed1e1cb6788f2575f729e0d7a55244a46236d14f902e7481bdbc7597ac85877",
            "de": "695aa9a1aa6e41ef1d5ad79c8dd0b63bcc453f79670279e1a8c9007345d9302b",
        },
    },
}
"""SHA-256 of each text by its number of lines, each ended by a newline. newstest2014 has two official versions."""


def verify(folder: Path) -> str:
    """Verify the files of a folder that `WMT14.find` found, and say in words what they hold.

    Raises: DataError if a file is missing or damaged, or if newstest2013 or newstest2014 is another text.
    """
    count = count_pairs(*WMT14.paths(folder, WMT14.train))
    how_many = "all of WMT14" if count == TRAIN_PAIRS else "a part of it" if count < TRAIN_PAIRS else "more than WMT14"
    return f"{count:,} training pairs: {how_many}; {verify_newstests(folder)}"


def verify_newstests(folder: Path) -> str:
    """Raises: DataError as `verify`."""
    counts = {stem: count_pairs(*WMT14.paths(folder, stem)) for stem in SHA256}
    for stem, versions in SHA256.items():
        for language in WMT14.languages():
            _compare(find_text(folder, stem, language), stem, versions, language)
    return f"newstest2013 and newstest2014 ({counts['newstest2014']:,} lines) verified"


def _compare(path: Path, stem: str, versions: Mapping[int, Mapping[str, str]], language: str) -> None:
    lines = list(lines_of(path))
    if len(lines) not in versions:
        raise _another(path, stem, f"{len(lines):,} lines instead of {' or '.join(f'{each:,}' for each in versions)}")
    found, expected = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest(), versions[len(lines)]
    if found != expected[language]:
        raise _another(path, stem, f"its lines have the sha256 {found[:8]} instead of {expected[language][:8]}")


def _another(path: Path, stem: str, what: str) -> DataError:
    would_do = f"put the plain text of {stem} in its place, neither tokenised nor otherwise changed"
    return DataError(f"{path} is not {stem}: {what}; {would_do}")


def download(root: Path) -> None:
    """Download all of WMT14 into `root`; the folder gets its name when it is complete, and until then is gone on with.

    Raises: DataError if that fails.
    """
    load, beside = _loader(root), root / f"{WMT14.folder}.part"
    # the small parts first, so that what is wrong is found before hours of loading
    for stem in SHA256:
        write_missing(beside, stem, load)
    verify_newstests(beside)
    write_missing(beside, WMT14.train, load)
    beside.rename(root / WMT14.folder)


def _loader(root: Path) -> Callable[[str], Rows]:
    try:
        datasets = importlib.import_module("datasets")
    except ImportError as error:
        how = 'pip install "attention-nas[data]" downloads it, or name a folder that holds it with --data FOLDER'
        raise DataError(f"no {WMT14.folder} in {root}; {how}") from error

    def load(part: str) -> Rows:
        # loading may raise anything: of the network, of the package, of the files behind it
        try:
            rows: Rows = datasets.load_dataset(DATASET, CONFIGURATION, split=part)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            what = f"cannot download {DATASET} ({part}): {reason}"
            raise DataError(f"{what}; start again, or name a folder with --data FOLDER") from error
        return rows

    return load


def write_missing(folder: Path, stem: str, load: Callable[[str], Rows]) -> None:
    """Both texts of a stem, unless they are there."""
    if not all((folder / f"{stem}.{language}").exists() for language in WMT14.languages()):
        write_rows(load(PARTS[stem]), folder, stem)


def write_rows(rows: Rows, folder: Path, stem: str) -> None:
    """One line for each row; a line end within a row becomes a space."""
    with ExitStack() as stack:
        files = {code: stack.enter_context(replacing(folder / f"{stem}.{code}", "wb")) for code in WMT14.languages()}
        for row in rows:
            for code, file in files.items():
                text = row["translation"][code].replace("\r", " ").replace("\n", " ")
                file.write(f"{text}\n".encode())
