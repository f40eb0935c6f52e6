"""Translation of any two languages from parallel files: one sentence a line, in a folder of one's own.

Multi30k is `Parallel(files=MULTI30K)`.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from nas.models.blocks import Projections
from nas.tasks.base import DataError
from nas.tasks.parallel_folder import MULTI30K, ParallelFolder
from nas.tasks.texts.corpus_source import CorpusSource
from nas.tasks.translation import QUOTED, TranslationTask


@dataclass(frozen=True)
class Parallel(TranslationTask):
    """A folder of parallel files: `train.en` and `train.de`, and likewise to validate and to test."""

    files: ParallelFolder = ParallelFolder("parallel")
    """Names of folder and files, and the codes of the languages."""
    vocabulary: int = 8_000
    longest: int = 128
    dropout: float = 0.1
    label_smoothing: float = 0.1
    projections: Projections = "shared"
    quoted: tuple[int, int] = QUOTED
    root: Path | None = field(default=None, compare=False)
    """Folder that holds the files, or their folder."""

    name = "parallel"

    def target_language(self) -> str:
        return self.files.target

    def data_root(self) -> Path | None:
        return self.root

    def with_data(self, folder: Path) -> "Parallel":
        return replace(self, root=folder)

    def data_licence(self) -> str:
        names = self.files.names()
        if self.files == MULTI30K:
            return (
                "Multi30k, task 1 (Elliott et al. 2016). Its captions derive from Flickr30k, which is for research; "
                "the repository states no licence of its own."
            )
        return f"Files of the user's own ({', '.join(names)}), under whatever licence they have."

    def source(self) -> CorpusSource:
        if self.root is None:
            raise DataError(f"task {self.name} reads {', '.join(self.files.names())}; name their folder with --data")
        return self.files.files(self.root)
