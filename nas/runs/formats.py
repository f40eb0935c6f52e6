"""The JSON of a run's folder as types, to which whatever is read there is held."""

from typing import Any, NotRequired, TypedDict

from nas.system.checked import Amount, Count
from nas.tasks.base import EvalSplit
from nas.training.settings import Arm


class Part(TypedDict):
    """The fingerprint of a part of the data."""

    size: Count
    sha256: str


class Phase(TypedDict):
    """The record of a phase; devices and versions of libraries stand beside these."""

    seconds: Amount
    commits: list[str]
    ended: str
    data: NotRequired[dict[str, Part]]
    source: NotRequired[str]


class Manifest(TypedDict):
    """The content of run.json."""

    name: str
    description: str
    experiment: str
    helpers: NotRequired[dict[str, str]]
    """SHA-256 of the files beside the experiment that it imports, by their paths."""
    variable: str
    overrides: dict[str, str]
    data: str | None
    command: str
    begun: str
    settings: dict[str, Any]
    source: NotRequired[str]
    """SHA-256 of the experiment's file; runs of earlier versions have none."""
    phases: dict[str, Phase]
    baselines: NotRequired[dict[str, dict[str, Any]]]


class TrialLine(TypedDict):
    """A line of trials, anchors and comparisons."""

    number: Count
    id: NotRequired[str]
    quality: float | None
    costs: dict[str, float]
    violation: Amount
    seconds: Amount
    failure: NotRequired[str | None]
    architecture: dict[str, Any]


class ScoreLine(TypedDict):
    """A line of scores.jsonl."""

    id: str
    split: EvalSplit
    quality: float | None
    seconds: Amount
    failure: str | None
    architecture: dict[str, Any]


class CostLine(TypedDict):
    """A line of costs.jsonl."""

    name: str
    id: str
    value: float


class CommandLine(TypedDict):
    """A line of commands.jsonl."""

    phase: str
    command: str
    commit: str


class ComparisonRecord(TypedDict):
    """The record of a finished search of a comparison."""

    own_seconds: Amount


class Result(TypedDict):
    """The record of a finished training."""

    id: str
    architecture: dict[str, Any]
    origin: str
    arm: Arm
    seed: Count
    quality: float
    search_quality: float
    steps: Count
    seconds: Amount
    device: str
    commit: str
    details: NotRequired[dict[str, Any]]
