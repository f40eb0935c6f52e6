"""The records of a run: trials, scores, trainings and measured costs, as values and as lines of JSON."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from nas.runs.formats import CostLine, ScoreLine, TrialLine
from nas.search_space import Space, architecture_id, to_json
from nas.search_space.kind import identifier
from nas.strategies.base import Trial
from nas.system.checked import checked
from nas.system.files import append_line, read_lines, write_text
from nas.system.redaction import redacted
from nas.tasks.base import EvalSplit
from nas.training.settings import Arm


@dataclass(frozen=True)
class Search:
    """One of the searches of a comparison."""

    strategy: str
    """As text."""
    seed: int
    evaluations: int

    @property
    def name(self) -> str:
        return f"{identifier(self.strategy)}-{self.evaluations}-{self.seed}"


class Score(NamedTuple):
    """How good one network is on a split, or why it is not known."""

    quality: float | None
    """None where the evaluation failed."""
    seconds: float
    """Wall time of the evaluation."""
    failure: str | None = None
    """Why there is no quality, in a line."""


@dataclass(frozen=True)
class Retrained:
    """One architecture trained with one seed, and read on the test split once."""

    id: str
    """Id of the architecture."""
    architecture: Any
    origin: str
    """Why it was trained: `front`, or `all <kind>` for the best homogeneous network of a kind."""
    arm: Arm
    seed: int
    quality: float
    """On the test split."""
    search_quality: float
    """On the search split, after this training."""
    steps: int
    seconds: float
    """Wall time of the training."""
    device: str
    commit: str
    details: dict[str, Any] = field(default_factory=dict)
    """How the quality was measured, and what was measured with it, such as BLEU's signature."""
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    """Files that are kept beside the record, by name, such as translations; empty when read back."""


def trial_line(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "id": architecture_id(trial.architecture),
        "quality": trial.quality,
        "costs": trial.costs,
        "violation": trial.violation,
        "seconds": trial.seconds,
        "failure": _kept(trial.failure),
        "architecture": to_json(trial.architecture),
    }


def read_trials(path: Path, space: Space, first: int = 0) -> list[Trial]:
    """Trials whose numbers go up one by one from `first`, each of another network.

    Raises: ValueError if a line is damaged, out of its place or a repetition, or its architecture is not of the space.
    """
    trials: list[Trial] = []
    known: dict[Any, int] = {}
    for place, line in enumerate(_lines(path, TrialLine, "trial")):
        with _named(path, place, "trial"):
            architecture = space.from_json(line["architecture"])
            _check_place(line, architecture, first + place, known)
            known[architecture] = place
            fields = {key: line[key] for key in ("number", "costs", "quality", "violation", "seconds")}
            trials.append(Trial(architecture=architecture, failure=line.get("failure"), **fields))
    return trials


def _check_place(line: dict[str, Any], architecture: Any, due: int, known: dict[Any, int]) -> None:
    """Raises: ValueError if the line has another number or id than is due, or an earlier line has its network."""
    remedy = "restore the file, or remove this line and those after it to search them again"
    if line["number"] != due:
        raise ValueError(f"number is {line['number']} where {due} is due, so lines are missing or were added; {remedy}")
    if (found := line.get("id")) not in (None, architecture_id(architecture)):
        raise ValueError(f"id is {found}, but its architecture has the id {architecture_id(architecture)}; {remedy}")
    if architecture in known:
        raise ValueError(f"line {known[architecture] + 1} has the same network; {remedy}")


def _lines(path: Path, kind: Any, what: str) -> Iterator[Any]:
    """Raises: ValueError if a line is damaged or of another type."""
    for place, line in enumerate(read_lines(path)):
        with _named(path, place, what):
            checked(kind, line)
        yield line


@contextmanager
def _named(path: Path, place: int, what: str) -> Iterator[None]:
    """Errors inside name the file and the line."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}, line {place + 1} is no {what} of this experiment: {error}") from error


def write_trials(path: Path, trials: list[Trial]) -> None:
    write_text(path, "".join(json.dumps(trial_line(trial), ensure_ascii=False) + "\n" for trial in trials))


def score_line(architecture: Any, split: EvalSplit, score: Score) -> dict[str, Any]:
    key = {"id": architecture_id(architecture), "split": split}
    return {**key, **score._asdict(), "failure": _kept(score.failure), "architecture": to_json(architecture)}


def _kept(failure: str | None) -> str | None:
    return None if failure is None else redacted(failure)


def read_scores(path: Path, space: Space) -> dict[tuple[Any, EvalSplit], Score]:
    """Scores by architecture and split.

    Raises: ValueError if a line is damaged or its architecture is not of the space.
    """
    scores = {}
    for place, line in enumerate(_lines(path, ScoreLine, "score")):
        with _named(path, place, "score"):
            key = space.from_json(line["architecture"]), line["split"]
        scores[key] = Score(line["quality"], line["seconds"], line["failure"])
    return scores


class MeasuredCosts:
    """Measured costs of a run: kept in a file from the moment that they are known, and never measured again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = {(line["name"], line["id"]): float(line["value"]) for line in read_lines(path, CostLine)}

    def value(self, name: str, architecture: Any, measure: Callable[[], float]) -> float:
        """The cost `name` of the architecture, which `measure` finds if it is not known."""
        key = name, architecture_id(architecture)
        if key not in self._known:
            self._known[key] = measure()
            append_line(self._path, {"name": name, "id": key[1], "value": self._known[key]})
        return self._known[key]
