"""The words of the command line: each command with its options, help and examples, as values.

Nothing here takes time to load, so that help and mistakes are quick.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Option:
    """An argument of a command."""

    name: str
    help: str
    type: Callable[[str], Any] = str
    nargs: str | None = None
    metavar: str | None = None
    is_flag: bool = False
    """Whether it is there or not, without a value."""
    is_required: bool = False
    """Whether an option with dashes must be there."""


@dataclass(frozen=True)
class Command:
    """The words of a command."""

    summary: str
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    takes_settings: bool = False
    """Whether settings of the experiment may be changed: --limits.flops 30e6."""
    module: str = "nas.commands.steps"
    """Import path of the module that has its function."""
    goes_on: bool = True
    """Whether it goes on where it was stopped if it is run again."""
    more_help: Callable[[], str] | None = None
    """Gives the end of its help: options besides, which the function is handed as texts by name."""


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of 1 or more")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number") from error


def _family_options() -> str:
    # here and not above: only the help of one command asks for it
    from nas.export.predict.predict import option_lines

    return option_lines()


SETTINGS = "Settings of the experiment are changed by name: --seed 1 --limits.flops 30e6 --supernet.steps 1000"

EXPERIMENT = Option("experiment", "a Python file, file.py:variant, or the folder of a run", metavar="EXPERIMENT")
RUN = Option("run", "folder of a run", Path, metavar="RUN")
OUT = Option("--out", "folder of the run (default: results/NAME)", Path, metavar="FOLDER")
DATA = Option("--data", "folder with the data (default: what the task embeds or downloads)", Path, metavar="FOLDER")
RAY = Option("--ray", "run on Ray: local, auto, or a cluster's HOST:PORT (default: plain processes)", metavar="ADDRESS")
WORKERS_OF_TRAININGS = (
    Option("--workers", "workers of one thread (default: one a core, or 1 with a GPU)", _count, metavar="N"),
    RAY,
    Option("--gpus", "GPUs of each worker on Ray, as 0.25 (default: none)", _number, metavar="SHARE"),
)
WORKERS = (
    *WORKERS_OF_TRAININGS,
    Option("--timeout", "seconds after which an evaluation counts as failed (default: never)", _number, metavar="S"),
)
PROCESSES = Option("--processes", "processes that train the supernet together (default: 1)", _count, metavar="N")
ID = Option("--id", "id of a network, as in the report's table", metavar="ID")

COMMANDS = {
    "run": Command(
        "Train, search, retrain, export and report: all of an experiment, going on where it stopped.",
        (EXPERIMENT, OUT, DATA, *WORKERS, PROCESSES),
        (
            "nas run experiments/digits.py",
            "nas run experiments/cifar10.py:cpu --data DATA --limits.flops 10e6 --seed 1 --out results/second",
        ),
        takes_settings=True,
    ),
    "train": Command(
        "Train the supernet of an experiment or of a run.",
        (
            EXPERIMENT,
            OUT,
            DATA,
            PROCESSES,
            RAY,
        ),
        ("nas train experiments/digits.py", "nas train experiments/cifar10.py:gpu --processes 8 --ray auto"),
        takes_settings=True,
    ),
    "search": Command(
        "Search with the trained supernet: one evaluated architecture a line in trials.jsonl.",
        (RUN, DATA, *WORKERS),
        ("nas search results/digits",),
    ),
    "compare": Command(
        "Compare strategies on one supernet: equal budget, several seeds, every network evaluated once for all.",
        (
            EXPERIMENT,
            OUT,
            DATA,
            *WORKERS,
            Option("--strategies", "names with commas between (default: guided,evolution,random)", metavar="NAMES"),
            Option("--seeds", "searches of each strategy (default: 5)", _count, metavar="N"),
            Option("--budget", "networks of each search (default: the experiment's evaluations)", _count, metavar="N"),
        ),
        ("nas compare results/digits --strategies guided,evolution,random,tpe --seeds 5 --budget 60",),
        takes_settings=True,
    ),
    "study": Command(
        "Write a run's trials to an Optuna storage, as for optuna-dashboard, or begin a search with a study's.",
        (
            RUN,
            Option("--to", "storage to write to: sqlite:///FILE, another URL, or a journal FILE.log", metavar="URL"),
            Option("--from", "storage to read from; the run must not have been searched yet", metavar="URL"),
            Option("--name", "name of the study (default: that of the run)", metavar="NAME"),
        ),
        (
            "nas study results/digits --to sqlite:///trials.db",
            "nas study results/second --from sqlite:///trials.db --name digits",
        ),
    ),
    "retrain": Command(
        "Train the best networks from scratch or from inherited weights, and test them once each.",
        (
            RUN,
            ID,
            Option("--top", "networks of the front", int, metavar="K"),
            Option("--seeds", "trainings of each", int, metavar="N"),
            Option("--arms", "scratch, inherited, or both with a comma between", metavar="ARMS"),
            DATA,
            *WORKERS_OF_TRAININGS,
            Option("--asha", "stop early what is not among the best (successive halving); needs --ray", is_flag=True),
        ),
        ("nas retrain results/digits --top 5 --seeds 3", "nas retrain results/digits --id 1a2b3c4d5e --arms scratch"),
    ),
    "export": Command(
        "Write retrained networks as folders that stand alone, checked in every form; without an id, all of them.",
        (
            RUN,
            Option("ids", "ids of networks; without any, all that were retrained", nargs="*", metavar="ID"),
            Option("--front", "only those that were retrained because they are on the front", is_flag=True),
            Option("--formats", "pt2, onnx, both with a comma between, or none (default: pt2,onnx)", metavar="NAMES"),
            Option("--int8", "also as ONNX with weights of 8 bits, its quality and latency measured", is_flag=True),
            DATA,
            Option(
                "--architecture-only", "only the network's choices, as JSON; also of one not retrained", is_flag=True
            ),
            Option(
                "--to", "file of the architecture, - prints it (default: RUN/architectures/ID.json)", metavar="FILE"
            ),
        ),
        (
            "nas export results/digits",
            "nas export results/digits 1a2b3c4d5e --formats onnx --int8",
            "nas export results/digits 1a2b3c4d5e --architecture-only --to -",
        ),
        module="nas.commands.results",
    ),
    "pack": Command(
        "Pack the weights of a run's retrained networks, and a small supernet's, into one file that git can hold.",
        (RUN, DATA),
        ("nas pack results/digits",),
        module="nas.commands.results",
    ),
    "reproduce": Command(
        "Evaluate a network of a run again and say whether each recorded figure agrees; exit code 1 if one does not.",
        (
            RUN,
            Option("--id", "id of a network, as in the report's table", is_required=True, metavar="ID"),
            Option("--retrain", "repeat its trainings as well; weights that are missing are kept", is_flag=True),
            DATA,
        ),
        ("nas reproduce results/digits --id 1a2b3c4d5e",),
        module="nas.commands.results",
    ),
    "predict": Command(
        "Use an export: translate lines of text from standard input or files, classify images.",
        (
            Option("export", "folder of an export", Path, metavar="EXPORT"),
            Option(
                "files",
                "images, for each its name, class and probability; or UTF-8 texts instead of standard input; or"
                " other inputs of the network's family",
                Path,
                nargs="*",
                metavar="FILE",
            ),
        ),
        (
            "nas predict results/digits/exports/1a2b3c4d5e scan.png photo.jpg",
            "nas predict results/phrases/exports/1a2b3c4d5e < english.txt > german.txt",
            'echo "two hundred and five" | nas predict results/phrases/exports/1a2b3c4d5e --beam 1',
        ),
        module="nas.export.predict.predict",
        goes_on=False,
        more_help=_family_options,
    ),
    "report": Command(
        "Write the page, figures and tables of a run, finished or not; of several, a page that compares them.",
        (
            Option("runs", "folders of runs", Path, nargs="+", metavar="RUN"),
            Option(
                "--out",
                "folder of the page (default: report/ in the run's folder, or beside the first of several runs)",
                Path,
                metavar="FOLDER",
            ),
            Option("--measure", "first measure latency by length, once, as nas run does: half a minute", is_flag=True),
            Option("--watch", "write it anew while another command works on the run, until it is done", is_flag=True),
        ),
        (
            "nas report results/digits --measure",
            "nas report results/digits results/second --out results/compared",
            "nas report results/digits --watch",
        ),
        module="nas.commands.results",
    ),
    "describe": Command(
        "Say what an experiment will do (space, costs, limits, data, device), or draw a network with its costs.",
        (
            Option(
                "what",
                "an experiment's file, file.py:variant or run; an architecture's JSON file, - for standard input, or an"
                " export; or a run with the id of a network",
                metavar="WHAT",
            ),
            Option("id", "id of a network of the run", nargs="?", metavar="ID"),
            Option("--experiment", "file of the experiment that an architecture is of", metavar="FILE"),
            Option("--length", "tokens to count a network's costs at: 256, or 30-40 of a translation", metavar="N"),
            DATA,
        ),
        (
            "nas describe experiments/cifar10.py:cpu",
            "nas describe results/digits 1a2b3c4d5e --length 256",
            "nas describe architecture.json",
        ),
        takes_settings=True,
        module="nas.commands.results",
    ),
}
