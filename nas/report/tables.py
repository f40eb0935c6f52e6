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
    """The front, cheapest first, then the best homogeneous network of each kind; each with its role."""
    chosen = [(FRONT, network) for network in summary.front]
    return chosen + [(f"all {network.kind}", network) for network in summary.homogeneous]


def front_table(data: ReportData) -> Rows:
    """The front and the best homogeneous networks, as text."""
    summary = Summary(data)
    arms = [wording.ARMS[arm] for arm in summary.arms]
    rows = [("Network", "Role", *map(wording.title, data.costs), "Inherited", *arms, "Shape", "Attention")]
    for role, network in front_networks(summary):
        costs = [wording.amount(network.costs.get(name)) for name in data.costs]
        spreads = [wording.spread(data, network.arms.get(arm)) for arm in summary.arms]
        quality, shape = wording.quality(data, network.inherited), wording.shape_line(network.architecture)
        rows.append((network.id, role, *costs, quality, *spreads, shape, wording.kinds(network.kinds)))
    return rows


def as_text(rows: Rows) -> str:
    """Columns of equal width for a terminal; numbers are set to the right."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [any(row[place][:1].isdigit() for row in rows[1:]) and place > 0 for place in range(len(widths))]
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


def front_csv(summary: Summary) -> str:
    """The front and the best homogeneous networks with every digit; empty where a value is not known."""
    names = list(summary.data.costs)
    arm_columns = [f"{arm}_{name}" for arm in ARMS for name in ("mean", "deviation", "seeds")]
    rows = [["id", "role", *names, "inherited", *arm_columns, "depth", "attention", "architecture"]]
    for role, network in front_networks(summary):
        row = [network.id, role, *(_exact(network.costs.get(name)) for name in names), _exact(network.inherited)]
        for arm in ARMS:
            own = network.arms.get(arm)
            row += [_exact(own.mean), _exact(own.deviation), str(len(own.qualities))] if own else ["", "", "0"]
        rows.append(row + _architecture_cells(network))
    return as_csv(rows)


def trials_csv(summary: Summary) -> str:
    """Every trial with every digit."""
    costs = list(summary.data.costs)
    on_front = {network.id for network in summary.front}
    names = ["number", "id", *costs, "quality", "violation", "seconds", "on_front", "homogeneous"]
    rows = [[*names, "depth", "attention", "architecture"]]
    for trial in summary.data.trials:
        network = summary.networks[architecture_id(trial.architecture)]
        row = [str(trial.number), network.id, *(_exact(trial.costs[name]) for name in costs), _exact(trial.quality)]
        row += [_exact(trial.violation), _exact(trial.seconds), "yes" if network.id in on_front else "no"]
        rows.append([*row, network.kind or "", *_architecture_cells(network)])
    return as_csv(rows)


def retrained_csv(data: ReportData) -> str:
    """Every training, one a row."""
    rows = [["id", "origin", "arm", "seed", "quality", "search_quality", "steps", "seconds", "device", "commit"]]
    for own in data.retrained:
        numbers = [_exact(own.quality), _exact(own.search_quality), str(own.steps), _exact(own.seconds)]
        rows.append([own.id, own.origin, own.arm, str(own.seed), *numbers, own.device, own.commit])
    return as_csv(rows)


def _architecture_cells(network: Network) -> list[str]:
    depth = str(len(network.kinds)) if network.kinds else ""
    return [depth, " ".join(network.kinds), json.dumps(to_json(network.architecture), separators=(",", ":"))]


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _latex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {character: f"\\{character}" for character in "&%$#_{}"}
    special |= {"·": r"$\cdot$", "±": r"$\pm$", wording.NONE: "--"}
    return "".join(special.get(character, character) for character in text)
