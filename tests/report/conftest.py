"""A small run without training: architectures of the tiny space, with a quality that is a known function of them."""

from collections.abc import Callable

import numpy as np
import pytest

from nas.report.data import ReportData
from nas.retrained import Retrained
from nas.search_space import Architecture, Block, Stack, architecture_id
from nas.search_space.feasible import single_kind
from nas.search_space.limits import Window
from nas.search_space.presets import tiny
from nas.strategies.base import Trial

LIMIT = 400.0


def cost(architecture: Architecture) -> float:
    """Between 2 * 24 + 2 * 32 = 112 and 2 * 48 + 4 * 96 = 480."""
    return float(2 * architecture.encoder.embed_dim + sum(block.ffn_dim for block in architecture.encoder.blocks))


def quality(architecture: Architecture) -> float:
    """Grows with cost and with the number of softmax layers."""
    softmax = sum(block.attention == "softmax" for block in architecture.encoder.blocks)
    return 0.5 + cost(architecture) / 2000 + softmax / 50


def all_of(kind: str, ffn_dim: int) -> Architecture:
    return Architecture(Stack(24, (Block(kind, 2, 8, ffn_dim),) * 2))


def trained(architecture: Architecture, origin: str, arm: str, seed: int) -> Retrained:
    """From scratch 0.03 below the inherited quality, fine-tuned 0.01 above it; a hundredth more with each seed."""
    reached = quality(architecture) + (-0.03 if arm == "scratch" else 0.01) + seed / 100
    name = architecture_id(architecture)
    return Retrained(name, architecture, origin, arm, seed, reached, reached + 0.002, 100, 2.0, "cpu", "abc")


@pytest.fixture(scope="session")
def make_data() -> Callable[..., ReportData]:
    """Makes the values of a run; a test changes what it is about with `dataclasses.replace`."""

    def make(count: int = 30, retrain: int = 4) -> ReportData:
        rng = np.random.default_rng(0)
        drawn = [tiny().sample(rng) for _ in range(count)]
        fixed = [all_of(kind, ffn_dim) for kind in ("softmax", "linear") for ffn_dim in (32, 64)] if count > 1 else []
        trials = []
        for number, architecture in enumerate(dict.fromkeys([*fixed, *drawn])):
            violation = max(0.0, cost(architecture) / LIMIT - 1)
            reached = None if violation else quality(architecture)
            costs = {"flops": cost(architecture), "parameters": 10 * cost(architecture)}
            trials.append(Trial(number, architecture, costs, reached, violation, 0.5))
        kinds = {architecture_id(trial.architecture): single_kind(tiny(), trial.architecture) for trial in trials}
        inside = [trial.architecture for trial in trials if not trial.violation][:retrain]
        arms = [(arm, seed) for arm in ("scratch", "inherited") for seed in (0, 1, 2)]
        return ReportData(
            name="a small run",
            experiment_doc="Known qualities.",
            quality_name="accuracy",
            quality_unit="top-1",
            costs={"flops": "multiply-adds", "parameters": "parameters"},
            setting="16 tokens",
            limits={"flops": Window(at_most=LIMIT)},
            space_size=tiny().size(),
            trials=tuple(trials),
            retrained=tuple(trained(one, "front", arm, seed) for one in inside for arm, seed in arms),
            provenance={
                "commands": ["nas run experiments/digits.py"],
                "wall_seconds": {"supernet": 60.0, "search": 30.0},
                "versions": {"torch": "2.13.0"},
            },
            single_kinds={name: kind for name, kind in kinds.items() if kind is not None},
        )

    return make
