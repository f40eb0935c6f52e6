"""Searched architectures as data: a JSON file that says all that a network is made of, read back without its run.

architecture, id    every choice, and the short name of them all
family, settings    the code that makes the network, and what it is told besides; null for a builder of a user's own
inputs              shapes of the inputs at which costs are quoted, batch 1
task, setting       what the network is for, and that size in words
costs, results      as the run computed and measured them
provenance          run, experiment and commit
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nas.export.read.network import FAMILIES
from nas.runs.run import Run
from nas.search_space import architecture_id, from_json, to_json
from nas.system.provenance import commit
from nas.tasks.augmentation import Augmentation
from nas.tasks.base import DataError, Task
from nas.tasks.image_classification import ImageTask, Split, SplitName
from nas.tasks.texts.corpus_source import CorpusSource
from nas.tasks.translation import QUOTED, TranslationTask

NO_DATA = "an architecture file holds no data; train with an experiment"


@dataclass(frozen=True)
class Described:
    """A network and what it needs to be built and costed."""

    architecture: Any
    task: Task
    title: str
    """Its id and where it comes from, in a few words."""
    costs: Mapping[str, float]
    """As its run computed and measured them, by name."""


def architecture_record(run: Run, architecture: Any) -> dict[str, Any]:
    """The content of the file of a network of a run."""
    task, costs = run.experiment.task, run.space.cost(architecture)
    family, settings = task.family() or (None, {})
    return {
        "architecture": to_json(architecture),
        "id": architecture_id(architecture),
        "family": family,
        "settings": settings,
        "inputs": [list(x.shape) for x in task.example_inputs()],
        "task": task.name,
        "setting": task.cost_setting(),
        "costs": costs,
        "results": _results(run, architecture),
        "provenance": {"run": run.name, "experiment": run.manifest["experiment"], "commit": commit()},
    }


def described(record: Any, where: str) -> Described:
    """The network of a file, by its family alone; `where` names the file.

    Raises: ValueError if it is no architecture's file, or of a family that is not this package's.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("architecture"), Mapping):
        raise ValueError(f"{where} holds no architecture; write one with nas export RUN ID --architecture-only")
    if record.get("family") is None:
        what = f"{where} holds an architecture of a builder of a user's own"
        raise ValueError(f"{what}; name the file of its experiment with --experiment FILE")
    if record["family"] not in FAMILIES:
        raise ValueError(f"{where}: no family {record['family']!r}; there are: {', '.join(FAMILIES)}")
    try:
        task = _TASKS[record["family"]](record["settings"], record.get("inputs"))
        architecture = from_json(FAMILIES[record["family"]].architecture, record["architecture"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ValueError(f"{where} is not that of an architecture of this version ({what})") from error
    return Described(architecture, task, _title(record, architecture, where), _recorded_costs(record))


def _title(record: Mapping[str, Any], architecture: Any, where: str) -> str:
    """Raises: ValueError if the id is another architecture's."""
    found = architecture_id(architecture)
    if record.get("id", found) != found:
        raise ValueError(f"{where} was changed: its architecture has the id {found}, not {record['id']}")
    run = (record.get("provenance") or {}).get("run")
    return f"{found}{f' of {run}' if run else ''}"


def _recorded_costs(record: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in (record.get("costs") or {}).items() if isinstance(value, int | float)}


def _results(run: Run, architecture: Any) -> dict[str, Any]:
    experiment = run.experiment
    inherited = run.scores().get((architecture, "search"))
    retrained = [
        {
            "arm": result.arm,
            "seed": result.seed,
            f"test_{experiment.tested.name}": result.quality,
            f"search_{experiment.quality.name}": result.search_quality,
        }
        for result in run.retrained()
        if result.architecture == architecture
    ]
    found = {} if inherited is None else {f"inherited_search_{experiment.quality.name}": inherited.quality}
    return {**found, "retrained": retrained}


@dataclass(frozen=True)
class _Images(ImageTask):
    """Images of a size, without any: costs need no more."""

    name = "images"
    max_value = 255

    def prepare(self) -> str:
        raise DataError(NO_DATA)

    def split(self, name: SplitName) -> Split:
        raise DataError(NO_DATA)


def _images(settings: Mapping[str, Any], _: Any) -> Task:
    task = _sized(settings["image_size"], settings["in_channels"], settings["num_classes"])
    own = {name: settings[name] for name in ("patch_size", "tokenizer", "pooling", "projections")}
    made: Task = task(drop_path=0.0, label_smoothing=0.0, augmentation=Augmentation(), **own)
    return made


@cache
def _sized(image_size: int, channels: int, classes: int) -> Any:
    names = tuple(map(str, range(classes)))
    sizes = {"image_size": image_size, "mean": (0.0,) * channels, "std": (1.0,) * channels, "class_names": names}
    return type("Images", (_Images,), sizes)


@dataclass(frozen=True)
class _Texts(TranslationTask):
    """Sentences of a length, without any."""

    name = "texts"

    def source(self) -> CorpusSource:
        raise DataError(NO_DATA)

    def _settings(self) -> dict[str, Any]:
        return {"vocabulary": self.vocabulary, "longest": self.longest}


def _texts(settings: Mapping[str, Any], inputs: Any) -> Task:
    (_, source), (_, target) = inputs or [(1, tokens) for tokens in QUOTED]
    own = {name: settings[name] for name in ("vocabulary", "longest", "projections")}
    return _Texts(dropout=0.0, label_smoothing=0.0, quoted=(source, target), **own)


_TASKS = {"vision_transformer": _images, "seq2seq": _texts}
