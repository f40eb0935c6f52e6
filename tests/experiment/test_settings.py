"""Settings as JSON: which differ, and recorded ones in force again."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from nas.evaluators.bleu import Bleu
from nas.experiment.loading import load
from nas.experiment.settings import describe, differences, filled, lost, with_recorded


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.rate > 1:
            raise ValueError(f"rate = {self.rate} is more than 1")


@dataclass(frozen=True)
class Other:
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    inner: Inner | Other = Inner()
    names: tuple[str, ...] = ("a", "b")
    limits: dict[str, Any] = field(default_factory=dict)
    quality: Inner | None = None


def test_differences_name_the_path_and_of_groups_the_type() -> None:
    before, after = describe(Outer(limits={"flops": 12})), describe(Outer(Other(), limits={"flops": 13}))
    assert list(differences(before, after)) == ["inner: Inner there, Other asked", "limits.flops: 12 there, 13 asked"]


@pytest.mark.parametrize(
    "begun",
    [
        Outer(Inner(0.25, 7)),
        Outer(names=("a", "c")),
        Outer(names=("a", "b", "c")),
        Outer(limits={"flops": 3e6, "latency": "10..20"}),
        Outer(limits={}),
    ],
)
def test_recorded_settings_take_the_place_of_todays(begun: Outer) -> None:
    for today in (Outer(), Outer(Inner(0.75, 3), ("d",), {"flops": 1}, Inner())):
        held = with_recorded(today, describe(begun))
        assert held == begun
        assert lost(held, describe(begun)) == []


def test_settings_younger_than_the_record_stay_as_they_are() -> None:
    recorded = describe(Outer(Inner(0.25)))
    del recorded["names"], recorded["inner"]["steps"]
    assert with_recorded(Outer(Inner(0.75, 3), ("d",)), recorded) == Outer(Inner(0.25, 3), ("d",))
    assert filled(recorded, describe(Outer()))["names"] == ["a", "b"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"inner": describe(Other(0.25))}, "inner: Other recorded, Inner today"),
        ({"inner": describe(Inner()) | {"rate": 2}}, "inner.rate: 2 recorded, 0.5 today"),
        ({"limits": {"flops": describe(Inner())}}, "limits.flops: Inner recorded, None today"),
        ({"gone": 5}, "gone: 5 recorded, None today"),
        ({"quality": "<object object>"}, "quality: <object object> recorded, None today"),
        ({"names": 5}, r"names: 5 recorded, \['a', 'b'\] today"),
    ],
)
def test_a_record_without_a_place_today_is_left_out_and_said(changed: dict[str, Any], said: str) -> None:
    recorded = describe(Outer()) | changed
    held = with_recorded(Outer(), recorded)
    assert held == Outer()
    (line,) = lost(held, recorded)
    with pytest.raises(ValueError, match=f"^{said}$"):
        raise ValueError(line)


def test_objects_without_fields_are_compared_without_their_address() -> None:
    assert describe(Outer(limits={"flops": object()})) == describe(Outer(limits={"flops": object()}))
    # as a version before this wrote it
    recorded = describe(Outer()) | {"quality": "<nas_experiment_mine.Thing object at 0x7f0123>"}
    assert filled(recorded, describe(Outer()))["quality"] == "<Thing object>"


def test_an_experiment_goes_back_to_its_record(tiny: Any) -> None:
    begun = load("tiny.py").experiment
    today = replace(
        begun, evaluations=99, limits={}, test_quality=Bleu(), supernet=replace(begun.supernet, rule="sandwich")
    )
    assert with_recorded(today, describe(begun)) == begun
