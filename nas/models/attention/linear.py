"""Linear attention: a feature map in place of softmax, so that cost grows with N + M instead of N*M.

Source: Katharopoulos et al. 2020, arXiv:2006.16236, eq. 4-7.
"""

from dataclasses import dataclass

from torch import Tensor

from nas.models.attention.base import Site
from nas.models.attention.parts.features import FeatureMap, features
from nas.models.attention.parts.linear_mixer import LinearKind, LinearMixer


@dataclass(frozen=True)
class Linear(LinearKind):
    """Weights are phi(q).phi(k), divided by their sum over the keys; blind to positions."""

    name = "linear"

    feature_map: FeatureMap = "elu_plus_one"

    def build(self, num_heads: int, head_dim: int, site: Site) -> LinearMixer:
        return PlainLinearMixer(self.feature_map, site)


class PlainLinearMixer(LinearMixer):
    """Features alone."""

    def __init__(self, feature_map: FeatureMap, site: Site) -> None:
        super().__init__(site)
        self.feature_map = feature_map

    def features(self, x_BHNK: Tensor) -> Tensor:
        return features(self.feature_map, x_BHNK)
