import pytest

from nas.experiment.loading import load
from nas.tasks.wmt14_published import PUBLISHED


def test_costs_are_multiply_adds_and_their_kind_is_that_of_the_experiment() -> None:
    big = next(each for each in PUBLISHED if each.name.startswith("Transformer-big"))
    # 1024 wide, 4096 in the FFN, 6 layers on each side: our own count of it is 5.32 G and 176.16 M
    assert big.costs["body_flops"] == pytest.approx(5.32e9, rel=0.01)
    assert big.costs["body_parameters"] == pytest.approx(176.16e6, rel=0.01)


def test_only_experiments_of_the_papers_size_name_published_networks() -> None:
    carried = {name: load(f"experiments/wmt14.py:{name}").experiment for name in ("cpu", "multi30k", "gpu", "paper")}
    assert {name: bool(each.references) for name, each in carried.items()} == {
        "cpu": False,
        "multi30k": False,
        "gpu": True,
        "paper": True,
    }
    known = {cost.name for cost in carried["paper"].costs}
    assert all(set(each.costs) <= known and each.source and each.setting for each in PUBLISHED)
