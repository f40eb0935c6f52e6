"""The manifest of a run: settings, phases, and the commands in the order in which they were given."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from nas.experiment.loading import Loaded
from nas.system.files import append_line, read_lines
from nas.system.invocation import command
from nas.system.provenance import commit, environment, now
from nas.tasks.base import Task


def new_manifest(
    loaded: Loaded, spec: str, overrides: dict[str, str], data: Path | None, given: str, settings: Any
) -> dict[str, Any]:
    """The manifest of a run that begins now; `given` is the command that begins it."""
    return {
        "name": loaded.name,
        "description": loaded.description,
        "experiment": spec,
        "helpers": {place: sha256(text.encode()).hexdigest() for place, text in loaded.helpers.items()},
        "variable": loaded.variable,
        "overrides": overrides,
        "data": None if data is None else str(data),
        "command": given,
        "begun": now(),
        "settings": settings,
        "phases": {},
    }


def first_version(manifest: dict[str, Any]) -> str:
    """The version of the code that began a run: `commit d21d2b74cd`."""
    commits = [f"commit {each}" for phase in manifest["phases"].values() for each in phase["commits"]]
    return commits[0] if commits else "the version that began it"


def phase_record(before: dict[str, Any] | None, seconds: float, loaded: str, data: dict[str, Any]) -> dict[str, Any]:
    """The record of a phase that ends now, interrupted or not.

    Args:
        before: The record of its earlier parts, if it was interrupted.
        seconds: Wall time of this part.
        loaded: Commit of the code.
        data: Fingerprint of what the task reads.
    """
    earlier = before or {"seconds": 0.0, "commits": []}
    commits = list(dict.fromkeys([*earlier["commits"], loaded]))
    total = round(earlier["seconds"] + seconds, 1)
    return {"seconds": total, "commits": commits, "ended": now(), **environment(), "data": data}


def fingerprint(task: Task) -> dict[str, Any]:
    """The task's, as JSON. Raises: DataError."""
    return {name: part._asdict() for name, part in task.fingerprint().items()}


def note_command(path: Path, phase: str) -> None:
    """Add the command that this process runs to the file of a run's commands, unless it is there already."""
    given = command()
    if given is None:
        return
    line = {"phase": phase, "command": given, "commit": commit()}
    if line not in [{name: known.get(name) for name in line} for known in read_lines(path)]:
        append_line(path, {**line, "at": now()})


def commands(path: Path, first: str) -> list[str]:
    """Every command once, in the order in which they were first given; `first` is the one that began the run."""
    # manifests of earlier versions may have several in one line
    begun = re.split(r"; (?=nas )", first)
    return list(dict.fromkeys([*begun, *(str(line["command"]) for line in read_lines(path))]))
