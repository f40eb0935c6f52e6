"""How a run was made, as its report shows it: commands, phases, versions, data, settings and the experiment's file."""

import json
from dataclasses import dataclass
from typing import Any

from nas.report import wording
from nas.report.data import ReportData
from nas.report.pick import words as findings
from nas.report.tables import Rows, in_all_forms

PLACED = ("commands", "wall_seconds", "phases", "settings", "source")
"""What of the provenance has a place of its own; the rest are facts."""
OF_A_PHASE = ("seconds", "ended", "commits", "device", "cores", "threads", "data")
"""What a phase records besides versions."""
SHOWN_OF_HASH = 16
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Table:
    """A table with files of its own."""

    name: str
    """Of the files, without their endings."""
    title: str
    rows: Rows


@dataclass(frozen=True)
class Made:
    """All that the section shows."""

    commands: tuple[str, ...]
    """In the order in which they were first given."""
    check: str | None
    """The command that evaluates the recommended network again."""
    facts: list[tuple[str, str]]
    tables: tuple[Table, ...]
    settings: list[tuple[str, str]]
    source: str | None
    """Text of the experiment's file."""


def made(data: ReportData, recommended: str | None) -> Made:
    """The section's content; whatever a run does not know, as one made by an earlier version, is left out."""
    known = data.provenance
    phases = known.get("phases") or {}
    tables = (
        Table("phases", "Phases", _phases(phases)),
        Table("data", "Data", _data(phases)),
        Table("versions", "Versions", _versions(phases)),
    )
    return Made(
        commands=tuple(map(str, known.get("commands", ()))),
        check=f"nas reproduce {data.folder} --id {recommended}" if data.folder and recommended else None,
        facts=findings.leaves({name: value for name, value in known.items() if name not in PLACED}),
        tables=tuple(table for table in tables if len(table.rows) > 1),
        settings=findings.leaves(known.get("settings") or {}),
        source=known.get("source"),
    )


def made_files(data: ReportData) -> dict[str, str]:
    """Everything that is known as one JSON file, and the tables in all forms, by the names of the files."""
    files = {MANIFEST: json.dumps(data.provenance, indent=2, ensure_ascii=False, default=str) + "\n"}
    phases = data.provenance.get("phases") or {}
    for name, rows in (
        ("phases", _phases(phases)),
        ("data", _data(phases, whole=True)),
        ("versions", _versions(phases)),
    ):
        if len(rows) > 1:
            files |= in_all_forms(name, rows)
    return files


def _phases(phases: dict[str, Any]) -> Rows:
    rows: Rows = [("Phase", "Wall time", "Ended", "Commit", "Device", "Cores", "Threads")]
    for name, phase in phases.items():
        commits = ", ".join(phase.get("commits", ()))
        device = [str(phase.get(key, wording.NONE)) for key in ("ended", "device", "cores", "threads")]
        ended, *where = device
        rows.append((str(name), wording.duration(phase.get("seconds", 0.0)), ended, commits, *where))
    return rows


def _data(phases: dict[str, Any], whole: bool = False) -> Rows:
    """A row for each part of the data; a phase that read another one has a row of its own."""
    readers: dict[tuple[str, int, str], list[str]] = {}
    for name, phase in phases.items():
        for part, found in (phase.get("data") or {}).items():
            readers.setdefault((part, found["size"], found["sha256"]), []).append(name)
    rows: Rows = [("Part", "Size", "SHA-256", "Read by")]
    for (part, size, digest), names in readers.items():
        rows.append((part, f"{size:,}", digest if whole else digest[:SHOWN_OF_HASH], ", ".join(names)))
    return rows


def _versions(phases: dict[str, Any]) -> Rows:
    """One column if all phases ran with the same versions, else one for each phase."""
    found = {name: _of_packages(phase) for name, phase in phases.items()}
    several = list(found) if len({tuple(each.items()) for each in found.values()}) > 1 else list(found)[:1]
    heading = several if len(several) > 1 else ["Version"]
    packages = dict.fromkeys(package for each in found.values() for package in each)
    return [
        ("Package", *heading),
        *((package, *(found[phase].get(package, wording.NONE) for phase in several)) for package in packages),
    ]


def _of_packages(phase: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in phase.items() if name not in OF_A_PHASE}
