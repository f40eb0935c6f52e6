"""The lines of a run's files: trials, scores and measured costs, as JSON and back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.runs.score import Score
from nas.search_space import Space, architecture_id, to_json
from nas.search_space.kind import identifier
from nas.strategies.base import Trial
from nas.system.files import append_line, read_lines, write_text
from nas.tasks.base import EvalSplit


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


def trial_line(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "id": architecture_id(trial.architecture),
        "quality": trial.quality,
        "costs": trial.costs,
        "violation": trial.violation,
        "seconds": trial.seconds,
        "failure": trial.failure,
        "architecture": to_json(trial.architecture),
    }


def read_trials(path: Path, space: Space) -> list[Trial]:
    """Raises: ValueError if a line is damaged or its architecture is not of the space."""
    trials = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            architecture = space.from_json(line["architecture"])
            fields = {key: line[key] for key in ("number", "costs", "quality", "violation", "seconds")}
            trials.append(Trial(architecture=architecture, failure=line.get("failure"), **fields))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}, line {number} is no trial of this experiment: {error}") from error
    return trials


def write_trials(path: Path, trials: list[Trial]) -> None:
    write_text(path, "".join(json.dumps(trial_line(trial), ensure_ascii=False) + "\n" for trial in trials))


def score_line(architecture: Any, split: EvalSplit, score: Score) -> dict[str, Any]:
    key = {"id": architecture_id(architecture), "split": split}
    return {**key, **score._asdict(), "architecture": to_json(architecture)}


def read_scores(path: Path, space: Space) -> dict[tuple[Any, EvalSplit], Score]:
    """Scores by architecture and split.

    Raises: ValueError if a line is damaged or its architecture is not of the space.
    """
    scores = {}
    for number, line in enumerate(read_lines(path), start=1):
        try:
            key = space.from_json(line["architecture"]), line["split"]
            scores[key] = Score(line["quality"], line["seconds"], line["failure"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}, line {number} is no score of this experiment: {error}") from error
    return scores


class MeasuredCosts:
    """Measured costs of a run: kept in a file from the moment that they are known, and never measured again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = {(line["name"], line["id"]): float(line["value"]) for line in read_lines(path)}

    def value(self, name: str, architecture: Any, measure: Callable[[], float]) -> float:
        """The cost `name` of the architecture, which `measure` finds if it is not known."""
        key = name, architecture_id(architecture)
        if key not in self._known:
            self._known[key] = measure()
            append_line(self._path, {"name": name, "id": key[1], "value": self._known[key]})
        return self._known[key]
