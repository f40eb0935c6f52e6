"""LRPE attention: linear attention whose scores depend on relative positions alone.

The score of tokens s and t is (Lambda(s) P phi(q)).(Lambda(t) P phi(k)), P unitary and Lambda(s)^H Lambda(t) a function
of t - s. Such features can give negative weights, hence a norm over the joined heads in place of the denominator.

Source: Qin et al. 2023, arXiv:2307.09270; its defaults are rotation, householder, learned theta. Its image model turns
all channels by row and then by column, which sees row + column only (`axes="shared"`); here the axes share them out.
Shapes: B batch, H heads, N tokens, K head width, D = H*K.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from nas.models.attention.base import Site
from nas.models.attention.parts.bases import Basis, build_basis
from nas.models.attention.parts.cores import Axes, Core, Permuted, build_core
from nas.models.attention.parts.features import FeatureMap, features
from nas.models.attention.parts.linear_mixer import LinearKind, LinearMixer
from nas.models.attention.parts.positions import Extent, token_positions
from nas.models.attention.parts.precision import at_least_float32


@dataclass(frozen=True)
class Lrpe(LinearKind):
    """Weights depend on the distance between tokens along each axis of the grid.

    Raises: ValueError if settings contradict one another.
    """

    name = "lrpe"

    core: Core = "rotation"
    """Effect of a position: planar rotations of all channels, or of half of them; powers of one permutation; phases of
    single channels, which makes features twice as wide."""
    basis: Basis = "householder"
    """Change of channels before; `fourier` goes with `complex` only."""
    learn_theta: bool = True
    """Whether the frequencies learn; a permutation has none."""
    learn_reflection: bool = False
    """Whether the vector of `householder` learns."""
    axes: Axes = "split"
    """On a grid, whether each axis has its own channels, or all channels see the sum of the positions."""
    feature_map: FeatureMap = "elu_plus_one"
    across: bool = False
    """Whether it may stand between two sequences, with positions counted from the beginning of each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.basis == "fourier" and self.core != "complex":
            raise ValueError(f"{self.name}: basis fourier needs core complex, found {self.core}")
        if self.core == "permutation" and not self.learn_theta:
            raise ValueError(f"{self.name}: core permutation has no theta; leave learn_theta as it is")
        if self.learn_reflection and self.basis != "householder":
            raise ValueError(f"{self.name}: only basis householder has a reflection to learn, found {self.basis}")

    def build(self, num_heads: int, head_dim: int, site: Site) -> LinearMixer:
        if site.cross and not (self.across and len(site.grid) == 1):
            raise ValueError(
                f"{self.name} has no natural meaning between two sequences; across=True counts the positions of each "
                "from its beginning, on one axis"
            )
        return LrpeMixer(self, num_heads, head_dim, site)


class LrpeMixer(LinearMixer):
    """Sums of values, brought to scale by a norm."""

    normalised = False

    def __init__(self, kind: Lrpe, num_heads: int, head_dim: int, site: Site) -> None:
        super().__init__(site)
        self.feature_map = kind.feature_map
        axes = len(site.grid) if kind.axes == "split" else 1
        self.basis = build_basis(kind.basis, head_dim, kind.learn_reflection)
        self.core = build_core(kind.core, head_dim, axes, kind.learn_theta, kind.basis == "fourier", self._places(axes))
        self.norm = nn.LayerNorm(num_heads * head_dim)

    def features(self, x_BHNK: Tensor) -> Tensor:
        return features(self.feature_map, x_BHNK)

    def factors(self, first: int, last: int, extent: Extent, like: Tensor) -> tuple[Tensor, ...]:
        extra = self.site.class_tokens(last if extent.tokens is None else extent.tokens)
        if isinstance(self.core, Permuted) and len(self.site.grid) == 1 and last > self.core.places:
            raise ValueError(f"lrpe with core permutation is made for {self.core.places} tokens, found {last}")
        places_NA = token_positions(self.site.grid, first, last, extra, like.device)
        if self.site.cross and isinstance(extent.first, Tensor):
            # each sentence counts from its first word, wherever padding lies
            places_NA = (places_NA - extent.first[:, None, None, None]).clamp_min(0)
        return self.core.factors(places_NA, like)

    def place(self, x_BHNK: Tensor, factors: tuple[Tensor, ...]) -> Tensor:
        return self.core(self.basis(x_BHNK), *factors)  # type: ignore[no-any-return]

    def finish(self, mixed_BHNK: Tensor) -> Tensor:
        joined_BND = mixed_BHNK.transpose(1, 2).flatten(2)
        weight_D, bias_D = (at_least_float32(x).to(joined_BND.dtype) for x in (self.norm.weight, self.norm.bias))
        normed_BND = F.layer_norm(joined_BND, weight_D.shape, weight_D, bias_D, self.norm.eps)
        return normed_BND.view(*normed_BND.shape[:2], mixed_BHNK.shape[1], -1).transpose(1, 2)

    def _places(self, axes: int) -> int:
        """How many positions there are; on several axes a class token moves the grid on by one."""
        if len(self.site.grid) == 1:
            return self.site.grid[0]
        return (max if axes > 1 else sum)(self.site.grid) + 1
