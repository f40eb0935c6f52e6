"""What all benchmarks do around their measurements: options, Markdown, and a line on where figures come from."""

import argparse
import shlex
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import torch

from nas.system.devices import device_name
from nas.system.provenance import commit


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Options of every benchmark."""
    options = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, help="also write the tables to this file")
    return options


def heading(title: str, *setting: str) -> list[str]:
    """What was run, where, and with what else to know."""
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    threads = "one thread" if torch.get_num_threads() == 1 else f"{torch.get_num_threads()} threads"
    machine = f"{device_name(torch.device('cpu'))}, {threads}, torch {torch.__version__}"
    return [f"# {title}", "", f"`{command}`, commit {commit()}.", "", f"{', '.join([machine, *setting])}."]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[str]) -> list[str]:
    """Lines of a Markdown table; the columns named in `words` stand to the left, numbers to the right."""
    rules = ["---" if column in words else "---:" for column in columns]
    return [f"| {' | '.join(columns)} |", f"|{'|'.join(rules)}|", *(f"| {' | '.join(row)} |" for row in rows)]


def section(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[str]) -> list[str]:
    """Lines of a paragraph and the table that it is about."""
    return ["", caption, "", *table(columns, rows, words)]


def publish(lines: Iterable[str], out: Path | None) -> None:
    """Print the lines, and write them to the file if there is one."""
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if out is not None:
        out.write_text(text)
