"""Costs by pieces: a candidate's cost is put together from numbers known for its parts, each part measured once."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn

from nas.models.pieces import Piece
from nas.tasks.base import Task

Part = Literal["network", "body"]
"""All of a network, or what lies between the ends at its vocabulary: embeddings and output layer are left out."""
Measure = Callable[[nn.Module, tuple[Tensor, ...]], int]
"""Gives the cost of a module on inputs; a function of their shapes alone."""


def piece_values(measure: Measure, task: Task, architecture: Any, part: Part = "network") -> list[int]:
    """`measure` of each piece of the network, in the order of `task.pieces`; a piece seen before is not built again."""
    known = _known_values(measure, task)
    values = []
    for piece in task.pieces(architecture):
        if piece.is_end and part == "body":
            continue
        value = known.get(piece.key)
        if value is None:
            value = known[piece.key] = _measure_piece(measure, task, piece)
        values.append(value)
    return values


@contextmanager
def measuring() -> Iterator[None]:
    """Inside, nothing is drawn from torch's generator that is not given back, no gradient is kept, and torch's fused
    Transformer layers run as the single operators that they are made of, so that each of them is seen.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fused)


@cache
def _known_values(measure: Measure, task: Task) -> dict[Hashable, int]:
    return {}


def _measure_piece(measure: Measure, task: Task, piece: Piece) -> int:
    # on the CPU, not on meta tensors: models may look at values, and attention takes other kernels on meta tensors
    with measuring():
        return measure(piece.build().eval(), _piece_inputs(task, piece))


def _piece_inputs(task: Task, piece: Piece) -> tuple[Tensor, ...]:
    # a piece that reads the task's own inputs gets them, since they may be tokens; others read features
    examples = task.example_inputs()
    if tuple(tuple(x.shape) for x in examples) == piece.shapes:
        return examples
    dtype = torch.int64 if piece.inputs == "tokens" else torch.float32
    return tuple(torch.zeros(shape, dtype=dtype) for shape in piece.shapes)
