"""The front and the trials as CSV, which keeps every digit, and as Markdown, LaTeX and plain text to be read."""

import csv
import io
import json
from collections.abc import Sequence

from nas.report import wording
from nas.report.data import ReportData
from nas.report.summary import ARMS, Network, Summary
from nas.search_space import architecture_id, to_json

Rows = list[tuple[str, ...]]
"""Cells, the heading first."""

FRONT = "front"


def front_networks(summary: Summary) -> list[tuple[str, Network]]:
    """The front, cheapest first, then the best of each kind and of each fixed hybrid; each with its role."""
    chosen = [(FRONT, network) for network in summary.front]
    return chosen + [(str(network.control), network) for network in (*summary.homogeneous, *summary.hybrids)]


def front_table(data: ReportData) -> Rows:
    """The front and what it is compared with, as text."""
    summary = Summary(data)
    inherited, *arms = quality_headings(summary)
    rows = [("Network", "Role", *map(wording.title, data.costs), inherited, *arms, "Shape", "Attention")]
    for role, network in front_networks(summary):
        costs = [wording.amount(network.costs.get(name)) for name in data.costs]
        spreads = [wording.spread(data.tested, network.arms.get(arm)) for arm in summary.arms]
        quality, shape = wording.quality(data.searched, network.inherited), wording.shape_line(network.architecture)
        rows.append((network.id, role, *costs, quality, *spreads, shape, wording.attention(network.sites)))
    return rows


def quality_headings(summary: Summary) -> list[str]:
    """Of the inherited quality, then of each arm; with their units where these differ."""
    data, arms = summary.data, [wording.ARMS[arm] for arm in summary.arms]
    if data.one_quality:
        return ["Inherited", *arms]
    inherited, retrained = map(wording.unit_or_name, (data.searched, data.tested))
    return [f"Inherited ({inherited})", *(f"{arm} ({retrained})" for arm in arms)]


def as_text(rows: Rows) -> str:
    """Columns of equal width for a terminal; numbers are set to the right."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [
        any(row[place].lstrip(wording.MINUS)[:1].isdigit() for row in rows[1:]) and place > 0
        for place in range(len(widths))
    ]
    lines = [
        "  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def as_markdown(rows: Rows) -> str:
    """A table for GitHub."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]) + "\n"


def as_latex(rows: Rows) -> str:
    """A `tabular` in the style of the package booktabs."""
    lines = [" & ".join(map(_latex, row)) + r" \\" for row in rows]
    body = "\n".join(lines[1:])
    columns = "l" * len(rows[0])
    head = f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{lines[0]}\n\\midrule"
    return f"{head}\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def in_all_forms(name: str, rows: Rows) -> dict[str, str]:
    """Texts of a table by the names of their files."""
    return {f"{name}.csv": as_csv(rows), f"{name}.md": as_markdown(rows), f"{name}.tex": as_latex(rows)}


def front_csv(summary: Summary) -> str:
    """The front and what it is compared with, with every digit; empty where a value is not known."""
    names = list(summary.data.costs)
    arm_columns = [f"{arm}_{name}" for arm in ARMS for name in ("mean", "deviation", "seeds")]
    rows = [["id", "role", *names, "inherited", *arm_columns, *_architecture_headings(summary)]]
    for role, network in front_networks(summary):
        row = [network.id, role, *(_exact(network.costs.get(name)) for name in names), _exact(network.inherited)]
        for arm in ARMS:
            own = network.arms.get(arm)
            row += [_exact(own.mean), _exact(own.deviation), str(len(own.qualities))] if own else ["", "", "0"]
        rows.append(row + _architecture_cells(summary, network))
    return as_csv(rows)


def trials_csv(summary: Summary) -> str:
    """Every trial with every digit."""
    costs = list(summary.data.costs)
    on_front = {network.id for network in summary.front}
    names = ["number", "id", *costs, "quality", "violation", "seconds", "on_front", "homogeneous", "hybrid"]
    rows = [[*names, *_architecture_headings(summary)]]
    for trial in summary.data.trials:
        network = summary.networks[architecture_id(trial.architecture)]
        row = [str(trial.number), network.id, *(_exact(trial.costs[name]) for name in costs), _exact(trial.quality)]
        row += [_exact(trial.violation), _exact(trial.seconds), "yes" if network.id in on_front else "no"]
        rows.append([*row, network.kind or "", str(network.hybrid or ""), *_architecture_cells(summary, network)])
    return as_csv(rows)


def retrained_csv(data: ReportData) -> str:
    """Every training, one a row."""
    rows = [["id", "origin", "arm", "seed", "quality", "search_quality", "steps", "seconds", "device", "commit"]]
    for own in data.retrained:
        numbers = [_exact(own.quality), _exact(own.search_quality), str(own.steps), _exact(own.seconds)]
        rows.append([own.id, own.origin, own.arm, str(own.seed), *numbers, own.device, own.commit])
    return as_csv(rows)


def _architecture_headings(summary: Summary) -> list[str]:
    if len(summary.sites) < 2:
        return ["depth", "attention", "architecture"]
    return [f"{site}_{name}" for site in summary.sites for name in ("depth", "attention")] + ["architecture"]


def _architecture_cells(summary: Summary, network: Network) -> list[str]:
    by_site = [network.sites.get(site, ()) for site in summary.sites or ("",)]
    cells = [cell for names in by_site for cell in (str(len(names) or ""), " ".join(names))]
    return [*cells, json.dumps(to_json(network.architecture), separators=(",", ":"))]


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _latex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {character: f"\\{character}" for character in "&%$#_{}"}
    special |= {"·": r"$\cdot$", "±": r"$\pm$", "×": r"$\times$", wording.NONE: "--", wording.MINUS: "$-$"}
    return "".join(special.get(character, character) for character in text)
