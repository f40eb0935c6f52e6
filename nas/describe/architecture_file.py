"""Searched architectures as data: a JSON file that says all that a network is made of, read back without its run.

architecture, id    every choice, and the short name of them all
family, settings    the code that makes the network, and what it is told besides; null for a builder of a user's own
family_module       of a family from outside this package: the module that registers it
inputs              shapes of the inputs at which costs are quoted, batch 1
task, setting       what the network is for, and that size in words
costs, results      as the run computed and measured them
provenance          run, experiment and commit
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from nas.export.families import entries, family_named, family_of
from nas.export.read.config import MOST_SIZE, check_network
from nas.runs.run import Run
from nas.search_space import architecture_id, from_json, to_json
from nas.system.checked import Count, bounded, checked
from nas.system.provenance import commit
from nas.system.redaction import shared_path
from nas.tasks.base import Task


class Record(TypedDict):
    """The content of a file, as far as it is read back; an export's config has the same."""

    architecture: dict[str, Any]
    id: NotRequired[str]
    family: str
    family_module: NotRequired[str | None]
    settings: dict[str, Any]
    inputs: NotRequired[list[list[Count]] | None]
    costs: NotRequired[dict[str, Any] | None]
    provenance: NotRequired[dict[str, Any] | None]


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
    family, settings = family_of(task) or (None, {})
    return {
        "architecture": to_json(architecture),
        "id": architecture_id(architecture),
        **(entries(family) if family else {"family": None}),
        "settings": settings,
        "inputs": [list(x.shape) for x in task.example_inputs()],
        "task": task.name,
        "setting": task.cost_setting(),
        "costs": costs,
        "results": _results(run, architecture),
        "provenance": {"run": run.name, "experiment": shared_path(run.manifest["experiment"]), "commit": commit()},
    }


def described(record: Any, where: str) -> Described:
    """The network of a file, by its family alone; `where` names the file.

    Raises: ValueError if it is no architecture's file, or of a family that is not known.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("architecture"), Mapping):
        raise ValueError(f"{where} holds no architecture; write one with nas export RUN ID --architecture-only")
    if record.get("family") is None:
        what = f"{where} holds an architecture of a builder of a user's own"
        raise ValueError(f"{what}; name the file of its experiment with --experiment FILE")
    try:
        family = family_named(str(record["family"]), record.get("family_module"))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    try:
        checked(Record, record)
        check_network(record["architecture"], record["settings"])
        bounded(record.get("inputs") or [], "inputs", (1, MOST_SIZE), MOST_SIZE)
        task = family.without_data(record["settings"], record.get("inputs") or ())
        architecture = from_json(family.architecture, record["architecture"])
    # whatever a family's own code meets in values that anybody may have written
    except Exception as error:
        what = f"{'' if type(error) is ValueError else f'{type(error).__name__}: '}{' '.join(str(error).split())}"
        raise ValueError(f"{where} is not that of an architecture of this version ({what[:300]})") from error
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
