from nas.search.picture import HEIGHT, front_picture
from nas.strategies.base import Trial


def trial(cost: float, quality: float | None, violation: float = 0.0) -> Trial:
    return Trial(0, (cost, quality), {"flops": cost}, quality, violation, 1.0)


def lines(*trials: Trial) -> list[str]:
    return front_picture(trials, "flops", "accuracy").plain.splitlines()


def test_the_front_rises_to_the_right_between_the_ends() -> None:
    found = lines(trial(1e6, 0.5), trial(2e6, 0.7), trial(3e6, 0.9), trial(3e6, 0.5), trial(9e6, None, 2.0))
    head, *rows, foot = found
    assert head == "accuracy; front of 3 ●, 4 evaluated ·"
    assert len(rows) == HEIGHT
    marks = [(row, line.index("●")) for row, line in enumerate(rows) if "●" in line]
    assert [row for row, _ in marks] == [0, 4, HEIGHT - 1] or [row for row, _ in marks] == [0, 5, HEIGHT - 1]
    assert [column for _, column in marks] == sorted((column for _, column in marks), reverse=True)
    assert rows[0].startswith("    0.9 ")
    assert rows[-1].startswith("    0.5 ●")
    assert rows[-1].endswith("·")
    assert foot.split() == ["1.00", "M", "flops", "3.00", "M"]
    assert max(map(len, found)) <= 80


def test_one_network_or_none_is_drawn_too() -> None:
    assert lines() == ["no network evaluated yet"]
    assert lines(trial(1.0, None, 1.0)) == ["no network evaluated yet"]
    assert sum("●" in line for line in lines(trial(1e6, -3.2))[1:]) == 1
