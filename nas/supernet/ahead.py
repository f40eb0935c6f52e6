"""Needs of a training that are known before it begins: memory for its weights, and what its qualities use."""

import torch

from nas.evaluators.base import PreparedQuality
from nas.experiment import Experiment
from nas.supernet.meta import build_on_meta
from nas.system.devices import default_device
from nas.system.machine import check_fits, machine_bytes
from nas.system.numbers import amount

COPIES = 4
"""Numbers that training keeps for each parameter: the weight, its gradient, and the two moments of AdamW."""


def check_memory(experiment: Experiment) -> None:
    """Raises: ValueError if the largest network cannot be trained in the memory of the device; nothing is allocated."""
    network = build_on_meta(experiment.task.build, experiment.space.largest())
    parameters = list(network.parameters())
    count = sum(parameter.numel() for parameter in parameters)
    needed = COPIES * sum(parameter.numel() * parameter.element_size() for parameter in parameters)
    what = f"training the largest network of the space, of {amount(count)} parameters,"
    check_fits(what, needed, _available(), "choose a space of smaller networks")


def check_qualities(experiment: Experiment) -> None:
    """Try what the qualities will need, on a network without weights.

    Raises: ValueError if a quality does not fit the task, or something that it needs is not there.
    """
    network = build_on_meta(experiment.task.build, experiment.space.smallest())
    for quality in (experiment.quality, experiment.tested):
        if isinstance(quality, PreparedQuality):
            quality.prepare(experiment.task, network)


def _available() -> int:
    device = default_device()
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else machine_bytes()
