"""Latency at several input lengths: the lengths, the networks that are compared, and the measurement.

Latency is measured once, one length at a time, and kept in the run.
"""

import logging
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import torch

from nas.evaluators.flops import Flops
from nas.evaluators.latency import Quartiles, interleaved_latencies
from nas.evaluators.pieces import Part
from nas.experiment import Experiment
from nas.runs.run import Run
from nas.search_space import to_json
from nas.search_space.patterns import homogeneous, kinds
from nas.strategies.pareto import evenly
from nas.system.devices import default_device, device_name
from nas.system.files import append_line, read_lines
from nas.system.progress import progress
from nas.tasks.base import Task

log = logging.getLogger(__name__)

POWERS = tuple(4**power for power in range(1, 7))
"""Factors between two lengths; a square of patches stays a square."""
SHORTEST, LONGEST = 16, 4_096
"""Range of the lengths in tokens of the source; the task's own length is always included."""
MOST_NETWORKS, LEAST_OF_FRONT = 8, 2
SECONDS_A_LENGTH = 4.0
THREADS = 1


class Length(NamedTuple):
    """One length of inputs."""

    tokens: int
    """Tokens of an image or of the source."""
    target_tokens: int | None
    """Tokens of the output of a translation; None for other tasks."""
    task: Task
    """The task with inputs of this length."""

    def is_of(self, task: Task) -> bool:
        """Whether this is the task's own length."""
        return self.task.example_tokens() == task.example_tokens()

    @property
    def name(self) -> str:
        """Name of the length: `256`, or `120-160` where source and output differ."""
        alike = self.target_tokens in (None, self.tokens)
        return str(self.tokens) if alike else f"{self.tokens}-{self.target_tokens}"


def lengths(task: Task) -> list[Length]:
    """The task's own length, and others by powers of 4 from it; empty where the task has one length only."""
    own = task.example_tokens()
    if not own:
        return []
    # lengths are whole numbers: a quarter of 30 tokens is none
    shorter = [tuple(each // by for each in own) for by in POWERS if all(each % by == 0 for each in own)]
    longer = [tuple(each * by for each in own) for by in POWERS]
    inside = [each for each in [*shorter, *longer] if SHORTEST <= each[0] <= LONGEST]
    return [at_length(task, *each) for each in sorted([own, *inside])]


def lengths_of(experiment: Experiment) -> list[Length]:
    """Lengths at which every attention kind of the space runs; some kinds have a longest input."""
    space, largest = experiment.space, experiment.space.largest()
    networks = dict.fromkeys([largest, *(homogeneous(space, largest, kind) for kind in kinds(space))])
    return [each for each in lengths(experiment.task) if all(_runs(each, network) for network in networks)]


def _runs(length: Length, network: Any) -> bool:
    try:
        Flops()(length.task, network)
    except ValueError:
        return False
    return True


def at_length(task: Task, tokens: int, target_tokens: int | None = None) -> Length:
    """The task with inputs of another length.

    Raises: ValueError if the task has no inputs of that length.
    """
    return Length(tokens, target_tokens, task.at_length(tokens, target_tokens))


def flops_of(experiment: Experiment) -> Flops:
    """FLOPs at a task's own length, of the same part of the network that the experiment counts."""
    part: Part = next((cost.of for cost in experiment.costs if isinstance(cost, Flops)), "network")
    return Flops(of=part)


@dataclass(frozen=True)
class Latencies:
    """Latencies of several networks at one length, batch 1."""

    tokens: int
    target_tokens: int | None
    device: str
    threads: int
    networks: dict[Any, Quartiles]
    """Latency by architecture; empty where the measurement would have taken too long."""


def front_of(run: Run) -> list[Any]:
    """Architectures on the front of a run, cheapest first."""
    return [trial.architecture for trial in run.front()]


def compared_networks(run: Run) -> list[Any]:
    """Some networks of the front, spread along it, and homogeneous ones in the shape of the costliest of these.

    All homogeneous networks have one shape, so that they differ in kind alone; the network with that shape comes first.
    """
    space, front = run.experiment.space, front_of(run)
    if not front:
        return []
    alike = [homogeneous(space, front[-1], kind) for kind in kinds(space)]
    chosen = [front[place] for place in evenly(len(front), max(MOST_NETWORKS - len(alike), LEAST_OF_FRONT))]
    return list(dict.fromkeys([*chosen, *alike]))


def measure_latencies(run: Run) -> None:
    """Measure latency at each length that is not measured yet, as a phase of the run; this takes half a minute at most.

    All lengths have the networks of the first measurement. Lengths that would take too long are left out.
    """
    known = read_latencies(run)
    networks = list(known[0].networks) if known else compared_networks(run)
    planned = [each for each in lengths_of(run.experiment) if each.tokens not in {own.tokens for own in known}]
    if not planned or not networks or any(not own.networks for own in known):
        return
    with run.phase("lengths"), progress("lengths", len(planned), "lengths") as advance:
        for done, length in enumerate(planned):
            advance(done, f"latency at {length.name} tokens")
            found = _measured(length, networks)
            append_line(run.lengths_file, _line(found))
            if not found.networks:
                log.info("latency at %s tokens or more is left out: it would take too much time or memory", length.name)
                break
        advance(len(planned), "")


def read_latencies(run: Run) -> list[Latencies]:
    """Latencies that were measured, by rising length.

    Raises: ValueError if a line is damaged or does not belong to the experiment.
    """
    return sorted((_latencies(line, run) for line in read_lines(run.lengths_file)), key=lambda each: each.tokens)


def _measured(length: Length, networks: list[Any]) -> Latencies:
    device = default_device()
    inputs = tuple(x.to(device) for x in length.task.example_inputs())
    try:
        with torch.random.fork_rng(devices=[]):
            models = [(length.task.build(each).eval().to(device), inputs) for each in networks]
        found = interleaved_latencies(models, seconds=SECONDS_A_LENGTH, threads=THREADS)
    except (MemoryError, RuntimeError) as error:
        # long inputs run out of memory
        log.info("latency at %s tokens: %s", length.name, " ".join(str(error).split())[:200])
        found = None
    measured = {} if found is None else dict(zip(networks, found, strict=True))
    return Latencies(length.tokens, length.target_tokens, device_name(device), THREADS, measured)


def _line(found: Latencies) -> dict[str, Any]:
    rounded = {each: [round(value, 4) for value in own] for each, own in found.networks.items()}
    networks = [{"architecture": to_json(each), "milliseconds": values} for each, values in rounded.items()]
    return {**asdict(replace(found, networks={})), "networks": networks}


def _latencies(line: Any, run: Run) -> Latencies:
    try:
        networks = {
            run.experiment.space.from_json(each["architecture"]): Quartiles(*each["milliseconds"])
            for each in line["networks"]
        }
        return Latencies(**{**line, "networks": networks})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{run.lengths_file} has a line that is no latency of this experiment: {error}") from error
