"""The contract of an attention kind, and the one place where a kind is looked up.

All kinds of a layer share the projections of queries, keys, values and outputs; a kind owns its mixing and its own
small parameters. A kind is one file of this folder, named as the kind, that defines one subclass of `AttentionKind`.
Shapes: B batch, H heads, N queries, M keys, K head width.
"""

import ast
import importlib
import inspect
import math
import pkgutil
from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple

from torch import Tensor, nn

from nas.models.attention.parts.shapes import check_shapes, check_span
from nas.search_space.kind import Kind

Grid = tuple[int, ...]
"""Length of each axis of positions: (64,) for a text of up to 64 tokens, (8, 8) for an image of 8 x 8 patches."""

Span = int | Tensor
"""Tokens that a sequence may come to have: one number, or one for each sample, (B,)."""


@dataclass(frozen=True)
class Site:
    """Where in a network an attention layer stands.

    On several axes the tokens are all cells of the grid, row-major, after a class token if there is one more; of causal
    attention the first cells. On one axis the length is the longest that is meant; only kinds that need it hold to it.
    """

    grid: Grid
    causal: bool = False
    """Query n sees keys 0 to n only."""
    cross: bool = False
    """Keys and values come from another sequence than the queries."""
    copies: int = 1
    """How often the other sequence stands in the keys, one after another, as where several encoder layers are seen;
    each counts its positions from its own beginning."""

    def __post_init__(self) -> None:
        if not self.grid or any(size < 1 for size in self.grid):
            raise ValueError(f"a grid needs at least one axis, and axes of at least one token; found {self.grid}")
        if self.causal and self.cross:
            raise ValueError("attention to another sequence is not causal: all of its tokens are there")
        if self.copies < 1 or (self.copies > 1 and not self.cross):
            raise ValueError(f"only another sequence can stand several times in the keys; found copies = {self.copies}")

    @property
    def cells(self) -> int:
        return math.prod(self.grid)

    def class_tokens(self, length: int) -> int:
        """How many tokens stand before the grid: 0 or 1; on one axis the first token is a token as any.

        Raises: ValueError if so many tokens do not fit a grid of several axes.
        """
        if len(self.grid) == 1:
            return 0
        if self.causal:
            if length > self.cells:
                raise ValueError(f"the causal grid {self.grid} has {self.cells} tokens, found {length}")
            return 0
        if length not in (self.cells, self.cells + 1):
            raise ValueError(f"the grid {self.grid} needs {self.cells} or {self.cells + 1} tokens, found {length}")
        return length - self.cells


class State(NamedTuple):
    """The state of decoding after some tokens; a kind says what its tensors are, each with the batch first."""

    tensors: tuple[Tensor, ...]
    queries: int = 0
    """Queries that have been answered; of a sequence that sees itself, also the tokens in it."""
    span: Span | None = None
    room: int = 0
    """Tokens that may come, if the state is one that is stepped in place: a step may then write into the tensors of the
    state before, which nobody may go on from again."""
    factors: tuple[Tensor, ...] = ()
    """Factors of the positions of all tokens with room, if the kind prepares them; NK, or B1NK where samples differ."""

    def after(self, tensors: tuple[Tensor, ...], factors: tuple[Tensor, ...] = ()) -> "State":
        """The state after one more query."""
        return State(tensors, self.queries + 1, self.span, self.room, factors)

    def select(self, rows: Tensor) -> "State":
        """The state of these samples of the batch, in this order, as beam search needs it."""
        span = self.span[rows] if isinstance(self.span, Tensor) else self.span
        tensors = tuple(tensor.index_select(0, rows) for tensor in self.tensors)
        factors = tuple(x.index_select(0, rows) if x.dim() == 4 and len(x) > 1 else x for x in self.factors)
        return self._replace(tensors=tensors, span=span, factors=factors)


class Mixer(nn.Module):
    """Mixes values by the similarity of queries and keys: what a kind does in one layer."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site

    def forward(
        self,
        q_BHNK: Tensor,
        k_BHMK: Tensor,
        v_BHMK: Tensor,
        keep_BM: Tensor | None = None,
        span: Span | None = None,
    ) -> Tensor:
        """Mixed values, BHNK.

        Args:
            keep_BM: False where a key is padding; None keeps every key. A query without keys gets zeros, or what a
                kind's norm makes of them.
            span: Length that the sequence may reach, for kinds whose weights depend on it.

        Raises: ValueError if a shape does not fit the others or the site.
        """
        check_shapes(self.site, q_BHNK, k_BHMK, v_BHMK, keep_BM)
        check_span(span, q_BHNK.shape[0])
        return self.mix(q_BHNK, k_BHMK, v_BHMK, keep_BM, span)

    @abstractmethod
    def mix(self, q_BHNK: Tensor, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> Tensor:
        """The result of `forward`, for shapes that fit."""

    def remember(self, k_BHMK: Tensor, v_BHMK: Tensor, keep_BM: Tensor | None, span: Span | None) -> State:
        """The state that queries read of another sequence, whose keys and values are all there.

        Not needed, nor `recall`, of a kind that refuses to be built between two sequences.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it keeps of another sequence")

    def recall(self, state: State, q_BH1K: Tensor) -> tuple[Tensor, State]:
        """Mixed values of another sequence for the next query, BH1K, and the state after it."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it reads another sequence")

    @abstractmethod
    def advance(self, state: State, q_BH1K: Tensor, k_BH1K: Tensor, v_BH1K: Tensor) -> tuple[Tensor, State]:
        """Mixed values for the next token of a sequence that sees itself, BH1K, and the state with it.

        Before the first token a state has no tensors. `step` calls it on shapes that it has checked, decoding on those
        that it has made.
        """

    def start(
        self,
        k_BHMK: Tensor | None = None,
        v_BHMK: Tensor | None = None,
        keep_BM: Tensor | None = None,
        span: Span | None = None,
        room: int = 0,
    ) -> State:
        """The state before the first query.

        Args: as for `forward`; keys and values only of another sequence, all at once.
            room: Tokens that may come. If there are any, steps are in place and faster: go on from the newest state.

        Raises: ValueError if the site is neither causal nor of another sequence.
        """
        if self.site.cross:
            if k_BHMK is None or v_BHMK is None:
                raise ValueError("attention to another sequence starts with all of its keys and values, found none")
            check_shapes(self.site, k_BHMK[..., :1, :], k_BHMK, v_BHMK, keep_BM)
            check_span(span, len(k_BHMK))
            return self.remember(k_BHMK, v_BHMK, keep_BM, span)._replace(room=room)
        if not self.site.causal:
            raise ValueError("only causal attention and attention to another sequence can be computed step by step")
        if k_BHMK is not None or v_BHMK is not None or keep_BM is not None:
            raise ValueError(
                "a sequence that sees itself starts empty: keys and values come with each step, without a mask"
            )
        return State((), span=span, room=room)

    def step(
        self, state: State, q_BH1K: Tensor, k_BH1K: Tensor | None = None, v_BH1K: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Mixed values of the next query, BH1K, and the state after it; equal to that row of `forward`.

        Args:
            q_BH1K: Of another sequence also several queries that stand at the same place, as the hypotheses of a beam.
            k_BH1K: Key of the same token, and likewise its value; None in attention to another sequence.
        """
        if q_BH1K.shape[-2] != 1 and not self.site.cross:
            raise ValueError(f"a step takes one token, found {q_BH1K.shape[-2]}")
        if self.site.cross:
            if k_BH1K is not None or v_BH1K is not None:
                raise ValueError(
                    "a step of attention to another sequence takes a query alone; the keys are in the state"
                )
            return self.recall(state, q_BH1K)
        if k_BH1K is None or v_BH1K is None:
            raise ValueError("a step of a sequence that sees itself needs its token's key and value, found none")
        check_shapes(self.site, q_BH1K, k_BH1K, v_BH1K, None)
        return self.advance(state, q_BH1K, k_BH1K, v_BH1K)


class AttentionKind(Kind):
    """A kind and its settings, as a value for search spaces; a frozen dataclass whose fields all have defaults."""

    growth: ClassVar[Literal["linear", "quadratic"]]
    """How the FLOPs of mixing grow with the number of tokens."""

    @abstractmethod
    def build(self, num_heads: int, head_dim: int, site: Site) -> Mixer:
        """A fresh module. Raises: ValueError if the kind has no meaning at the site."""


def attention_kinds() -> tuple[str, ...]:
    """Names of all kinds: the files beside this one."""
    package = importlib.import_module("nas.models.attention")
    files = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg]
    return tuple(sorted(name for name in files if name != "base"))


# supernets read the same few texts thousands of times
@cache
def attention_kind(text: str) -> AttentionKind:
    """The kind that a text names: `lrpe`, `lrpe(core=complex)`, `fixation(of=linear(feature_map=relu))`.

    Raises: ValueError if there is no such kind or setting, or another text is the usual one for it.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        raise ValueError(f"attention {text!r} cannot be read; write a kind as name or name(setting=value)") from None
    kind = _kind_class(tree.id)() if isinstance(tree, ast.Name) else _from_syntax(tree)
    if not isinstance(kind, AttentionKind):
        raise ValueError(f"attention needs the name of a kind, found {text!r}")
    if str(kind) != text:
        raise ValueError(f"attention {text!r} is written {str(kind)!r}, so that equal networks have equal names")
    return kind


def grows_linearly(text: str) -> bool:
    """Whether the FLOPs of the kind that a text names grow linearly with the number of tokens.

    False of a text that names no attention kind, since a space may offer strings of its own.
    """
    with suppress(ValueError):
        return attention_kind(text).growth == "linear"
    return False


def build_attention(kind: str, num_heads: int, head_dim: int, site: Site) -> Mixer:
    """A fresh module of the kind that the text names.

    Raises: ValueError if there is no such kind, or it has no meaning at the site.
    """
    return attention_kind(kind).build(num_heads, head_dim, site)


def _from_syntax(node: ast.expr) -> Any:
    """The value of a constant, a name or a call: names of kinds are kinds, other names are words."""
    with suppress(ValueError):
        return ast.literal_eval(node)
    if isinstance(node, ast.Name):
        return _kind_class(node.id)() if node.id in attention_kinds() else node.id
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        kind = _kind_class(node.func.id)
        settings = {str(keyword.arg): _from_syntax(keyword.value) for keyword in node.keywords}
        known = list(inspect.signature(kind).parameters)
        unknown = sorted(set(settings) - set(known))
        if unknown:
            there = f"there are: {', '.join(known)}" if known else "it has none"
            raise ValueError(f"attention {kind.name} has no setting {unknown[0]!r}; {there}")
        return kind(**settings)
    raise ValueError(f"attention {ast.unparse(node)!r} cannot be read; write a kind as name or name(setting=value)")


@cache
def _kind_class(name: str) -> type[AttentionKind]:
    if name not in attention_kinds():
        raise ValueError(f"no attention kind {name!r}; there are: {', '.join(attention_kinds())}")
    module = importlib.import_module(f"nas.models.attention.{name}")
    kinds = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, AttentionKind) and value.__module__ == module.__name__
    ]
    if len(kinds) != 1 or kinds[0].name != name:
        raise ValueError(f"{module.__name__} needs to define one AttentionKind of name {name!r}, found {kinds}")
    return kinds[0]
