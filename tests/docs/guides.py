"""Blocks, links and tables of a page, and its commands, as they stand in it or with few steps."""

import re
import shlex
from pathlib import Path

from nas.runs.run import Run

ROOT = Path(__file__).parents[2]
TRAINING = shlex.split(
    "--supernet.steps 20 --supernet.warmup_steps 2 --evaluations 6 --anchors 1 --random_searches 1 "
    "--selection.top 1 --selection.seeds 1 --selection.homogeneous false --selection.hybrids false "
    "--retrain.steps 20 --retrain.warmup_steps 2 --retrain.average_every 2"
)
SHORT = {
    "run": [*TRAINING, "--workers", "1"],
    "train": TRAINING,
    "search": ["--workers", "1"],
    "retrain": ["--workers", "1"],
    "compare": ["--seeds", "2", "--budget", "6", "--workers", "1"],
}
"""Options by command that make seconds of what takes minutes; the last value of an option counts."""


def text_of(guide: str) -> str:
    return (ROOT / "docs" / guide).read_text(encoding="utf-8")


def blocks(guide: str, language: str) -> list[str]:
    """Blocks of this language and nothing behind it: `sh`, or `sh watch`."""
    return re.findall(rf"```{language}\n(.*?)```", text_of(guide), re.DOTALL)


def commands(guide: str, language: str = "sh") -> list[list[str]]:
    """The words of each line of the shell blocks, without comments."""
    lines = [line.split("  #")[0].strip() for block in blocks(guide, language) for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line]


def short(words: list[str]) -> list[str]:
    """The command's arguments with few steps, and a network of the run that they name for `ID`."""
    program, *arguments = words
    assert program == "nas", f"not a command of this package: {shlex.join(words)}"
    arguments = [*arguments, *SHORT.get(arguments[0], [])]
    if not re.search(r"\bID\b", " ".join(arguments)):
        return arguments
    named = re.search(r"results/[\w-]+", " ".join(arguments))
    assert named is not None, f"no run is named: {shlex.join(words)}"
    network = Run(Path(named[0])).retrained()[0].id
    return [re.sub(r"\bID\b", network, argument) for argument in arguments]


def table_rows(guide: str) -> dict[str, list[str]]:
    """Cells of every table's lines, by the first one without its marks."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text_of(guide).splitlines() if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in rows}
