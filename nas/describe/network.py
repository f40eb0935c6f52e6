"""One network, described: found in an architecture's file, an export or a run, and drawn with its costs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from nas.describe.architecture_file import Described, architecture_record, described
from nas.describe.diagram import PLAIN, TERMINAL, diagram
from nas.experiment.loading import load
from nas.export.read.config import CONFIG
from nas.runs.run import Run, network_of_run
from nas.search_space import architecture_id
from nas.system.files import read_json, write_json
from nas.system.numbers import number
from nas.system.ranges import Tokens, read_number, require, shortened

SUMMED = ("flops", "parameters", "body_flops", "body_parameters")
"""Costs that the diagram ends with."""
STANDARD_INPUT = STANDARD_OUTPUT = "-"


def find_network(named: str, identifier: str | None, experiment: str | None) -> Described | None:
    """The network that the words of the command line name; None if they name an experiment or a whole run.

    Args:
        named: A JSON file, `-` for standard input, the folder of an export, or that of a run, which needs an id.
        experiment: File of an experiment whose task and space the architecture is of.

    Raises: ValueError if there is no such network, or it is not of the experiment.
    """
    folder = Path(named)
    if identifier is not None:
        run = Run(folder)
        return of_run(run, network_of_run(run, identifier))
    if named == STANDARD_INPUT or folder.suffix == ".json":
        return _of_record(_read(named), named, experiment)
    if (folder / CONFIG).is_file():
        return _of_record(read_json(folder / CONFIG), str(folder / CONFIG), experiment)
    return None


def of_run(run: Run, architecture: Any) -> Described:
    """A network of a run, with the costs of its experiment."""
    title = f"{architecture_id(architecture)} of {run.name}"
    return Described(architecture, run.experiment.task, title, run.space.cost(architecture))


def describe_network(network: Described, length: str | None, colour: bool) -> Iterator[Text]:
    """Title, setting, diagram, and what other costs are known.

    Args:
        length: Tokens of the inputs to count at, `256` or `30-40`; None for what the task quotes.
        colour: Whether a terminal shows it.

    Raises: ValueError if the task has no inputs of that length.
    """
    at = network if length is None else replace(network, task=_at_length(network, length))
    yield Text(f"network      {network.title}", "bold")
    yield Text(f"costs at     {at.task.cost_setting()}, batch 1, 1 multiply-add = 1 FLOP")
    yield from (Text(f"{name:<12} width {width}, {_layers(depth)}") for name, width, depth in _stacks(at.architecture))
    yield Text("")
    yield from diagram(at.task, at.architecture, TERMINAL if colour else PLAIN)
    others = {name: value for name, value in network.costs.items() if name not in SUMMED}
    if others:
        yield Text(f"also         {', '.join(f'{name} {number(value)}' for name, value in others.items())}")


def _stacks(architecture: Any) -> list[tuple[str, int, int]]:
    """Name, width and depth of the stacks of a Transformer; nothing of networks of another kind."""
    stacks: dict[str, Any] = {name: getattr(architecture, name, None) for name in ("encoder", "decoder")}
    return [(name, stack.embed_dim, stack.depth) for name, stack in stacks.items() if hasattr(stack, "embed_dim")]


def _layers(depth: int) -> str:
    return "1 layer" if depth == 1 else f"{depth} layers"


def print_network(network: Described, length: str | None) -> None:
    """In colour on a terminal, in plain letters elsewhere."""
    console = Console(highlight=False, soft_wrap=True)
    for line in describe_network(network, length, console.is_terminal):
        console.print(line if console.is_terminal else Text(line.plain.rstrip()))


def write_architecture(run: Run, identifier: str | None, to: str | None) -> None:
    """Write a network's architecture as JSON, and say where; `-` is standard output and nothing else is said there.

    Raises: ValueError if there is no such network.
    """
    if identifier is None:
        raise ValueError(f"--architecture-only needs the id of a network; nas report {run.folder} lists them")
    record = architecture_record(run, network_of_run(run, identifier))
    if to == STANDARD_OUTPUT:
        print(json.dumps(record, indent=2, ensure_ascii=False))
        return
    path = run.architecture_file(identifier) if to is None else Path(to)
    write_json(path, record)
    print(f"architecture  {path}\nnext          nas describe {path}")


def _of_record(record: Any, where: str, experiment: str | None) -> Described:
    if experiment is None:
        return described(record, where)
    own = load(experiment).experiment
    value = record.get("architecture", record) if isinstance(record, dict) else record
    try:
        architecture = own.space.from_json(value)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where} is no network of {experiment}: {' '.join(str(error).split())}") from error
    costs = {cost.name: cost(own.task, architecture) for cost in own.costs if not cost.measured}
    return Described(architecture, own.task, f"{architecture_id(architecture)} of {experiment}", costs)


def _read(named: str) -> Any:
    """Raises: ValueError if there is no such file, or it is no JSON."""
    if named != STANDARD_INPUT and not Path(named).is_file():
        raise ValueError(f"no file {named}; write an architecture's with nas export RUN ID --architecture-only")
    text = sys.stdin.read() if named == STANDARD_INPUT else Path(named).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = "standard input" if named == STANDARD_INPUT else named
        raise ValueError(f"{where} is no JSON: {error}") from error


def _at_length(network: Described, length: str) -> Any:
    source, _, target = length.partition("-")
    try:
        sizes = [read_number(size, int) for size in ([source, target] if target else [source])]
    except ValueError as error:
        what = f"--length {shortened(length)} is no number of tokens; give one, as 256, or two, as 30-40"
        raise ValueError(what) from error
    for size in sizes:
        require("--length", size, Tokens)
    return network.task.at_length(*sizes)
