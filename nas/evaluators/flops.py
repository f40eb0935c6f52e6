"""FLOPs: multiply-adds of one inference, counted exactly from a trace of the operators that run.

Convention: one multiply-add is 1 (for those who count 2, double it). Only contractions count: linear, matrix products,
einsum, convolutions and both products of attention. What is done once per element (normalisation, activation, softmax,
rotation, bias, sum) is negligible, and is so by name: an operator in neither table below is an error, never a zero.

The trace and the walk over it are fvcore's. Its handles are not used: they count attention as nothing, einsum to four
digits, broadcast matrix products by their first operand, and normalisation as five per element.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

from fvcore.nn.jit_analysis import JitModelAnalysis
from torch import Tensor, nn

from nas.evaluators.pieces import Part, measuring, piece_values
from nas.models.guard import check_shapes_known
from nas.system.ranges import Tokens, check
from nas.tasks.base import Task

Value = Any
"""A value of torch's trace (`torch._C.Value`), of known shape."""
Handle = Callable[[list[Value], list[Value]], int]
"""Multiply-adds of one operator, from its inputs and outputs."""

_NEGLIGIBLE = """
Int Float Bool ScalarImplicit size numel item
view view_as reshape flatten unflatten squeeze unsqueeze unsqueeze_ expand expand_as broadcast_to permute transpose t
mT numpy_T swapaxes movedim contiguous clone detach alias to type_as lift_fresh copy_ view_as_real view_as_complex
complex slice select narrow split split_with_sizes chunk unbind tensor_split index index_select gather index_put_
scatter cat concat stack repeat repeat_interleave roll flip pad constant_pad_nd unfold pixel_shuffle pixel_unshuffle
channel_shuffle upsample_nearest2d embedding one_hot
arange linspace empty zeros ones full zeros_like ones_like full_like empty_like new_empty new_zeros new_ones new_full
eye tril tril_ triu meshgrid outer zero_ fill_
add add_ sub sub_ rsub mul mul_ div div_ floor_divide remainder neg abs sign reciprocal reciprocal_ square sqrt rsqrt
pow exp exp2 exp2_ log log1p expm1 sin cos tanh tanh_ sigmoid sigmoid_ erf floor ceil round clamp clamp_ clamp_min
clamp_max maximum minimum addcmul addcmul_ lerp eq ne lt le gt ge logical_and logical_or logical_not
bitwise_and bitwise_or bitwise_not __and__ __or__ where masked_fill masked_fill_
relu relu_ relu6 relu6_ gelu silu silu_ elu elu_ leaky_relu leaky_relu_ hardtanh hardtanh_ hardswish hardswish_
hardsigmoid softplus mish prelu selu glu softmax log_softmax logsumexp
layer_norm rms_norm batch_norm group_norm instance_norm linalg_vector_norm norm
sum mean amax amin max min argmax argmin any all var std topk sort
max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d
dropout dropout_ feature_dropout
"""
_TRACE_NODES = "Constant ListConstruct ListUnpack TupleConstruct TupleUnpack NumToTensor GetAttr"
NEGLIGIBLE = frozenset(
    {f"aten::{name}" for name in _NEGLIGIBLE.split()} | {f"prim::{name}" for name in _TRACE_NODES.split()}
)
"""Operators without contractions, and the trace's own nodes."""


def _matrix_product(left: int) -> Handle:
    """Each output element is a dot product along the last axis of the input at place `left`."""
    return lambda inputs, outputs: prod(_shape(outputs[0])) * _shape(inputs[left])[-1]


def _attention(inputs: list[Value], outputs: list[Value]) -> int:
    # q_HNK, k_HMK, v_HMV: N*M*K for the scores, N*M*V for the mixing, per head; with a mask too, as published counts do
    num_keys = _shape(inputs[1])[-2]
    return (prod(_shape(inputs[0])) + prod(_shape(outputs[0]))) * num_keys


def _convolution(inputs: list[Value], outputs: list[Value]) -> int:
    # weight: (out, in / groups, *kernel), read once per output; transposed: (in, out / groups, *kernel), once per input
    transposed = len(inputs) > 7 and inputs[6].toIValue()
    places = prod(_shape(inputs[0] if transposed else outputs[0]))
    return places * prod(_shape(inputs[1])[1:])


def _einsum(inputs: list[Value], outputs: list[Value]) -> int:
    equation = inputs[0].toIValue().replace(" ", "")
    shapes = [_shape(value) for value in inputs[1].node().inputs()]
    terms = equation.split("->")[0].split(",")
    if len(terms) > 2 or "." in equation:
        raise ValueError(f"no FLOPs formula for einsum {equation!r}; write it as products of two, without an ellipsis")
    sizes: dict[str, int] = {}
    for letter, size in zip("".join(terms), chain.from_iterable(shapes), strict=True):
        # a size of 1 is stretched to the other operand's
        sizes[letter] = max(size, sizes.get(letter, 1))
    kept = set(equation.split("->")[1]) if "->" in equation else {x for x in sizes if equation.count(x) == 1}
    shared = set(terms[0]) & set(terms[-1]) if len(terms) == 2 else set()
    # nothing to sum over in common: a product per element; a letter of one operand alone is summed before
    return prod(sizes[letter] for letter in kept | shared) if shared - kept else 0


HANDLES: dict[str, Handle] = {
    "aten::linear": _matrix_product(0),
    "aten::matmul": _matrix_product(0),
    "aten::mm": _matrix_product(0),
    "aten::bmm": _matrix_product(0),
    "aten::mv": _matrix_product(0),
    "aten::dot": _matrix_product(0),
    "aten::addmm": _matrix_product(1),
    "aten::addmv": _matrix_product(1),
    "aten::baddbmm": _matrix_product(1),
    "aten::baddbmm_": _matrix_product(1),
    "aten::einsum": _einsum,
    "aten::scaled_dot_product_attention": _attention,
    "aten::_convolution": _convolution,
    "aten::_convolution_mode": _convolution,
}
"""Operators that contract, with their formulas."""


MOST_NAMED = 5
"""Operators that a message names."""
LONGEST = 300
"""Characters of an error of the trace that are shown."""


def count_flops(module: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """Multiply-adds of `module(*inputs)`, in the module's present mode.

    Raises: ValueError if an operator runs that is neither in `HANDLES` nor in `NEGLIGIBLE`, or the module cannot be
        traced.
    """
    check_shapes_known(module)
    analysis = _StrictAnalysis(module, inputs).clear_op_handles().set_op_handle(**HANDLES)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    with measuring():
        try:
            total = sum(analysis.by_operator().values())
        except RuntimeError as error:
            # PyTorch's message may hold the whole trace
            found = " ".join(str(error)[: 10 * LONGEST].split())[:LONGEST]
            raise ValueError(f"the operators of {type(module).__name__} cannot be traced: {found}") from None
    unknown = sorted(analysis.unsupported_ops())
    if unknown:
        names = ", ".join(map(repr, unknown[:MOST_NAMED])) + ", ..." * (len(unknown) > MOST_NAMED)
        raise ValueError(f"no FLOPs formula for operator {names}; add a handle or list it as negligible in flops.py")
    return int(total)


@dataclass(frozen=True)
class Flops:
    """Multiply-adds of one inference at the task's example inputs, or at another length."""

    length: Tokens | None = None
    """Tokens of the input; None: as many as the task's examples have. The cost's name then ends in it: `flops@1024`."""
    target_length: Tokens | None = None
    """Tokens of the output of a translation, where they are not as many: `flops@30-40`."""
    of: Part = "network"
    """`body` leaves out embeddings and the output layer, as HAT's figures do; the cost's name is then `body_flops`."""

    unit = "multiply-adds"
    measured = False

    def __post_init__(self) -> None:
        check(self)
        if self.target_length is not None and self.length is None:
            raise ValueError(f"target_length = {self.target_length} needs a length of the input beside it")

    @property
    def name(self) -> str:
        name = "flops" if self.of == "network" else "body_flops"
        lengths = "-".join(str(length) for length in (self.length, self.target_length) if length is not None)
        return f"{name}@{lengths}" if lengths else name

    def __call__(self, task: Task, architecture: Any) -> float:
        sized = task if self.length is None else task.at_length(self.length, self.target_length)
        return float(sum(piece_values(count_flops, sized, architecture, self.of)))


class _StrictAnalysis(JitModelAnalysis):  # type: ignore[misc]
    """fvcore's walk over a trace, in which nothing passes unless it is listed; control flow and calls do not."""

    def _should_ignore_node(self, node: Any) -> bool:
        return node.kind() in NEGLIGIBLE


def _shape(value: Value) -> list[int]:
    if not value.isCompleteTensor():
        raise ValueError(f"no FLOPs of an operator whose input {value.debugName()!r} has no shape in the trace")
    sizes = value.type().sizes()
    return [int(size) for size in sizes]
