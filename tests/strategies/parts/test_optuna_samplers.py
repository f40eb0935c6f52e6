"""Samplers of our own against Optuna's, and that nothing private of Optuna is used."""

import ast
from pathlib import Path

import cmaes
import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.samplers import QMCSampler

from nas.strategies.parts.optuna_samplers import CmaEs, Sobol
from nas.strategies.parts.optuna_study import quiet

NAS = Path(__file__).parents[3] / "nas"
SPACE = {
    "depth": IntDistribution(0, 2),
    "kind": CategoricalDistribution(("softmax", "linear", "lrpe")),
    "width": IntDistribution(0, 6),
}


def asked(sampler: optuna.samplers.BaseSampler, count: int) -> list[dict[str, object]]:
    """Parameters of new trials, after one from which Optuna's sampler takes the space."""
    with quiet():
        study = optuna.create_study(sampler=sampler)
        first = {"depth": 0, "kind": "softmax", "width": 3}
        study.add_trial(optuna.trial.create_trial(value=0.0, params=first, distributions=SPACE))
        return [study.ask(SPACE).params for _ in range(count)]


@pytest.mark.parametrize("seed", [0, 7])
def test_a_sequence_is_that_of_optunas_sampler_and_goes_on_anywhere(seed: int) -> None:
    with quiet():
        expected = asked(QMCSampler(seed=seed, scramble=True), 40)
    for start in (0, 13):
        sampler = Sobol(seed)
        sampler.continue_at(SPACE, start)
        assert asked(sampler, 40 - start) == expected[start:]


def test_cma_es_is_told_whole_generations_in_order() -> None:
    rng = np.random.default_rng(0)
    numbers = {name: each for name, each in SPACE.items() if isinstance(each, IntDistribution)}
    rows = [{name: int(rng.integers(each.high + 1)) for name, each in numbers.items()} for _ in range(15)]
    qualities = rng.random(15)
    with quiet():
        sampler = CmaEs(3)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for row, quality in zip(rows, qualities, strict=True):
            study.add_trial(optuna.trial.create_trial(value=quality, params=row, distributions=numbers))
        study.ask(numbers)
    expected = cmaes.CMA(np.full(2, 0.5), 1 / 6, bounds=np.tile([0.0, 1.0], (2, 1)), seed=0)
    told = [
        (np.array([(row["depth"] + 0.5) / 3, (row["width"] + 0.5) / 7]), -quality)
        for row, quality in zip(rows, qualities, strict=True)
    ]
    # of 15 trials two generations of 6 are whole
    assert expected.population_size == 6
    expected.tell(told[:6])
    expected.tell(told[6:12])
    assert sampler.optimizer is not None
    np.testing.assert_allclose(sampler.optimizer.mean, expected.mean)


def test_nothing_private_of_optuna_is_used() -> None:
    for path in NAS.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [each for each in modules if each.startswith("optuna") and "._" in each], path
        if any(each.startswith("optuna") for each in modules):
            foreign = [
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute)
                and node.attr.startswith("_")
                and not node.attr.endswith("__")
                and not (isinstance(node.value, ast.Name) and node.value.id == "self")
            ]
            assert foreign == [], f"{path}: {foreign}"
