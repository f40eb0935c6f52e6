"""Trials as a study in an Optuna storage, for optuna-dashboard and Optuna's own tools, and back.

A storage is named by its URL: `sqlite:///study.db`, a server's (`mysql+pymysql://...`), or the path of a journal file
that ends in `.log`. A trial is written whole or not at all, and known by its number and architecture, so writing again
adds what is not there yet, also after a kill.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from nas.search_space import Genes, Option, Space, architecture_id, to_json
from nas.search_space.limits import Window
from nas.strategies.base import Trial
from nas.strategies.parts.optuna_study import Choices, constraints, is_evaluated, quiet
from nas.system.redaction import redacted, shown_url, without_passwords

UNNAMED = "failed in the study"
"""The failure of a trial for which the study gives no reason."""


@dataclass(frozen=True)
class StudyRead:
    """The trials of a study as those of a space."""

    trials: list[Trial]
    """Finished trials that are of the space, each architecture once, numbered anew."""
    repeated: int
    """Trials left out because an earlier one has their architecture."""
    unreadable: dict[int, str]
    """Why a finished trial could not be read, in a line, by its number in the study."""


def write_study(
    url: str,
    name: str,
    trials: Sequence[Trial],
    space: Space,
    *,
    quality: str,
    minimize: Sequence[str],
    limits: Mapping[str, Window],
    ended: datetime | None = None,
) -> int:
    """Add the trials that the study does not hold yet; a study that is not there is begun. Returns how many were new.

    Args:
        quality: Name of what is maximised, such as `accuracy`.
        minimize: Costs that are objectives beside it; the others become attributes.
        ended: When the last trial ended, if known; the others end before it by the seconds that they took.

    Raises: ValueError if the storage refuses, or the study holds other trials or objectives.
    """
    with _storage(url) as storage:
        study = _begun(storage, url, name, [quality, *minimize])
        there = _written(study, url, name, trials)
        choices = Choices(space)
        added = 0
        for trial, start, end in _times(trials, ended or datetime.now(UTC)):
            if trial.number not in there:
                study.add_trial(_row(trial, choices, minimize, limits, start, end))
                added += 1
    return added


def read_study(
    url: str,
    name: str,
    space: Space,
    cost: Callable[[Any], dict[str, float]],
    violation: Callable[[Mapping[str, float]], float],
    objective: int | None = None,
) -> StudyRead:
    """The finished trials of a study whose parameters bear the names of the space's choices; costs are computed anew.

    Args:
        objective: Which of the study's values is the quality, from 0; without it, the first that is maximised.

    Raises: ValueError if the storage refuses, has no such study, or the study is of another space.
    """
    with _storage(url, exists=True) as storage:
        study = _existing(storage, url, name)
        quality = _quality(study, name, objective)
        rows = study.get_trials(deepcopy=False)
    finished = [row for row in rows if row.state in (TrialState.COMPLETE, TrialState.FAIL)]
    found, repeated, unreadable = _architectures(finished, space)
    if unreadable and not found:
        number, why = next(iter(unreadable.items()))
        raise ValueError(f"study {name!r} in {shown_url(url)} is of another space: trial {number}: {why}")
    trials: list[Trial] = []
    for architecture, row in found.items():
        costs = cost(architecture)
        value, failure = _outcome(row, quality)
        trials.append(Trial(len(trials), architecture, costs, value, violation(costs), _seconds(row), failure))
    return StudyRead(trials, repeated, unreadable)


def _architectures(rows: Sequence[FrozenTrial], space: Space) -> tuple[dict[Any, FrozenTrial], int, dict[int, str]]:
    """The first row of each architecture, how many rows repeat one, and why a row has none, by its number."""
    found: dict[Any, FrozenTrial] = {}
    repeated, unreadable = 0, {}
    for row in rows:
        try:
            architecture = space.replay(_genes(row))
        except (ValueError, TypeError) as error:
            unreadable[row.number] = str(error)
            continue
        repeated += architecture in found
        found.setdefault(architecture, row)
    return found, repeated, unreadable


def study_names(url: str) -> list[str]:
    """Raises: ValueError if the storage refuses."""
    with _storage(url, exists=True) as storage:
        return optuna.get_all_study_names(storage)


@contextmanager
def _storage(url: str, exists: bool = False) -> Iterator[BaseStorage]:
    """The storage, open; what it refuses is a ValueError of one line that names it without its password.

    Args:
        exists: It has to be there already, so that reading never makes an empty one.
    """
    storage: BaseStorage | None = None
    try:
        with quiet():
            storage = _opened(url, exists)
            yield storage
    except (SQLAlchemyError, OptunaError, ImportError, OSError, RuntimeError, json.JSONDecodeError) as error:
        cause = getattr(error, "orig", None) or error
        why = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        refused = f"storage {shown_url(url)} refuses: {without_passwords(why.replace(url, shown_url(url)))}"
        raise ValueError(f"{refused}; a file of one's own is sqlite:///study.db") from error
    finally:
        if isinstance(storage, RDBStorage):
            storage.engine.dispose()


def _opened(url: str, exists: bool) -> BaseStorage:
    if "://" not in url and url.endswith(".log"):
        _check_file(Path(url), url, exists)
        return JournalStorage(JournalFileBackend(url))
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        _check_file(Path(str(parsed.database)), url, exists)
    if exists:
        engine = create_engine(parsed)
        try:
            found = inspect(engine).has_table("studies")
        finally:
            engine.dispose()
        if not found:
            raise ValueError(f"storage {shown_url(url)} holds no studies of Optuna")
    return RDBStorage(url)


def _check_file(path: Path, url: str, exists: bool) -> None:
    if exists and not path.is_file():
        raise ValueError(f"storage {shown_url(url)} is not there: no file {path}")
    if not path.parent.is_dir():
        raise ValueError(f"storage {shown_url(url)} cannot be made: no folder {path.parent}")


def _begun(storage: BaseStorage, url: str, name: str, metrics: list[str]) -> optuna.Study:
    directions = [StudyDirection.MAXIMIZE] + [StudyDirection.MINIMIZE] * (len(metrics) - 1)
    study = optuna.create_study(storage=storage, study_name=name, directions=directions, load_if_exists=True)
    if not study.metric_names and study.directions == directions and not study.get_trials(deepcopy=False):
        study.set_metric_names(metrics)
    if study.directions != directions or study.metric_names != metrics:
        found = study.metric_names or [direction.name.lower() for direction in study.directions]
        raise ValueError(
            f"study {name!r} in {shown_url(url)} has the objectives {', '.join(found)}, "
            f"these trials {', '.join(metrics)}; name another study"
        )
    return study


def _existing(storage: BaseStorage, url: str, name: str) -> optuna.Study:
    names = optuna.get_all_study_names(storage)
    if name not in names:
        raise ValueError(f"no study {name!r} in {shown_url(url)}; there are: {', '.join(sorted(names)) or 'none'}")
    return optuna.load_study(storage=storage, study_name=name)


def _written(study: optuna.Study, url: str, name: str, trials: Sequence[Trial]) -> dict[int, str]:
    """Architectures of the trials that an earlier writing left there, by number.

    Raises: ValueError if they are of another run.
    """
    rows = [row.user_attrs for row in study.get_trials(deepcopy=False)]
    there = {int(attrs["number"]): str(attrs["id"]) for attrs in rows if "number" in attrs and "id" in attrs}
    for trial in trials:
        if there.get(trial.number, identifier := architecture_id(trial.architecture)) != identifier:
            raise ValueError(
                f"study {name!r} in {shown_url(url)} holds trials of another run: trial {trial.number} is "
                f"{there[trial.number]} there, {identifier} here; name another study"
            )
    return there


def _times(trials: Sequence[Trial], ended: datetime) -> Iterator[tuple[Trial, datetime, datetime]]:
    """Start and end of each trial, as if one had followed the other; local times, as Optuna keeps them."""
    start = ended.astimezone().replace(tzinfo=None) - timedelta(seconds=sum(trial.seconds for trial in trials))
    for trial in trials:
        end = start + timedelta(seconds=trial.seconds)
        yield trial, start, end
        start = end


def _row(
    trial: Trial,
    choices: Choices,
    minimize: Sequence[str],
    limits: Mapping[str, Window],
    start: datetime,
    end: datetime,
) -> FrozenTrial:
    genes, options = choices.space.genes(trial.architecture), choices.space.options(trial.architecture)
    evaluated = is_evaluated(trial)
    attributes = {
        "number": trial.number,
        "id": architecture_id(trial.architecture),
        "architecture": json.dumps(to_json(trial.architecture)),
        **trial.costs,
        "violation": trial.violation,
        "seconds": trial.seconds,
        **({} if evaluated else {"failure": redacted(trial.failure or UNNAMED)}),
    }
    row = create_trial(
        state=TrialState.COMPLETE if evaluated else TrialState.FAIL,
        values=[float(trial.quality or 0), *(trial.costs[name] for name in minimize)] if evaluated else None,
        params={choices.label(name, each): genes[name] for name, each in options.items()},
        distributions={choices.label(name, each): _distribution(each) for name, each in options.items()},
        user_attrs=attributes,
        constraints=constraints(limits, trial.costs),
    )
    row.datetime_start, row.datetime_complete = start, end
    return row


def _distribution(options: Sequence[Option]) -> BaseDistribution:
    """Even steps as integers, so that plots have an axis; all else as categories."""
    if all(isinstance(option, int) and not isinstance(option, bool) for option in options):
        numbers = [int(option) for option in options]
        step = numbers[1] - numbers[0] if len(numbers) > 1 else 0
        if step > 0 and numbers == list(range(numbers[0], numbers[-1] + 1, step)):
            return IntDistribution(numbers[0], numbers[-1], step=step)
    return CategoricalDistribution(list(options))


def _genes(row: FrozenTrial) -> Genes:
    return {label.split(" of ")[0]: value for label, value in row.params.items()}


def _quality(study: optuna.Study, name: str, objective: int | None) -> Callable[[FrozenTrial], float]:
    """A function that reads the quality of an evaluated trial, more being better."""
    directions = study.directions
    if objective is None:
        if StudyDirection.MAXIMIZE not in directions:
            raise ValueError(f"study {name!r} maximizes nothing; say which value is the quality, to be taken negative")
        objective = directions.index(StudyDirection.MAXIMIZE)
    if not 0 <= objective < len(directions):
        raise ValueError(f"study {name!r} has no value {objective}; it has {len(directions)}, counted from 0")
    place, sign = objective, 1 if directions[objective] == StudyDirection.MAXIMIZE else -1
    return lambda row: sign * float(row.values[place])


def _outcome(row: FrozenTrial, quality: Callable[[FrozenTrial], float]) -> tuple[float | None, str | None]:
    """Quality, or why there is none."""
    if row.state == TrialState.COMPLETE:
        value = quality(row)
        return (value, None) if math.isfinite(value) else (None, f"quality {value}")
    return None, str(row.user_attrs.get("failure", UNNAMED))


def _seconds(row: FrozenTrial) -> float:
    known = row.user_attrs.get("seconds", row.duration.total_seconds() if row.duration else 0.0)
    return round(float(known), 3)
