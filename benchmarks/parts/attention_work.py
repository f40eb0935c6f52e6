"""What the attention benchmark times: kinds and what they are compared with, on tensors laid out as a block's.

Shapes: B batch, H heads, N tokens, M keys, K head width, V value width, D = H * K.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention import Mixer, Site, State, build_attention
from nas.models.attention.parts.causal import causal_product
from parts.timing import Bench, Work

HEADS, HEAD_DIM = 4, 64
LINEAR_KINDS = ("linear", "lrpe", "cosformer")
Mix = Callable[[Tensor, Tensor, Tensor], Tensor]


def mixer(bench: Bench, kind: str, length: int, causal: bool) -> Mixer:
    return build_attention(kind, HEADS, HEAD_DIM, Site((length,), causal=causal)).to(bench.device)


def softmax(causal: bool) -> Mix:
    """PyTorch's own function, bare."""
    return lambda q_BHNK, k_BHMK, v_BHMK: F.scaled_dot_product_attention(q_BHNK, k_BHMK, v_BHMK, is_causal=causal)


def two_products(q_BHNK: Tensor, k_BHMK: Tensor, v_BHMV: Tensor) -> Tensor:
    """The least that non-causal linear attention can do: no features, no positions, no normaliser."""
    sums_BHKV = torch.einsum("bhmk,bhmv->bhkv", k_BHMK, v_BHMV)
    return torch.einsum("bhnk,bhkv->bhnv", q_BHNK, sums_BHKV)


def textbook(q_BHNK: Tensor, k_BHMK: Tensor, v_BHMV: Tensor) -> Tensor:
    """Linear attention as its formula is usually typed in."""
    q_BHNK, k_BHMK = F.elu(q_BHNK) + 1, F.elu(k_BHMK) + 1
    total_BHN = torch.einsum("bhnk,bhk->bhn", q_BHNK, k_BHMK.sum(-2))
    return two_products(q_BHNK, k_BHMK, v_BHMV) / total_BHN.unsqueeze(-1)


@dataclass(frozen=True)
class Training:
    """Forward and backward, to queries, keys, values and the kind's own parameters."""

    mix: Mix
    x_BNHK: tuple[Tensor, ...]
    grad_BND: Tensor

    def __call__(self) -> object:
        parameters = self.mix.parameters() if isinstance(self.mix, nn.Module) else ()
        return torch.autograd.grad(_mixed(self.mix, self.x_BNHK), (*self.x_BNHK, *parameters), self.grad_BND)


def training(bench: Bench, mix: Mix, length: int, batch: int = 1) -> Training:
    x_BNHK = tuple(_noise(bench, batch, length, HEADS, HEAD_DIM).requires_grad_() for _ in range(3))
    return Training(mix, x_BNHK, _noise(bench, batch, length, HEADS * HEAD_DIM))


def inference(bench: Bench, mix: Mix, length: int) -> Work:
    """Forward alone, with nothing kept for a backward pass."""
    x_BNHK = tuple(_noise(bench, 1, length, HEADS, HEAD_DIM) for _ in range(3))
    return torch.no_grad()(lambda: _mixed(mix, x_BNHK))


def _mixed(mix: Mix, x_BNHK: tuple[Tensor, ...]) -> Tensor:
    q_BHNK, k_BHMK, v_BHMK = (x.transpose(1, 2) for x in x_BNHK)
    return mix(q_BHNK, k_BHMK, v_BHMK).transpose(1, 2).flatten(2)


@torch.no_grad()
def decoded(bench: Bench, kind: str, tokens: int, longest: int) -> tuple[Work, int]:
    """One step of decoding after so many tokens, and the bytes of the state before it."""
    attention = mixer(bench, kind, longest, causal=True)
    state: State = attention.start()
    for _ in range(tokens):
        _, state = attention.step(state, *_token(bench))
    storages = {x.untyped_storage()._cdata: x.untyped_storage().nbytes() for x in state.tensors}
    token = _token(bench)
    return torch.no_grad()(lambda: attention.step(state, *token)), sum(storages.values())


def chunked(bench: Bench, width: int, chunk: int, length: int) -> Work:
    """Forward and backward of the causal product alone, of so many features, in chunks of so many tokens."""
    q_BHNF, k_BHNF = (_noise(bench, 1, HEADS, length, width).float().abs().requires_grad_() for _ in range(2))
    v_BNHV = _noise(bench, 1, length, HEADS, HEAD_DIM).float().requires_grad_()
    grad_BHNV = _noise(bench, 1, HEADS, length, HEAD_DIM).float()

    def step() -> object:
        mixed_BHNV = causal_product(q_BHNF, k_BHNF, v_BNHV.transpose(1, 2), normalised=True, chunk=chunk)
        return torch.autograd.grad(mixed_BHNV, (q_BHNF, k_BHNF, v_BNHV), grad_BHNV)

    return step


def _token(bench: Bench) -> list[Tensor]:
    return [_noise(bench, 1, HEADS, 1, HEAD_DIM) for _ in range(3)]


def _noise(bench: Bench, *shape: int) -> Tensor:
    return torch.randn(shape, device=bench.device, dtype=bench.dtype)
