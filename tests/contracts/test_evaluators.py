"""Every evaluator of the folder keeps its contract; a new file is tested as soon as it exists."""

import importlib
import inspect
import pickle
import pkgutil

import numpy as np
import pytest
import torch

import nas.evaluators
from nas.evaluators.base import Cost, Quality
from nas.search_space import presets
from nas.tasks.digits import Digits
from nas.tasks.parallel import Parallel

OF_TRANSLATIONS = "bleu"
"""A quality of translations alone."""
MEASURED = "latency"
"""Costs that are timed: positive, but not the same twice."""


def evaluators(contract: type) -> list[type]:
    """Classes of the folder whose call has the contract's parameters."""
    parameters = list(inspect.signature(contract.__call__).parameters)
    found = []
    for module in pkgutil.iter_modules(nas.evaluators.__path__, "nas.evaluators."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and value.__module__ == module.name and value is not contract:
                own = value.__dict__.get("__call__")
                if own is not None and list(inspect.signature(own).parameters) == parameters:
                    found.append(value)
    return found


COSTS, QUALITIES = evaluators(Cost), evaluators(Quality)
SHAPE_COSTS = [cost for cost in COSTS if cost().name != MEASURED]
ARCHITECTURE = presets.tiny().sample(np.random.default_rng(0))


def test_folder_holds_the_evaluators():
    assert {"flops", "parameters", "peak_memory", "latency"} <= {cost().name for cost in COSTS}
    assert {"accuracy"} <= {quality().name for quality in QUALITIES}


@pytest.mark.parametrize("evaluator", COSTS + QUALITIES)
def test_evaluator_is_a_value_with_name_and_unit(evaluator):
    assert evaluator() == evaluator()
    assert hash(evaluator()) == hash(evaluator())
    assert pickle.loads(pickle.dumps(evaluator())) == evaluator()
    assert evaluator().name.isidentifier()
    assert evaluator().unit


@pytest.mark.parametrize("cost", COSTS)
def test_only_a_latency_is_measured(cost):
    assert cost().measured == (cost().name == MEASURED)


@pytest.mark.parametrize("cost", COSTS)
def test_cost_is_a_positive_float_and_leaves_torch_s_generator_alone(cost):
    # a smoothing that no other test has, so that nothing is known yet
    task = Digits(patch_size=2, label_smoothing=0.21)
    state = torch.get_rng_state()
    value = cost()(task, ARCHITECTURE)
    assert isinstance(value, float)
    assert 0 < value < float("inf")
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("cost", SHAPE_COSTS)
def test_cost_does_not_depend_on_weights(cost):
    values = set()
    for seed in range(2):
        torch.manual_seed(seed)
        # tasks that differ in training alone are measured anew
        values.add(cost()(Digits(patch_size=2, label_smoothing=0.22 + 0.01 * seed), ARCHITECTURE))
    assert len(values) == 1


@pytest.mark.parametrize("cost", SHAPE_COSTS)
def test_cost_is_the_same_when_asked_again(cost):
    task = Digits(patch_size=2)
    assert cost()(task, ARCHITECTURE) == cost()(task, ARCHITECTURE)


@pytest.mark.parametrize("cost", SHAPE_COSTS)
def test_largest_network_costs_more_than_the_smallest(cost):
    task, space = Digits(patch_size=2), presets.tiny()
    assert cost()(task, space.smallest()) < cost()(task, space.largest())


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("split", ["search", "test"])
def test_quality_is_repeatable_and_leaves_evaluation_mode(quality, split, parallel_root):
    if quality().name == OF_TRANSLATIONS:
        task, architecture = Parallel(vocabulary=500).with_data(parallel_root), presets.tiny_translation().smallest()
    else:
        task, architecture = Digits(patch_size=2), ARCHITECTURE
    model = task.build(architecture).train()
    value = quality()(task, model, split)
    assert isinstance(value, float)
    assert not model.training
    assert quality()(task, model, split) == value
