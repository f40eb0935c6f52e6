"""A task of sentences without any: enough to cost and draw a network of which only the config is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nas.export.family import NO_DATA, Settings
from nas.tasks.base import DataError, Task
from nas.tasks.texts.corpus_source import CorpusSource
from nas.tasks.translation import QUOTED, TranslationTask


@dataclass(frozen=True)
class _Texts(TranslationTask):
    """Sentences of one length, without any."""

    name = "texts"

    def source(self) -> CorpusSource:
        raise DataError(NO_DATA)

    def _settings(self) -> dict[str, Any]:
        return {"vocabulary": self.vocabulary, "longest": self.longest}


def texts_task(settings: Settings, inputs: Sequence[Sequence[int]]) -> Task:
    """The task of networks of these settings, with costs at the lengths of the inputs, source and target."""
    (_, source), (_, target) = inputs or [(1, tokens) for tokens in QUOTED]
    own = {name: settings[name] for name in ("vocabulary", "longest", "projections")}
    return _Texts(dropout=0.0, label_smoothing=0.0, quoted=(source, target), **own)
