"""docs/settings.md: every setting with what it takes, as the code says it."""

import dataclasses
import typing
from typing import Any

import pytest

from nas.evaluators.bleu import Bleu
from nas.evaluators.latency import Latency
from nas.experiment import Experiment, Selection
from nas.models.decoding import Decoding
from nas.search_space import StackSpace
from nas.search_space.seq2seq import DecoderSpace
from nas.strategies.evolution import AgeingEvolution, Evolution
from nas.strategies.guided import Guided
from nas.strategies.local_search import LocalSearch
from nas.strategies.optuna_sampler import OptunaSampler
from nas.strategies.ranknas import RankNas
from nas.system.ranges import words
from nas.tasks.augmentation import Augmentation
from nas.tasks.cifar10 import Cifar10
from nas.tasks.image_classification import ImageTask
from nas.tasks.translation import TranslationTask
from nas.tasks.wmt14 import Wmt14
from nas.training.settings import SupernetTraining, Training
from tests.docs.guides import text_of

GUIDE = "settings.md"
CLASSES = (
    Experiment,
    Training,
    SupernetTraining,
    Selection,
    StackSpace,
    DecoderSpace,
    ImageTask,
    Augmentation,
    Cifar10,
    TranslationTask,
    Wmt14,
    Decoding,
    Bleu,
    Latency,
    Guided,
    Evolution,
    AgeingEvolution,
    LocalSearch,
    RankNas,
    OptunaSampler,
)


def section(kind: type) -> str:
    """The heading of a class and a table of the settings that it states itself."""
    hints = typing.get_type_hints(kind, include_extras=True)
    own = [field for field in dataclasses.fields(kind) if field.name in kind.__annotations__]
    rows = [f"| `{field.name}` | {words(hints[field.name])} | {default(field)} |" for field in own]
    return "\n".join([f"## {kind.__name__}", "", "| setting | takes | default |", "|---|---|---|", *rows])


def default(field: Any) -> str:
    if field.default is dataclasses.MISSING:
        return "none" if field.default_factory is not dataclasses.MISSING else ""
    return f"`{field.default!r}`" if not dataclasses.is_dataclass(field.default) else "its own defaults"


@pytest.mark.parametrize("kind", CLASSES)
def test_every_setting_is_listed_with_what_it_takes(kind: type) -> None:
    assert f"{section(kind)}\n" in text_of(GUIDE)
