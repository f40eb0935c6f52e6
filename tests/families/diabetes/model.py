"""The network: two hidden layers from measurements to one number."""

import torch
from torch import Tensor, nn

from tests.families.diabetes.space import Widths


class Regressor(nn.Module):
    """Measurements of patients, (N, features), to the progression of the disease, (N, 1)."""

    def __init__(self, architecture: Widths, *, features: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, architecture.first)
        self.second = nn.Linear(architecture.first, architecture.second)
        self.output = nn.Linear(architecture.second, 1)

    def forward(self, x_NF: Tensor) -> Tensor:
        found: Tensor = self.output(torch.relu(self.second(torch.relu(self.first(x_NF)))))
        return found
