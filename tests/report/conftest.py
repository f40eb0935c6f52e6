"""A small run without training: architectures of the tiny space, with a quality that is a known function of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nas.report.data import Axis, ReportData
from nas.runs.records import Retrained
from nas.search_space import Architecture, Block, Stack, architecture_id
from nas.search_space.limits import Window
from nas.search_space.patterns import Hybrid, homogeneous, kinds, single_kind
from nas.search_space.presets import autoformer_small, tiny, tiny_translation
from nas.strategies.base import Trial

LIMIT = 400.0


def cost(architecture: Architecture) -> float:
    """A cost between 2 * 24 + 2 * 32 = 112 and 2 * 48 + 4 * 96 = 480."""
    return float(2 * architecture.encoder.embed_dim + sum(block.ffn_dim for block in architecture.encoder.blocks))


def quality(architecture: Architecture) -> float:
    """Grows with cost and with the number of softmax layers."""
    softmax = sum(block.attention == "softmax" for block in architecture.encoder.blocks)
    return 0.5 + cost(architecture) / 2000 + softmax / 50


def all_of(kind: str, ffn_dim: int) -> Architecture:
    return Architecture(Stack(24, (Block(kind, 2, 8, ffn_dim),) * 2))


def trained(architecture: Architecture, origin: str, arm: str, seed: int) -> Retrained:
    """A training: 0.03 below inherited quality from scratch, 0.01 above it fine-tuned, and 0.01 more with each seed."""
    reached = quality(architecture) + (-0.03 if arm == "scratch" else 0.01) + seed / 100
    name = architecture_id(architecture)
    return Retrained(name, architecture, origin, arm, seed, reached, reached + 0.002, 100, 2.0, "cpu", "abc")


def translation_cost(architecture: Any) -> float:
    """A cost between 64 + 2 * 96 + 1 * 96 and 96 + 3 * 192 + 3 * 192, plus 10 for each encoder layer that is seen."""
    layers = [*architecture.encoder.blocks, *architecture.decoder.blocks]
    seen = sum(block.cross_attention.encoder_layers for block in architecture.decoder.blocks)
    return float(architecture.encoder.embed_dim + sum(block.ffn_dim for block in layers) + 10 * seen)


def likelihood(architecture: Any) -> float:
    """Nats per token, below 0; grows with cost and with softmax to the source."""
    softmax = sum(block.cross_attention.kind == "softmax" for block in architecture.decoder.blocks)
    return translation_cost(architecture) / 1000 + softmax / 50 - 4


def translated(architecture: Any, origin: str, arm: str, seed: int) -> Retrained:
    """Trained, a nat per token more than inherited; BLEU is 50 plus ten times that, a fifth more each seed."""
    reached = likelihood(architecture) + 1
    bleu = 50 + 10 * reached + (0.5 if arm == "inherited" else 0) + seed / 5
    details = {
        "bleu": bleu,
        "signature": "nrefs:1|tok:13a|version:2.6.0",
        "chrf": bleu + 20,
        "chrf_signature": "nrefs:1|nc:6|version:2.6.0",
        "bleu_intl": bleu + 0.5,
        "signature_intl": "nrefs:1|tok:intl|version:2.6.0",
        "beam": 4,
        "length_penalty": 0.6,
        "sentences": 2737,
        "averaged_snapshots": 10,
    }
    name = architecture_id(architecture)
    return Retrained(name, architecture, origin, arm, seed, bleu, reached, 100, 2.0, "cpu", "abc", details)


@pytest.fixture(scope="session")
def translation() -> ReportData:
    """A run that searched by log-likelihood and read BLEU on the test split; kinds apart at each site."""
    rng, space = np.random.default_rng(0), tiny_translation()
    drawn = list(dict.fromkeys(space.sample(rng) for _ in range(20)))
    alike = [homogeneous(space, space.largest(), kind) for kind in kinds(space)]
    trials = [
        Trial(number, each, {"flops": translation_cost(each)}, likelihood(each), 0.0, 0.5)
        for number, each in enumerate([*drawn, *alike])
    ]
    chosen = [(each, "front") for each in drawn[:3]]
    chosen += [(each, f"all {kind}") for each, kind in zip(alike, kinds(space), strict=True)]
    single = {architecture_id(each): single_kind(space, each) for each in [*drawn, *alike]}
    return ReportData(
        name="phrases",
        experiment_doc="Known qualities.",
        quality_name="log_likelihood",
        quality_unit="nats per token",
        test_name="bleu",
        test_unit="BLEU",
        costs={"flops": "multiply-adds"},
        setting="30 tokens to 30 tokens",
        limits={},
        space_size=space.size(),
        trials=tuple(trials),
        retrained=tuple(
            translated(each, origin, arm, seed)
            for each, origin in chosen
            for arm in ("scratch", "inherited")
            for seed in (0, 1, 2)
        ),
        provenance={"commands": ["nas run experiments/phrases.py"]},
        single_kinds={name: kind for name, kind in single.items() if kind is not None},
        baselines={"copy of the source": {"bleu": 3.1, "chrf": 20.4}},
    )


@pytest.fixture(scope="session")
def make_data() -> Callable[..., ReportData]:
    """Makes the values of a run; a test changes what it is about with `dataclasses.replace`."""

    def make(count: int = 30, retrain: int = 4) -> ReportData:
        rng = np.random.default_rng(0)
        drawn = [tiny().sample(rng) for _ in range(count)]
        fixed = [all_of(kind, ffn_dim) for kind in ("softmax", "linear") for ffn_dim in (32, 64)] if count > 1 else []
        pattern = Architecture(Stack(24, (*[Block("linear", 2, 8, 32)] * 3, Block("softmax", 2, 8, 32))))
        trials = []
        for number, architecture in enumerate(dict.fromkeys([*fixed, *drawn, *[pattern] * bool(fixed)])):
            violation = max(0.0, cost(architecture) / LIMIT - 1)
            reached = None if violation else quality(architecture)
            costs = {"flops": cost(architecture), "parameters": 10 * cost(architecture)}
            trials.append(Trial(number, architecture, costs, reached, violation, 0.5))
        single = {architecture_id(trial.architecture): single_kind(tiny(), trial.architecture) for trial in trials}
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
            single_kinds={name: kind for name, kind in single.items() if kind is not None},
            hybrids={architecture_id(pattern): Hybrid(4, "linear")},
        )

    return make


def wide_cost(architecture: Architecture) -> float:
    """Multiply-adds of the FFNs and projections, a token."""
    width = architecture.encoder.embed_dim
    return float(
        sum(2 * width * block.ffn_dim + 4 * width * 64 * block.num_heads for block in architecture.encoder.blocks)
    )


@pytest.fixture(scope="session")
def make_large() -> Callable[[int], ReportData]:
    """Makes the values of a run with a thousand trials of 12 to 14 layers and 16 networks retrained thrice."""

    def make(seed: int) -> ReportData:
        rng, space = np.random.default_rng(seed), autoformer_small()
        drawn = [space.sample(rng) for _ in range(1_000)]
        alike = [homogeneous(space, drawn[-1], kind) for kind in kinds(space)]
        trials = []
        for number, each in enumerate([*drawn, *alike]):
            size = wide_cost(each) * 197
            reached = 0.5 + 0.06 * np.log10(size / 1e9) + rng.normal(0, 0.01) + seed / 100
            trials.append(Trial(number, each, {"flops": size, "parameters": size / 197}, reached, 0.0, 20.0))
        chosen = [(drawn[place], "front") for place in np.argsort([-trial.quality for trial in trials[:-4]])[:12]]
        chosen += [(each, f"all {kind}") for each, kind in zip(alike, kinds(space), strict=True)]
        names = [architecture_id(each) for each in [*drawn, *alike]]
        lengths = [
            Axis(
                f"FLOPs at {tokens} tokens",
                "multiply-adds",
                f"{tokens} tokens",
                {name: trial.costs["flops"] * tokens / 197 for name, trial in zip(names, trials, strict=True)},
            )
            for tokens in (49, 784, 3136, 12544)
        ]
        return ReportData(
            name=f"large {seed}",
            experiment_doc="A thousand trials.",
            quality_name="accuracy",
            quality_unit="top-1",
            costs={"flops": "multiply-adds", "parameters": "parameters"},
            setting="197 tokens",
            limits={"flops": Window(at_most=7e9)},
            space_size=space.size(),
            trials=tuple(trials),
            retrained=tuple(
                Retrained(architecture_id(each), each, origin, "scratch", number, value, value, 100, 2.0, "cpu", "abc")
                for each, origin in chosen
                for number in range(3)
                for value in [0.8 + rng.normal(0, 0.01)]
            ),
            provenance={
                "commands": ["nas run experiments/large.py"],
                "wall_seconds": {"search": 9_000.0},
                "seed": seed,
            },
            single_kinds=dict(zip(names[-4:], kinds(space), strict=True)),
            axes=tuple(lengths),
        )

    return make
