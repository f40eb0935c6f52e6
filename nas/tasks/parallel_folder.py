"""A folder of parallel files and what each is for: one pair of files to train on, one to validate, one to test.

Of the validation pairs two of three steer the search, and each third chooses among its finalists.
"""

from dataclasses import dataclass
from pathlib import Path

from nas.system.ranges import check
from nas.tasks.base import DataError
from nas.tasks.texts.corpus_source import FileSplit, ParallelFiles
from nas.tasks.texts.parallel_text import find_text

SEARCH_PLACES, SELECT_PLACES = (0, 1), (2,)


@dataclass(frozen=True)
class ParallelFolder:
    """Files are called `stem.language`, plain or packed as .gz or .xz."""

    folder: str
    """Name of the folder in a folder of data sets."""
    train: str = "train"
    """Stem of the files to train on."""
    validation: str = "val"
    test: str = "test"
    source: str = "en"
    """Code of the language that is translated."""
    target: str = "de"

    def __post_init__(self) -> None:
        check(self)

    def find(self, root: Path) -> Path:
        """The folder of the files: `root` itself or `folder` in it. Raises: DataError if there is neither."""
        for folder in (root / self.folder, root):
            if any(folder.glob(f"{self.train}.*")):
                return folder
        needed = f"--data needs the folder with {', '.join(self.names())}, or the folder in which that is {self.folder}"
        raise DataError(f"no {self.folder} in {root}; {needed}" if root.is_dir() else f"no folder {root}; {needed}")

    def names(self) -> list[str]:
        """Names of the plain text files."""
        return [f"{stem}.{code}" for stem in (self.train, self.validation, self.test) for code in self.languages()]

    def languages(self) -> tuple[str, str]:
        return self.source, self.target

    def files(self, root: Path) -> ParallelFiles:
        """The texts of all splits. Raises: DataError that names the first file that is missing."""
        folder = self.find(root)
        train, validation, test = (self.paths(folder, stem) for stem in (self.train, self.validation, self.test))
        return ParallelFiles(
            {
                "train": FileSplit(*train),
                "search": FileSplit(*validation, SEARCH_PLACES),
                "select": FileSplit(*validation, SELECT_PLACES),
                "test": FileSplit(*test),
            }
        )

    def paths(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """Both files of a stem. Raises: DataError if one is missing."""
        return find_text(folder, stem, self.source), find_text(folder, stem, self.target)


MULTI30K = ParallelFolder("multi30k_en_de", test="test_2016_flickr")
"""30,000 captions of photographs. Source: Elliott et al. 2016, "Multi30K: Multilingual English-German Image
Descriptions"."""
