"""The manifest of a run: settings, phases, and the commands in the order in which they were given."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from nas.experiment.loading import Loaded
from nas.runs.folder import RunFolder
from nas.runs.formats import CommandLine
from nas.system.files import append_line, read_lines
from nas.system.invocation import command
from nas.system.provenance import commit, environment, now
from nas.system.redaction import kept_path, redacted, shared_path
from nas.tasks.base import Task


def new_manifest(
    loaded: Loaded, spec: str, overrides: dict[str, str], data: Path | None, given: str, settings: Any
) -> dict[str, Any]:
    """The manifest of a run that begins now; `given` is the command that begins it."""
    return {
        "name": loaded.name,
        "description": redacted(loaded.description),
        "experiment": shared_path(spec),
        "helpers": {place: sha256(text.encode()).hexdigest() for place, text in loaded.helpers.items()},
        "variable": loaded.variable,
        "overrides": overrides,
        "data": None if data is None else kept_path(data),
        "command": redacted(given),
        "begun": now(),
        "settings": settings,
        "source": text_hash(loaded.source),
        "phases": {},
    }


def first_version(manifest: dict[str, Any]) -> str:
    """The version of the code that began a run: `commit d21d2b74cd`."""
    commits = [f"commit {each}" for phase in manifest["phases"].values() for each in phase["commits"]]
    return commits[0] if commits else "the version that began it"


def text_hash(text: str) -> str:
    """SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()


def settings_hash(settings: Any) -> str:
    """A short hash of settings as JSON."""
    return text_hash(json.dumps(settings, sort_keys=True))[:16]


def supernet_hash(settings: dict[str, Any]) -> str:
    """The same of those settings alone that a supernet's training depends on."""
    return settings_hash({name: settings.get(name) for name in ("task", "space", "supernet", "seed")})


class Evidence(NamedTuple):
    """The data and the source that a phase reads."""

    data: dict[str, Any]
    """Fingerprints of the parts of the data and of the vocabulary, by name."""
    source: str
    """SHA-256 of the experiment's file."""

    def check(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Raises: ValueError if it is not what the run began with, and what earlier phases read."""
        name = RunFolder(folder).experiment_file.name
        for source in (manifest.get("source"), *(phase.get("source") for phase in manifest["phases"].values())):
            if source not in (None, self.source):
                raise ValueError(f"{folder / name} is not what the run began with; restore it, or begin another run")
        for earlier, phase in manifest["phases"].items():
            before = phase.get("data") or {}
            changed = [part for part, known in before.items() if part in self.data and self.data[part] != known]
            if changed:
                raise ValueError(
                    f"the data of {folder} changed since its phase {earlier} ({', '.join(changed)}); restore the data, "
                    "name its folder with --data, or begin another run with --out"
                )


def phase_record(before: dict[str, Any] | None, seconds: float, loaded: str, evidence: Evidence) -> dict[str, Any]:
    """The record of a phase that ends now, interrupted or not.

    Args:
        before: The record of its earlier parts, if it was interrupted.
        seconds: Wall time of this part.
        loaded: Commit of the code.
        evidence: The data and the source that it read.
    """
    earlier = before or {"seconds": 0.0, "commits": []}
    commits = list(dict.fromkeys([*earlier["commits"], loaded]))
    total = round(earlier["seconds"] + seconds, 1)
    return {"seconds": total, "commits": commits, "ended": now(), **environment(), **evidence._asdict()}


def fingerprint(task: Task) -> dict[str, Any]:
    """The task's, as JSON. Raises: DataError."""
    return {name: part._asdict() for name, part in task.fingerprint().items()}


def note_command(path: Path, phase: str) -> None:
    """Add the command that this process runs to the file of a run's commands, unless it is there already."""
    given = command()
    if given is None:
        return
    line = {"phase": phase, "command": redacted(given), "commit": commit()}
    if line not in [{name: known.get(name) for name in line} for known in read_lines(path, CommandLine)]:
        append_line(path, {**line, "at": now()})


def commands(path: Path, first: str) -> list[str]:
    """Every command once, in the order in which they were first given; `first` is the one that began the run."""
    # manifests of earlier versions may have several in one line
    begun = re.split(r"; (?=nas )", first)
    return list(dict.fromkeys([*begun, *(str(line["command"]) for line in read_lines(path, CommandLine))]))
