"""Every attention kind a second time: slow, in float64, with weights as an N x M matrix from each token's formula.

Sources: as in the files of the kinds.
Shapes: B batch, H heads, N queries, M keys, K head width, F features, J angles, A axes of the grid.
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nas.models.attention import AttentionKind, Cosformer, Fixation, Lrpe, Mixer, Site, SoftmaxRelative
from nas.models.attention.parts.linear_mixer import LinearKind

EPS = 1e-6


@dataclass(frozen=True)
class Call:
    """What a mixer is called with."""

    site: Site
    q: Tensor
    k: Tensor
    v: Tensor
    keep: Tensor | None = None
    span: int | Tensor | None = None

    def seen(self) -> Tensor:
        """One where a query sees a key, else zero; B1NM."""
        shape = (self.q.shape[0], 1, self.q.shape[2], self.k.shape[2])
        seen = self.q.new_ones(shape) if self.keep is None else self.keep.to(self.q.dtype)[:, None, None].expand(shape)
        return seen.tril() if self.site.causal else seen


def twin(kind: AttentionKind, mixer: Mixer, call: Call) -> Tensor:
    """What the mixer of the kind must return; for queries that are padding, anything."""
    return TWINS[kind.name](kind, mixer, call)


def softmax_twin(kind: AttentionKind, mixer: Mixer, call: Call) -> Tensor:
    return softmax_mean(call.q @ call.k.mT, call)


def softmax_relative_twin(kind: SoftmaxRelative, mixer: Mixer, call: Call) -> Tensor:
    """Every pair of tokens looks its own vector up, of each axis."""
    length = call.q.shape[2]
    places_NA, extra = places(call.site, length)
    relative = call.q.new_zeros(length, length, call.q.shape[3])
    for axis, column in enumerate(places_NA[extra:].mT):
        distance = (column - column[:, None]).clamp(-kind.clip, kind.clip)
        relative[extra:, extra:] += mixer.relative[axis][distance.long() + kind.clip]
    return softmax_mean(call.q @ call.k.mT + torch.einsum("bhnk,nmk->bhnm", call.q, relative), call)


def softmax_mean(products: Tensor, call: Call) -> Tensor:
    scores = products / math.sqrt(call.q.shape[-1])
    weights = (scores - scores.detach().amax(-1, keepdim=True)).exp() * call.seen()
    # a query that sees nothing gets zeros
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-300) @ call.v


def linear_twin(kind: LinearKind, mixer: Mixer, call: Call) -> Tensor:
    return linear_mix(kind, mixer, call, phi(kind, call.q), phi(kind, call.k), call.v)


def fixation_twin(kind: Fixation, mixer: Mixer, call: Call) -> Tensor:
    k, v = call.k, call.v
    if kind.shift != "none":
        kept = 1 if call.keep is None else call.keep.to(k.dtype)[:, None, :, None]
        k, v = (shifted(x * kept, kind.shift, kind.fold, call.site) for x in (k, v))
    q, k = phi(kind.of, call.q), phi(kind.of, k)
    gates = [mixer.gate, mixer.gate if kind.gate == "shared" else mixer.key_gate]
    query_gate, key_gate = (
        1 / (1 + torch.exp(-(q @ gate.q.weight.mT + k @ gate.k.weight.mT + v @ gate.v.weight.mT + gate.q.bias)))
        for gate in gates
    )
    return linear_mix(kind.of, mixer.of, call, query_gate * q, key_gate * k, v)


def linear_mix(kind: LinearKind, mixer: Mixer, call: Call, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Values with the weights of a kind without gates, and the kind's ending."""
    if isinstance(kind, Lrpe):
        mixed = lrpe_scores(kind, mixer, call, q, k) * call.seen() @ v
        joined = torch.cat(mixed.unbind(1), -1)
        centred = joined - joined.mean(-1, keepdim=True)
        normed = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return torch.stack((normed * mixer.norm.weight + mixer.norm.bias).split(v.shape[-1], -1), 1)
    weights = (cosformer_weights(kind, call, q, k) if isinstance(kind, Cosformer) else q @ k.mT) * call.seen()
    return weights / weights.sum(-1, keepdim=True).clamp_min(EPS) @ v


def phi(kind: LinearKind, x: Tensor) -> Tensor:
    zero = torch.zeros_like(x)
    return {
        "elu_plus_one": torch.where(x > 0, x + 1, x.exp()),
        "relu": torch.where(x > 0, x, zero),
        "relu_shifted": torch.where(x > 0, x, zero) + 1 / math.sqrt(x.shape[-1]),
        "squared_relu": torch.where(x > 0, x * x, zero),
        "softplus": torch.log(1 + x.exp()),
    }["relu" if isinstance(kind, Cosformer) else kind.feature_map]


def axis_ranges(site: Site, length: int) -> list[range]:
    return [range(length)] if len(site.grid) == 1 else [range(size) for size in site.grid]


def places(site: Site, length: int) -> tuple[Tensor, int]:
    """The place of every token on every axis, NA, and the number of class tokens."""
    cells = list(itertools.product(*axis_ranges(site, length)))
    if length <= len(cells):
        return torch.tensor(cells[:length], dtype=torch.float64), 0
    moved = [[0] * len(site.grid), *([place + 1 for place in cell] for cell in cells)]
    return torch.tensor(moved, dtype=torch.float64), 1


def cosformer_weights(kind: Cosformer, call: Call, q: Tensor, k: Tensor) -> Tensor:
    """relu(q).relu(k) cos(pi/2 (i - j)/R), each axis with the channels that are its own."""
    samples = []
    for sample in range(len(q)):
        distances = cosformer_distances(kind, call, sample)
        axes = len(distances)
        samples.append(
            sum(
                q[sample, ..., axis::axes] @ k[sample, ..., axis::axes].mT * torch.cos(math.pi / 2 * distances[axis])
                for axis in range(axes)
            )
        )
    return torch.stack(samples)


def cosformer_distances(kind: Cosformer, call: Call, sample: int) -> list[Tensor]:
    """(i - j)/R of each axis, NM."""
    queries, keys = call.q.shape[2], call.k.shape[2]
    if len(call.site.grid) > 1 and kind.axes == "split":
        cells, extra = places(call.site, keys)
        return [
            (column[:, None] - column) / (size + extra) for column, size in zip(cells.mT, call.site.grid, strict=True)
        ]
    kept = kept_keys(call, sample)
    length = kept[-1] - kept[0] + 1
    reach = call.site.cells if call.site.causal else max(queries, length) if call.site.cross else length
    if call.span is not None:
        reach = int(call.span) if isinstance(call.span, int) else int(call.span[sample])
    i = torch.arange(queries, dtype=torch.float64) - (0 if call.site.cross else kept[0])
    j = torch.arange(keys, dtype=torch.float64) - kept[0]
    return [(i[:, None] - j) / reach]


def kept_keys(call: Call, sample: int) -> list[int]:
    """The keys that are not padding; all, if none is kept, where no weight counts."""
    keys = range(call.k.shape[2])
    return [key for key in keys if call.keep is None or call.keep[sample, key]] or list(keys)


def lrpe_scores(kind: Lrpe, mixer: Mixer, call: Call, q: Tensor, k: Tensor) -> Tensor:
    """Real part of (Lambda(s) P q)^H (Lambda(t) P k), with a matrix for each token."""
    batch, _, keys, head_dim = k.shape
    of_queries = lrpe_matrices(kind, mixer, places(call.site, q.shape[2])[0], head_dim)
    # of two sequences, each counts from its beginning
    begins = [kept_keys(call, sample)[0] if call.site.cross else 0 for sample in range(batch)]
    key_places = torch.cat([places(call.site, keys)[0] - begin for begin in begins])
    of_keys = lrpe_matrices(kind, mixer, key_places, head_dim).unflatten(0, (batch, keys))
    placed_q = torch.einsum("nfk,bhnk->bhnf", of_queries, q.to(torch.complex128))
    placed_k = torch.einsum("bmfk,bhmk->bhmf", of_keys, k.to(torch.complex128))
    return (placed_q.conj() @ placed_k.mT).real


def lrpe_matrices(kind: Lrpe, mixer: Mixer, places_NA: Tensor, head_dim: int) -> Tensor:
    """Lambda(s) P of every token, complex."""
    reach = places_NA if kind.axes == "split" else places_NA.sum(-1, keepdim=True)
    core = permutations(mixer, reach, head_dim) if kind.core == "permutation" else turns(kind, mixer, reach, head_dim)
    return core.to(torch.complex128) @ basis_matrix(kind, mixer, head_dim).to(torch.complex128)


def turns(kind: Lrpe, mixer: Mixer, reach_NA: Tensor, head_dim: int) -> Tensor:
    """Angle j is theta_j times the place on axis j mod A."""
    axes = reach_NA.shape[1]
    turning = head_dim // 2 if kind.core == "mixed" else head_dim
    count = turning if kind.core == "complex" else turning // 2
    theta = mixer.core.angles.theta
    if theta is None:
        theta = [10_000 ** (-2 * axes * (j // axes) / turning) for j in range(count)]
    angles = [reach_NA[:, j % axes] * theta[j] for j in range(count)]
    if kind.core == "complex":
        return torch.diag_embed(torch.polar(torch.ones_like(reach_NA[:, :1]), torch.stack(angles, -1)))
    matrices = torch.eye(head_dim, dtype=torch.float64).repeat(len(reach_NA), 1, 1)
    for j, angle in enumerate(angles):
        matrices[:, 2 * j, 2 * j], matrices[:, 2 * j, 2 * j + 1] = angle.cos(), -angle.sin()
        matrices[:, 2 * j + 1, 2 * j], matrices[:, 2 * j + 1, 2 * j + 1] = angle.sin(), angle.cos()
    return matrices


def permutations(mixer: Mixer, reach_NA: Tensor, head_dim: int) -> Tensor:
    """Powers of the matrices by which one place on each axis moves the channels."""
    axes = reach_NA.shape[1]
    identity = torch.eye(head_dim, dtype=torch.float64)
    steps = [
        mixer.core(identity[None, None], *mixer.core.factors(place[None], identity))[0, 0].mT
        for place in torch.eye(axes, dtype=torch.int64)
    ]
    powers = [
        [torch.matrix_power(step, int(place)) for step, place in zip(steps, token, strict=True)] for token in reach_NA
    ]
    return torch.stack([torch.linalg.multi_dot([identity, identity, *of_axes]) for of_axes in powers])


def basis_matrix(kind: Lrpe, mixer: Mixer, head_dim: int) -> Tensor:
    row = torch.arange(head_dim, dtype=torch.float64)
    identity = torch.eye(head_dim, dtype=torch.float64)
    if kind.basis == "householder":
        unit = mixer.basis.v / mixer.basis.v.square().sum().sqrt()
        return identity - 2 * torch.outer(unit, unit)
    if kind.basis == "dct":
        matrix = math.sqrt(2 / head_dim) * torch.cos(math.pi / head_dim * row[:, None] * (row + 0.5))
        return torch.cat((matrix[:1] / math.sqrt(2), matrix[1:]))
    if kind.basis == "fourier":
        return torch.exp(-2j * math.pi / head_dim * row[:, None] * row) / math.sqrt(head_dim)
    if kind.basis == "odd_even":
        return identity[[*range(0, head_dim, 2), *range(1, head_dim, 2)]]
    return identity


def shifted(x: Tensor, shift: str, fold: int, site: Site) -> Tensor:
    """Every channel of every cell from the cell that it is to come from; zero where there is none."""
    length, head_dim = x.shape[2:]
    extra = places(site, length)[1]
    number = {cell: extra + n for n, cell in enumerate(itertools.product(*axis_ranges(site, length - extra)))}
    # what stands at `length` is zero
    source = torch.arange(length)[:, None].repeat(1, head_dim)
    for cell, token in number.items():
        for channel in range(head_dim):
            step = temporal_step(channel, head_dim, fold) if shift == "temporal" else spatial_step(channel, head_dim)
            # frames are the first axis, rows and columns the last two
            step = (*step, *[0] * (len(cell) - 1)) if shift == "temporal" else (*[0] * (len(cell) - 2), *step)
            source[token, channel] = number.get(tuple(p + s for p, s in zip(cell, step, strict=True)), length)
    padded = torch.cat((x, torch.zeros_like(x[:, :, :1])), 2)
    return padded[:, :, source, torch.arange(head_dim)]


def temporal_step(channel: int, head_dim: int, fold: int) -> tuple[int]:
    part = channel // (head_dim // fold)
    return ({0: 1, 1: -1}.get(part, 0),)


def spatial_step(channel: int, head_dim: int) -> tuple[int, int]:
    around = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
    part = channel // (head_dim // 16)
    return around[part] if part < 8 else (0, 0)


TWINS = {
    "softmax": softmax_twin,
    "softmax_relative": softmax_relative_twin,
    "linear": linear_twin,
    "cosformer": linear_twin,
    "lrpe": linear_twin,
    "fixation": fixation_twin,
}
