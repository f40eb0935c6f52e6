"""Provenance of a run: its commands, phases, versions, data, settings and the experiment's file."""

import json
from typing import Any

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import Summary
from nas.report.tables import Rows, Table, leaves

PLACED = ("commands", "wall_seconds", "phases", "settings", "source")
"""Keys of the provenance with places of their own on the page; the others are facts."""
PHASE_FIELDS = ("seconds", "ended", "commits", "device", "cores", "threads", "data")
"""Fields in the record of a phase that are no versions of packages."""
MANIFEST = "manifest.json"


def made_values(summary: Summary) -> dict[str, Any]:
    """Values of the section by name; unknown ones, as in runs of earlier versions, are empty or None."""
    data, best, known = summary.data, summary.recommended, summary.data.provenance
    return {
        "commands": tuple(map(str, known.get("commands", ()))),
        "check": f"nas reproduce {data.folder} --id {best.id}" if data.folder and best is not None else None,
        "facts": leaves({name: value for name, value in known.items() if name not in PLACED}),
        "settings": leaves(known.get("settings") or {}),
        "source": known.get("source"),
    }


def made_tables(data: ReportData) -> list[Table]:
    """Tables of the phases, of the data they read and of the package versions, as far as these are known."""
    phases = data.provenance.get("phases") or {}
    tables = (
        Table("phases", "Phases", _phase_rows(phases)),
        Table("data", "Data", _data_rows(phases)),
        Table("versions", "Versions", _version_rows(phases)),
    )
    return [table for table in tables if len(table.rows) > 1]


def manifest(data: ReportData) -> str:
    """The whole provenance as JSON."""
    return json.dumps(data.provenance, indent=2, ensure_ascii=False, default=str) + "\n"


def _phase_rows(phases: dict[str, Any]) -> Rows:
    rows: Rows = [("Phase", "Wall time", "Ended", "Commit", "Device", "Cores", "Threads")]
    for name, phase in phases.items():
        commits = ", ".join(phase.get("commits", ()))
        device = [str(phase.get(key, wording.NONE)) for key in ("ended", "device", "cores", "threads")]
        ended, *where = device
        rows.append((str(name), wording.duration(phase.get("seconds", 0.0)), ended, commits, *where))
    return rows


def _data_rows(phases: dict[str, Any]) -> Rows:
    """A row for each part of the data; two rows where phases have read different data."""
    readers: dict[tuple[str, int, str], list[str]] = {}
    for name, phase in phases.items():
        for part, found in (phase.get("data") or {}).items():
            readers.setdefault((part, found["size"], found["sha256"]), []).append(name)
    rows: Rows = [("Part", "Size", "SHA-256", "Read by")]
    for (part, size, digest), names in readers.items():
        rows.append((part, f"{size:,}", digest, ", ".join(names)))
    return rows


def _version_rows(phases: dict[str, Any]) -> Rows:
    """A column of versions if all phases ran with the same ones, else a column for each phase."""
    found = {name: _versions(phase) for name, phase in phases.items()}
    several = list(found) if len({tuple(each.items()) for each in found.values()}) > 1 else list(found)[:1]
    heading = several if len(several) > 1 else ["Version"]
    packages = dict.fromkeys(package for each in found.values() for package in each)
    return [
        ("Package", *heading),
        *((package, *(found[phase].get(package, wording.NONE) for phase in several)) for package in packages),
    ]


def _versions(phase: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in phase.items() if name not in PHASE_FIELDS}
