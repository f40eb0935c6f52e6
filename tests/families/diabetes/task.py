"""Diabetes of scikit-learn: ten measurements of each of 442 patients, and how far the disease was a year later."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import Tensor, nn

from nas.tasks.base import Batch, EvalSplit, Task
from tests.families.diabetes.model import Regressor
from tests.families.diabetes.row import FAMILY

FEATURES = 10
ROWS = {"train": slice(0, 262), "search": slice(262, 322), "select": slice(322, 382), "test": slice(382, 442)}
"""Rows of each split, of patients in random order."""


@dataclass(frozen=True)
class Diabetes(Task):
    """Numbers to a number; inputs and targets have mean 0 and standard deviation 1 over all patients."""

    name = "diabetes"

    def build(self, architecture: Any) -> nn.Module:
        return Regressor(architecture, features=FEATURES)

    def family(self) -> tuple[str, dict[str, Any]]:
        return FAMILY.name, {"features": FEATURES}

    def prepare(self) -> str:
        return f"diabetes of scikit-learn: {len(_patients()[0])} patients"

    def train_batch(self, step: int, batch_size: int, seed: int) -> Batch:
        rows = np.random.default_rng([seed, step]).choice(ROWS["train"].stop, batch_size, replace=False)
        inputs_NF, targets_N1 = _patients()
        return Batch((inputs_NF[rows],), targets_N1[rows])

    def batches(self, split: EvalSplit, batch_size: int) -> Iterator[Batch]:
        inputs, targets = (part[ROWS[split]].split(batch_size) for part in _patients())
        for inputs_NF, targets_N1 in zip(inputs, targets, strict=True):
            yield Batch((inputs_NF,), targets_N1)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().mean()

    def distillation(self, outputs: Tensor, teacher: Tensor, targets: Tensor) -> Tensor:
        return (outputs - teacher).square().mean()

    def example_inputs(self) -> tuple[Tensor, ...]:
        return (torch.zeros(1, FEATURES),)

    def cost_setting(self) -> str:
        return f"{FEATURES} measurements"

    def preprocessing(self) -> dict[str, Any]:
        """Mean and standard deviation of each measurement, and of the target."""
        raw_NF, targets_N = load_diabetes(return_X_y=True, scaled=False)
        target = {"target_mean": float(targets_N.mean()), "target_std": float(targets_N.std())}
        return {"mean": raw_NF.mean(0).tolist(), "std": raw_NF.std(0).tolist(), **target}


@dataclass(frozen=True)
class R2:
    """The share of the targets' variance that the outputs explain."""

    name = "r2"
    unit = "R2"

    def __call__(self, task: Task, model: nn.Module, split: EvalSplit) -> float:
        model.eval()
        device = next(model.parameters()).device
        with torch.no_grad():
            found = [(model(*batch.to(device).inputs).cpu(), batch.targets) for batch in task.batches(split, 100)]
        outputs, targets = (torch.cat(parts) for parts in zip(*found, strict=True))
        return 1 - float((outputs - targets).square().sum() / (targets - targets.mean()).square().sum())


@cache
def _patients() -> tuple[Tensor, Tensor]:
    raw_NF, targets_N = load_diabetes(return_X_y=True, scaled=False)
    order = np.random.default_rng(0).permutation(len(raw_NF))
    inputs_NF = (raw_NF - raw_NF.mean(0)) / raw_NF.std(0)
    targets_N1 = (targets_N[:, None] - targets_N.mean()) / targets_N.std()
    return torch.from_numpy(inputs_NF[order]).float(), torch.from_numpy(targets_N1[order]).float()
