"""Costs of a few networks of a run at several lengths: FLOPs counted here, latency as measured before."""

import math
from collections.abc import Sequence
from typing import Any

from nas.evaluators.latency import Quartiles
from nas.experiment import Experiment
from nas.report.lengths.growth import Growth, LengthCosts, counted_break_even
from nas.report.lengths.measured import (
    Latencies,
    Length,
    at_length,
    compared_networks,
    flops_of,
    front_of,
    lengths_of,
    read_latencies,
)
from nas.runs.run import Run
from nas.search_space import architecture_id
from nas.search_space.patterns import FULL, homogeneous, kinds, single_kind


def length_costs(run: Run) -> LengthCosts | None:
    """Costs at several lengths; None where the task has one length only, or the search has no front yet."""
    experiment, measured = run.experiment, read_latencies(run)
    found = lengths_of(experiment)
    networks = list(measured[0].networks) if measured and measured[0].networks else compared_networks(run)
    if not found or not networks:
        return None
    front = set(front_of(run))
    return LengthCosts(
        tokens=tuple(length.tokens for length in found),
        own=experiment.task.example_tokens()[0],
        flops=flops_of(experiment).name,
        networks=tuple(_growth(experiment, each, networks[0], each in front, found, measured) for each in networks),
        device=next((each.device for each in measured if each.networks), None),
        threads=next((each.threads for each in measured), 1),
        too_long=any(not each.networks for each in measured),
    )


def _growth(
    experiment: Experiment,
    network: Any,
    first: Any,
    on_front: bool,
    found: Sequence[Length],
    measured: Sequence[Latencies],
) -> Growth:
    count, space = flops_of(experiment), experiment.space
    rival = homogeneous(space, network, FULL) if FULL in kinds(space) else None
    at = {each.tokens: each.networks.get(network) for each in measured}
    latency: tuple[Quartiles | None, ...] = tuple(at.get(length.tokens) for length in found)
    flops = tuple(count(length.task, network) for length in found)
    alone = rival is None or rival == network
    kind = single_kind(space, network)
    return Growth(
        architecture_id(network),
        kind,
        on_front,
        kind is not None and homogeneous(space, first, kind) == network,
        flops,
        latency,
        None if alone else architecture_id(rival),
        None if alone else _break_even(experiment, network, rival, found),
    )


def _break_even(experiment: Experiment, network: Any, rival: Any, found: Sequence[Length]) -> float:
    """Tokens from which the network has fewer FLOPs than its rival, up to the longest length."""
    count, own = flops_of(experiment), experiment.task.example_tokens()
    known = {length.tokens: length for length in found}

    def is_cheaper(tokens: int) -> bool:
        # both sides of a translation grow by the same factor
        sides = [max(1, round(tokens * side / own[0])) for side in own]
        task = (known.get(tokens) or at_length(experiment.task, *sides)).task
        return count(task, network) < count(task, rival)

    longest = found[-1].tokens
    # images are square
    every = [side * side for side in range(1, math.isqrt(longest) + 1)] if len(own) == 1 else range(1, longest + 1)
    return counted_break_even(every, is_cheaper, list(known))
