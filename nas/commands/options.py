"""The form of the command line's words: options and commands as values, and the options that several commands share."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.experiment.overrides import separate
from nas.system.ranges import Range, read_number, shortened, words


@dataclass(frozen=True)
class Option:
    """An argument of a command."""

    name: str
    help: str
    type: Callable[[str], Any] = str
    nargs: str | None = None
    metavar: str | None = None
    is_flag: bool = False
    """Whether it stands alone, without a value."""
    is_required: bool = False
    """Whether an option with dashes must be given."""


@dataclass(frozen=True)
class Command:
    """The words of a command."""

    summary: str
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    takes_settings: bool = False
    """Whether settings of the experiment may be changed: --limits.flops 30e6."""
    module: str = "nas.commands.steps"
    """Import path of the module with its function."""
    goes_on: bool = True
    """Whether a second run goes on where the first was stopped."""
    more_help: Callable[[], str] | None = None
    """Lines that end its help: further options, which the function takes as texts by name."""


def within(kind: type, allowed: Range) -> Callable[[str], Any]:
    """The function that reads an option's number, of type `kind` and in a range."""

    def read(text: str) -> Any:
        with suppress(ValueError):
            number = read_number(text, kind)
            if number in allowed:
                return number
        raise argparse.ArgumentTypeError(f"{shortened(text)} must be {words(kind)} {allowed}")

    return read


def listed(text: str) -> list[str]:
    """The items between commas, each named once."""
    try:
        items = separate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not items or len(set(items)) < len(items):
        raise argparse.ArgumentTypeError(f"{shortened(text)} must name at least one, and each once")
    return items


count = within(int, Range(1, 100_000))

EXPERIMENT = Option(
    "experiment",
    "a Python file, a shipped experiment (cifar10, digits, phrases, wmt14), or the folder of a run; a colon names a"
    " variant: file.py:small, cifar10:cpu",
    metavar="EXPERIMENT",
)
RUN = Option("run", "folder of a run", Path, metavar="RUN")
OUT = Option("--out", "folder of the run (default: results/NAME)", Path, metavar="FOLDER")
DATA = Option("--data", "folder with the data (default: what the task embeds or downloads)", Path, metavar="FOLDER")
RAY = Option("--ray", "use Ray: local, auto, or a cluster's HOST:PORT (default: plain processes)", metavar="ADDRESS")
WORKERS_OF_TRAININGS = (
    Option("--workers", "processes of one thread each (default: one a core; 1 with a GPU)", count, metavar="N"),
    RAY,
    Option(
        "--gpus",
        "GPUs of each worker on Ray, such as 0.25 (default: none)",
        within(float, Range(0, 1_000)),
        metavar="SHARE",
    ),
)
WORKERS = (
    *WORKERS_OF_TRAININGS,
    Option(
        "--timeout",
        "seconds after which an evaluation counts as failed (default: never)",
        within(float, Range(0, 1e9, without_least=True)),
        metavar="S",
    ),
)
PROCESSES = Option("--processes", "processes that train the supernet together (default: 1)", count, metavar="N")
ID = Option("--id", "id of a network, from the report's table", metavar="ID")
